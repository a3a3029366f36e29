import { sql } from "kysely";
import type { InvoiceSnapshot } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { differences, differs } from "./differences.ts";
import type { Held } from "./held.ts";
import type { KnownPrices, MirroredAddOn, MirroredSubscription } from "./mirror.ts";

/** Every price that was ever published: one that was replaced goes on for those who have it. */
export async function knownPrices(control: ControlScope): Promise<KnownPrices> {
  const rows = await control.db
    .selectFrom("prices")
    .select(["id", "planId", "addOnCode", "stripePriceId"])
    .where("stripePriceId", "is not", null)
    .execute();
  return new Map(
    rows.flatMap(({ stripePriceId, ...price }) => (stripePriceId === null ? [] : [[stripePriceId, price]])),
  );
}

/** Columns of the subscription row: all of them after a look, some where the provider has nothing to look at. */
export type SubscriptionColumns = Partial<MirroredSubscription>;

/**
 * Of a subscription that the provider does not know any more, as after its customer was deleted: it has ended, and what
 * was paid is good until the period ends.
 */
export function vanished({ subscription: row }: Held, at: Date): SubscriptionColumns {
  const wasPaid = row.status === "active" || row.status === "trialing";
  return {
    status: "canceled",
    cancelAtPeriodEnd: false,
    endsAt: row.endsAt ?? (wasPaid ? row.currentPeriodEnd : at),
    endedAt: row.endedAt ?? at,
    pendingUntil: null,
    pendingPriceId: null,
    pendingUrl: null,
    stripeScheduleId: null,
    scheduledPriceId: null,
    scheduledAt: null,
    cardBrand: null,
    cardLast4: null,
    cardExpiresAt: null,
  };
}

/**
 * Writes what the provider said, and a line of the audit log when that is other than before.
 * @returns the tenant with its row as it is then
 */
export async function writeSubscription(
  tx: ControlScope,
  held: Held,
  columns: SubscriptionColumns,
  fetchedAt: Date,
): Promise<Held> {
  const { subscription: before } = held;
  const subscription = { ...before, ...columns, fetchedAt };
  await tx.db
    .updateTable("tenantSubscriptions")
    .set({ ...columns, fetchedAt, updatedAt: tx.clock.now() })
    .where("id", "=", before.id)
    .execute();
  const changed = differences({ ...before }, columns);
  if (changed.length > 0) {
    await ControlAudit.append(tx, {
      action: "subscription.changed",
      tenantId: held.tenant.id,
      before: picked({ ...before }, changed),
      after: picked({ ...subscription }, changed),
    });
  }
  return { ...held, subscription };
}

function picked(row: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
}

/** Brings what the tenant has beside its plan to what the provider says. What it had already keeps its date. */
export async function writeAddOns(tx: ControlScope, tenantId: string, addOns: readonly MirroredAddOn[]): Promise<void> {
  const rows = await tx.db
    .selectFrom("tenantAddOns")
    .select(["addOnCode", "quantity", "priceId", "stripeItemId"])
    .where("tenantId", "=", tenantId)
    .execute();
  const known = new Map(rows.map((row) => [row.addOnCode, row]));
  const gone = rows.filter(({ addOnCode }) => !addOns.some((one) => one.addOnCode === addOnCode));
  const changed = addOns.filter((one) => differs(known.get(one.addOnCode) ?? {}, { ...one }));
  if (gone.length + changed.length === 0) return;
  // Those that change are taken away first: an item of one add-on may have become that of another.
  const taken = [...gone, ...changed].map(({ addOnCode }) => addOnCode);
  const kept = await tx.db
    .deleteFrom("tenantAddOns")
    .where("tenantId", "=", tenantId)
    .where("addOnCode", "in", taken)
    .returning(["addOnCode", "createdAt"])
    .execute();
  const since = new Map(kept.map(({ addOnCode, createdAt }) => [addOnCode, createdAt]));
  if (changed.length > 0) {
    const now = tx.clock.now();
    await tx.db
      .insertInto("tenantAddOns")
      .values(changed.map((one) => ({ ...one, tenantId, createdAt: since.get(one.addOnCode) ?? now })))
      .execute();
  }
  const quantities = (all: readonly { addOnCode: string; quantity: number }[]) =>
    Object.fromEntries(all.map(({ addOnCode, quantity }) => [addOnCode, quantity]));
  await ControlAudit.append(tx, {
    action: "subscription.add_ons_changed",
    tenantId,
    before: quantities(rows),
    after: quantities(addOns),
  });
}

/** Brings the tenant's invoices to what the provider says. One that it has thrown away was a draft. */
export async function writeInvoices(
  tx: ControlScope,
  tenantId: string,
  invoices: readonly InvoiceSnapshot[],
  fetchedAt: Date,
): Promise<void> {
  await tx.db
    .deleteFrom("invoices")
    .where("tenantId", "=", tenantId)
    .where("status", "=", "draft")
    .$if(invoices.length > 0, (query) =>
      query.where(
        "id",
        "not in",
        invoices.map(({ invoiceId }) => invoiceId),
      ),
    )
    .execute();
  if (invoices.length === 0) return;
  const rows = invoices.map(({ invoiceId, customerId: _customer, subscriptionId, isDisputed, ...invoice }) => ({
    ...invoice,
    id: invoiceId,
    tenantId,
    stripeSubscriptionId: subscriptionId,
    disputedAt: isDisputed ? fetchedAt : null,
    fetchedAt,
  }));
  await tx.db
    .insertInto("invoices")
    .values(rows)
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((row) => ({
        stripeSubscriptionId: row.ref("excluded.stripeSubscriptionId"),
        number: row.ref("excluded.number"),
        status: row.ref("excluded.status"),
        total: row.ref("excluded.total"),
        amountDue: row.ref("excluded.amountDue"),
        amountPaid: row.ref("excluded.amountPaid"),
        amountRefunded: row.ref("excluded.amountRefunded"),
        amountCredited: row.ref("excluded.amountCredited"),
        periodStart: row.ref("excluded.periodStart"),
        periodEnd: row.ref("excluded.periodEnd"),
        dueAt: row.ref("excluded.dueAt"),
        paidAt: row.ref("excluded.paidAt"),
        nextAttemptAt: row.ref("excluded.nextAttemptAt"),
        attempts: row.ref("excluded.attempts"),
        needsConfirmation: row.ref("excluded.needsConfirmation"),
        hostedUrl: row.ref("excluded.hostedUrl"),
        pdfUrl: row.ref("excluded.pdfUrl"),
        // Since when we know of it.
        disputedAt: sql<Date | null>`case when excluded.disputed_at is null then null
          else coalesce(invoices.disputed_at, excluded.disputed_at) end`,
        fetchedAt: row.ref("excluded.fetchedAt"),
      })),
    )
    .execute();
}
