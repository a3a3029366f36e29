export { list, type OpenFinding } from "./listing.ts";
export * as Reconciliation from "./reconciliation.ts";
export { repair } from "./repairing.ts";

import * as z from "zod";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import type { SubscriptionSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import type { ControlScope } from "../scope.ts";
import { TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import { compare } from "./comparing.ts";

/**
 * The daily comparison of what we know with what the payment provider says, in both directions: first each of its
 * subscriptions is looked for among the tenants, then each tenant is looked up there, then databases that nobody pays for
 * are looked for. What can be mended is, and noted; the rest waits for an operator.
 */

const phases = ["provider", "tenants", "databases"] as const;
type Phase = (typeof phases)[number];

/** One message's part of a run. */
export const partSchema = z.object({
  /** The day, as `2026-11-24`: a run is begun once a day, however often it is asked for. */
  run: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  phase: z.enum(phases),
  /** Where the part begins; blank: at the beginning. */
  cursor: z.string(),
});
export type Part = z.infer<typeof partSchema>;

/** Each takes two questions to the provider, and a worker has a minute. */
const TENANTS_A_PART = 10;
/** A pharmacy that comes back within this time finds its records; then its database costs for nothing. */
const UNPAID_DAYS = 30;
const DATABASES_A_PART = 200;

/** Begins the run of today, unless it was begun. */
export async function begin(control: ControlScope): Promise<void> {
  const run = control.clock.now().toISOString().slice(0, 10);
  await control.tx((tx) => emit(tx, { run, phase: "provider", cursor: "" }));
}

/**
 * Does one part of a run and asks for the next one. A part that comes again does no harm.
 * @throws DomainError `unavailable` when the provider does not answer: the part has to come again
 */
export async function step(control: ControlScope, provider: Subscriptions, part: Part): Promise<void> {
  const next = await ofPhase[part.phase](control, provider, part);
  if (next !== undefined) await control.tx((tx) => emit(tx, next));
}

const ofPhase: Readonly<
  Record<Phase, (control: ControlScope, provider: Subscriptions, part: Part) => Promise<Part | undefined>>
> = { provider: lookForTenants, tenants: lookAtProvider, databases: lookForUnpaid };

async function emit(tx: ControlScope, { run, phase, cursor }: Part): Promise<void> {
  await tx.emit({
    queue: "billing",
    payload: { work: "reconcile", run, phase, cursor },
    dedupeKey: `reconcile:${run}:${phase}:${cursor}`,
  });
}

async function lookForTenants(control: ControlScope, provider: Subscriptions, part: Part): Promise<Part> {
  const { found, next } = await provider.list(part.cursor === "" ? undefined : part.cursor);
  const customers = new Set(found.filter(isPaid).map(({ customerId }) => customerId));
  const known = await customersOfTenants(control, [...customers]);
  for (const customerId of customers) {
    // A customer of nobody, and one whose pharmacy is closed: the look says which it is.
    if (!known.has(customerId)) await TenantSubscriptions.convergeCustomer(control, provider, customerId);
  }
  return next === undefined ? { ...part, phase: "tenants", cursor: "" } : { ...part, cursor: next };
}

const isPaid = ({ status }: SubscriptionSnapshot): boolean => status === "active" || status === "past_due";

async function customersOfTenants(control: ControlScope, customerIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (customerIds.length === 0) return new Set();
  const rows = await control.db
    .selectFrom("tenantSubscriptions")
    .innerJoin("tenants", "tenants.id", "tenantSubscriptions.tenantId")
    .select("stripeCustomerId")
    .where("stripeCustomerId", "in", customerIds)
    .where("tenants.state", "<>", "closed")
    .execute();
  return new Set(rows.flatMap(({ stripeCustomerId }) => stripeCustomerId ?? []));
}

async function lookAtProvider(control: ControlScope, provider: Subscriptions, part: Part): Promise<Part> {
  const rows = await control.db
    .selectFrom("tenantSubscriptions")
    .innerJoin("tenants", "tenants.id", "tenantSubscriptions.tenantId")
    .select("tenants.id")
    .where("tenants.state", "not in", ["provisioning", "provisioning_failed", "closed"])
    .$if(part.cursor !== "", (query) => query.where("tenants.id", ">", part.cursor))
    .orderBy("tenants.id")
    .limit(TENANTS_A_PART)
    .execute();
  for (const { id } of rows) await compareApart(control, provider, id);
  const last = rows.length < TENANTS_A_PART ? undefined : rows.at(-1);
  return last === undefined ? { ...part, phase: "databases", cursor: "" } : { ...part, cursor: last.id };
}

/** One that cannot be compared keeps nobody behind it waiting. @throws DomainError `unavailable`: nobody can be now */
async function compareApart(control: ControlScope, provider: Subscriptions, tenantId: string): Promise<void> {
  try {
    await compare(control, provider, tenantId);
  } catch (error) {
    if (error instanceof DomainError && error.code === "unavailable") throw error;
    control.log.error("a tenant was not compared with the payment provider", error, { tenantId });
  }
}

async function lookForUnpaid(control: ControlScope, _: Subscriptions, part: Part): Promise<Part | undefined> {
  const before = secondsAfter(control.clock.now(), -UNPAID_DAYS * DAY_SECONDS);
  const rows = await control.db
    .selectFrom("tenants")
    .innerJoin("tenantSubscriptions", "tenantSubscriptions.tenantId", "tenants.id")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .select((select) => [
      "tenants.id",
      "tenantDatabases.provider",
      "tenantDatabases.projectRef",
      select.fn.coalesce("tenantSubscriptions.endedAt", "tenants.trialEndsAt").as("endedAt"),
    ])
    .where("tenants.state", "=", "suspended")
    .where("tenantDatabases.projectRef", "is not", null)
    .where((where) => where(where.fn.coalesce("tenantSubscriptions.endedAt", "tenants.trialEndsAt"), "<", before))
    .$if(part.cursor !== "", (query) => query.where("tenants.id", ">", part.cursor))
    .orderBy("tenants.id")
    .limit(DATABASES_A_PART)
    .execute();
  for (const { id, provider, projectRef, endedAt } of rows) {
    await TenantSubscriptions.noteFinding(control, {
      kind: "database_without_subscription",
      subject: id,
      tenantId: id,
      details: { provider, projectRef, endedAt: endedAt?.toISOString() ?? null },
    });
  }
  const last = rows.length < DATABASES_A_PART ? undefined : rows.at(-1);
  return last === undefined ? undefined : { ...part, cursor: last.id };
}
