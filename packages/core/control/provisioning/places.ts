import { unavailable } from "../../kernel/errors.ts";
import { type DatabaseHosts, type DatabaseProvider, databaseProviders } from "../../ports/database-hosts.ts";
import type { Plan } from "../plans/plans.ts";
import type { ControlScope } from "../scope.ts";

/** Where the database of a new pharmacy is made. */
export interface Place {
  readonly provider: DatabaseProvider;
  /** In the provider's words. */
  readonly region: string;
  /** In the provider's words. */
  readonly size: string;
}

/** A place for each plan. */
export type Places = Readonly<Record<Plan["code"], Place>>;

/** The providers that this process has the settings of. */
export type ConfiguredHosts = Readonly<Partial<Record<DatabaseProvider, DatabaseHosts>>>;

const UNCONFIGURED_RETRY_SECONDS = 60;

/** The place of the tenant's plan. For a new database only: where one is stands in its record. */
export async function placeOf(control: ControlScope, places: Places, tenantId: string): Promise<Place> {
  const { code } = await control.db
    .selectFrom("tenantSubscriptions")
    .innerJoin("subscriptionPlans", "subscriptionPlans.id", "tenantSubscriptions.planId")
    .select("subscriptionPlans.code")
    .where("tenantSubscriptions.tenantId", "=", tenantId)
    .executeTakeFirstOrThrow();
  return places[code];
}

/** @throws DomainError `unavailable` when it is not configured here: another one is never taken in its place */
export function hostsOf(hosts: ConfiguredHosts, provider: DatabaseProvider): DatabaseHosts {
  const found = hosts[provider];
  if (found !== undefined) return found;
  const why = `The database provider ${provider} is not configured here: configure it, then go on.`;
  throw unavailable(why, UNCONFIGURED_RETRY_SECONDS);
}

export function configuredHosts(
  hosts: ConfiguredHosts,
): readonly { readonly provider: DatabaseProvider; readonly hosts: DatabaseHosts }[] {
  return databaseProviders.flatMap((provider) => {
    const found = hosts[provider];
    return found === undefined ? [] : [{ provider, hosts: found }];
  });
}
