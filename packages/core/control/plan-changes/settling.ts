import { Decimal } from "decimal.js";
import { secondsAfter } from "../../kernel/clock.ts";
import type { InvoiceSnapshot, SubscriptionSnapshot } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Item, itemsSchema, Prices } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { noteFinding } from "../subscriptions/findings.ts";

/** How long the outcome of an act may be unknown before what the provider shows is taken for it. */
export const UNKNOWN_SECONDS = 300;

/** Clocks of two houses. */
const CLOCK_SECONDS = 60;

/**
 * What became of changes that were confirmed, by what the payment provider shows now: applied, still waiting for the bank
 * or the period's end, or given up. One that was applied is held against its invoice: what was shown before must be what
 * was billed, to the cent.
 * @param tx that holds the subscription's row
 * @param own the tenant's subscription; undefined when there is none
 */
export async function settleChanges(
  tx: ControlScope,
  tenantId: string,
  own: SubscriptionSnapshot | undefined,
  invoices: readonly InvoiceSnapshot[],
): Promise<void> {
  const rows = await tx.db
    .selectFrom("planChanges")
    .select(["id", "kind", "state", "items", "dueNow", "dueNext", "nextAt", "stripeInvoiceId", "updatedAt", "currency"])
    .where("tenantId", "=", tenantId)
    .where("state", "in", ["applying", "waiting"])
    .orderBy("createdAt")
    .forUpdate()
    .execute();
  for (const row of rows) {
    const items = await Prices.read(tx, itemsSchema.parse(row.items));
    const state = stateOf(row, items, own, tx.clock.now());
    if (state === row.state && state === "applying") continue;
    const invoice = state === "applied" ? invoiceOf(row, own, invoices) : undefined;
    const billed = billedSum(row, invoice);
    const differs = state === "applied" && !new Decimal(quotedSum(row)).equals(billed);
    await tx.db
      .updateTable("planChanges")
      .set({
        state,
        ...(invoice === undefined ? {} : { stripeInvoiceId: invoice.invoiceId }),
        ...(differs ? { invoiced: billed } : {}),
        updatedAt: state === row.state ? row.updatedAt : tx.clock.now(),
      })
      .where("id", "=", row.id)
      .execute();
    if (state !== row.state) {
      await ControlAudit.append(tx, { action: `plan_change.${state}`, tenantId, after: { changeId: row.id } });
    }
    if (differs) await report(tx, tenantId, row, invoice);
  }
}

/** Whether a subscription has exactly these items. */
export function hasItems(own: SubscriptionSnapshot, items: readonly Item[]): boolean {
  const wanted = items.map(({ sold, quantity }) => `${sold.stripePriceId} ${quantity}`).toSorted();
  const present = own.items.map(({ priceId, quantity }) => `${priceId} ${quantity}`).toSorted();
  return wanted.join() === present.join();
}

interface Row {
  readonly id: string;
  readonly kind: "now" | "at_period_end";
  readonly state: "quoted" | "applying" | "waiting" | "applied" | "failed" | "expired";
  readonly dueNow: string;
  readonly dueNext: string;
  readonly nextAt: Date | null;
  readonly stripeInvoiceId: string | null;
  readonly updatedAt: Date;
  readonly currency: string;
}

function stateOf(row: Row, items: readonly Item[], own: SubscriptionSnapshot | undefined, at: Date): Row["state"] {
  if (own === undefined || own.endedAt !== null) return "expired";
  if (hasItems(own, items)) return "applied";
  const isWaiting = row.kind === "now" ? own.pending !== null : own.scheduled !== null;
  if (isWaiting) return "waiting";
  // A look may be older than the act that it follows.
  if (row.state === "applying" && secondsAfter(row.updatedAt, UNKNOWN_SECONDS) > at) return "applying";
  return row.state === "applying" ? "failed" : "expired";
}

/** The invoice of a change: noted when it was made, else the first one since it was asked for, or since its period began. */
function invoiceOf(
  { kind, stripeInvoiceId, nextAt, updatedAt }: Row,
  own: SubscriptionSnapshot | undefined,
  invoices: readonly InvoiceSnapshot[],
): InvoiceSnapshot | undefined {
  const noted = invoices.find(({ invoiceId }) => invoiceId === stripeInvoiceId);
  if (noted !== undefined) return noted;
  const since = secondsAfter(kind === "now" ? updatedAt : (nextAt ?? updatedAt), -CLOCK_SECONDS);
  return invoices
    .filter(({ subscriptionId, createdAt }) => subscriptionId === own?.subscriptionId && createdAt >= since)
    .toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime())[0];
}

const quotedSum = ({ kind, dueNow, dueNext }: Row): string => (kind === "now" ? dueNow : dueNext);

/** As the quote counts: what is due at once goes by what the customer had to their credit, a credit of its own does not. */
function billedSum({ kind }: Row, invoice: InvoiceSnapshot | undefined): string {
  if (invoice === undefined) return "0.00";
  return kind === "now" && new Decimal(invoice.total).gte(0) ? invoice.amountDue : invoice.total;
}

async function report(
  tx: ControlScope,
  tenantId: string,
  row: Row,
  invoice: InvoiceSnapshot | undefined,
): Promise<void> {
  const details = {
    quoted: quotedSum(row),
    invoiced: billedSum(row, invoice),
    currency: row.currency,
    invoiceId: invoice?.invoiceId ?? null,
  };
  await noteFinding(tx, { kind: "invoice_differs", subject: row.id, tenantId, details });
  tx.log.alarm("invoice-differs", { tenantId, changeId: row.id, ...details });
}
