import type { Subscriptions } from "../../ports/subscriptions.ts";
import type { ControlScope } from "../scope.ts";
import { differences } from "../subscriptions/differences.ts";
import type { SubscriptionRow } from "../subscriptions/held.ts";
import { type Finding, TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import { noteRepaired } from "./repairing.ts";

/** What a look at the provider may correct. */
interface Known {
  readonly subscription: Partial<Omit<SubscriptionRow, "fetchedAt" | "updatedAt">>;
  readonly state: string | undefined;
  /** Quantities by add-on. */
  readonly addOns: ReadonlyMap<string, number>;
  /** Statuses and sums by invoice. */
  readonly invoices: ReadonlyMap<string, string>;
}

/**
 * Brings one tenant to what the provider says, and notes what was not so: a notice was lost, or somebody changed a row by
 * hand. Afterwards a state that no subscription stands behind is left to an operator.
 */
export async function compare(control: ControlScope, provider: Subscriptions, tenantId: string): Promise<void> {
  const before = await read(control, tenantId);
  await TenantSubscriptions.converge(control, provider, tenantId);
  const after = await read(control, tenantId);
  for (const finding of corrected(tenantId, before, after)) await noteRepaired(control, finding);
  const without: Finding = {
    kind: "tenant_without_payment",
    subject: tenantId,
    tenantId,
    details: { before: before.state ?? null, after: after.state ?? null },
  };
  if (isPaying(before) && !isPaying(after)) await noteRepaired(control, without);
  if (isPaying(after) && after.subscription.stripeSubscriptionId === null) {
    await TenantSubscriptions.noteFinding(control, without);
  }
}

const isPaying = ({ state }: Known): boolean => state === "active" || state === "past_due" || state === "cancelled";

function corrected(tenantId: string, before: Known, after: Known): readonly Finding[] {
  const columns = differences({ ...before.subscription }, { ...after.subscription });
  const without = [...before.addOns].filter(([code]) => !after.addOns.has(code));
  const unseen = [...after.addOns].filter(([code, quantity]) => before.addOns.get(code) !== quantity);
  const invoices = [...after.invoices].filter(([id, said]) => before.invoices.get(id) !== said);
  const found = (kind: Finding["kind"], subject: string, details: Finding["details"]): Finding => ({
    kind,
    subject,
    tenantId,
    details,
  });
  return [
    ...(columns.length === 0 ? [] : [found("row_differs", tenantId, { columns: columns.join(", ") })]),
    ...without.map(([code, quantity]) =>
      found("module_without_item", `${tenantId} ${code}`, { addOn: code, quantity }),
    ),
    ...unseen.map(([code, quantity]) => found("item_without_module", `${tenantId} ${code}`, { addOn: code, quantity })),
    ...invoices.map(([id, said]) =>
      found("invoice_differs", id, { before: before.invoices.get(id) ?? "unknown", after: said }),
    ),
  ];
}

async function read(control: ControlScope, tenantId: string): Promise<Known> {
  const row = await control.db
    .selectFrom("tenantSubscriptions")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  // When it was looked at is no difference.
  const { fetchedAt: _fetchedAt, updatedAt: _updatedAt, ...subscription } = row ?? {};
  const tenant = await control.db.selectFrom("tenants").select("state").where("id", "=", tenantId).executeTakeFirst();
  const addOns = await control.db
    .selectFrom("tenantAddOns")
    .select(["addOnCode", "quantity"])
    .where("tenantId", "=", tenantId)
    .execute();
  const invoices = await control.db
    .selectFrom("invoices")
    .select(["id", "status", "amountPaid", "amountRefunded"])
    .where("tenantId", "=", tenantId)
    .execute();
  return {
    subscription,
    state: tenant?.state,
    addOns: new Map(addOns.map(({ addOnCode, quantity }) => [addOnCode, quantity])),
    invoices: new Map(
      invoices.map(({ id, status, amountPaid, amountRefunded }) => [
        id,
        `${status}, ${amountPaid} paid, ${amountRefunded} given back`,
      ]),
    ),
  };
}
