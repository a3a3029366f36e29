import { type Selectable, sql } from "kysely";
import type { Standing } from "../lifecycle/lifecycle.ts";
import type { ControlScope } from "../scope.ts";
import type { TenantSubscriptionsTable } from "../tables.generated.ts";

/** Longer than a transaction may take. */
const HELD_IDLE_MS = 25_000;

export type SubscriptionRow = Selectable<TenantSubscriptionsTable>;

/** A tenant whose subscription row this transaction has locked: nobody else changes what it pays or may do. */
export interface Held {
  readonly subscription: SubscriptionRow;
  readonly tenant: {
    readonly id: string;
    readonly state: Standing["state"];
    readonly timeZone: string;
    readonly trialEndsAt: Date | null;
    readonly pastDueSince: Date | null;
    readonly graceEndsAt: Date | null;
    readonly accessEndsAt: Date | null;
    readonly suspension: Standing["suspension"];
    readonly nextChangeAt: Date | null;
    readonly billingCurrency: string | null;
  };
}

/**
 * Locks the tenant's subscription row, then reads its tenant. Whoever changes either for the sake of money begins here,
 * so that one look at the provider is written before the next one is made.
 * @param whenHeld what to do when somebody else holds it
 * @returns undefined for an unknown tenant, and for one that is held and was not to be waited for
 */
export async function hold(
  tx: ControlScope,
  tenantId: string,
  whenHeld: "wait" | "skip" = "wait",
): Promise<Held | undefined> {
  // Whoever holds it asks the provider meanwhile. A process that is frozen then, as Lambda does after its answer, must not
  // keep the row from everybody: its own timers are frozen too.
  await sql`set local idle_in_transaction_session_timeout = ${sql.lit(HELD_IDLE_MS)}`.execute(tx.db);
  const locked = tx.db
    .selectFrom("tenantSubscriptions")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .forUpdate()
    .$if(whenHeld === "skip", (query) => query.skipLocked());
  const subscription = await locked.executeTakeFirst();
  if (subscription === undefined) return undefined;
  const tenant = await tx.db
    .selectFrom("tenants")
    .select([
      "id",
      "state",
      "timeZone",
      "trialEndsAt",
      "pastDueSince",
      "graceEndsAt",
      "accessEndsAt",
      "suspension",
      "nextChangeAt",
      "billingCurrency",
    ])
    .where("id", "=", tenantId)
    .executeTakeFirstOrThrow();
  return { subscription, tenant };
}

/** What decides, as our rows have it. */
export function standingOf({ tenant, subscription }: Held): Standing {
  const { state, timeZone, trialEndsAt, pastDueSince, graceEndsAt, accessEndsAt, suspension } = tenant;
  const { stripeSubscriptionId, status, endsAt } = subscription;
  return {
    state,
    timeZone,
    trialEndsAt,
    subscription: stripeSubscriptionId === null ? null : { status, endsAt },
    pastDueSince,
    graceEndsAt,
    accessEndsAt,
    suspension,
  };
}
