import { Decimal } from "decimal.js";
import { DomainError, notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { type Finding, TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import type { BillingFindingsTable } from "../tables.generated.ts";

type Kind = BillingFindingsTable["kind"];

interface Found {
  readonly id: string;
  readonly kind: Kind;
  readonly subject: string;
  readonly tenantId: string | null;
}

/** @returns what was done, in the past tense */
type Repair = (control: ControlScope, provider: Subscriptions, found: Found) => Promise<string>;

const repairs: Readonly<Record<Kind, Repair>> = {
  paid_without_tenant: endAndGiveBack,
  second_subscription: endSecond,
  tenant_without_payment: lookAgain,
  module_without_item: lookAgain,
  item_without_module: lookAgain,
  row_differs: lookAgain,
  // Money that was asked for is a person's to judge, and so is a database that still has somebody's records.
  invoice_differs: async () => "looked at by an operator",
  database_without_subscription: async () => "looked at by an operator",
};

/**
 * Mends a finding: a subscription that belongs to nobody is ended and its last payment given back, everything else is
 * brought to what the provider says. What only a person can judge is closed with their reason.
 * @param asked.reason at least 10 characters
 * @returns what was done
 * @throws DomainError `not_found` for none that is open, `unavailable` when the provider does not answer
 */
export async function repair(
  control: ControlScope,
  provider: Subscriptions,
  { findingId, reason, by }: { readonly findingId: string; readonly reason: string; readonly by: string },
): Promise<string> {
  if (reason.trim().length < 10) throw new DomainError("invalid_input", "Say why, in at least 10 characters.");
  const found = await control.db
    .selectFrom("billingFindings")
    .select(["id", "kind", "subject", "tenantId"])
    .where("id", "=", findingId)
    .where("repairedAt", "is", null)
    .executeTakeFirst();
  if (found === undefined) throw notFound("open finding");
  const done = await repairs[found.kind](control, provider, found);
  await control.tx(async (tx) => {
    await tx.db
      .updateTable("billingFindings")
      .set({ repairedAt: tx.clock.now(), repair: done, repairedBy: by })
      .where("id", "=", found.id)
      .where("repairedAt", "is", null)
      .execute();
    const { kind, subject, tenantId } = found;
    const about = tenantId === null ? {} : { tenantId };
    await ControlAudit.append(tx, {
      action: "billing.finding_repaired",
      ...about,
      reason,
      after: { kind, subject, done },
    });
  });
  return done;
}

/** Notes what a comparison found and has mended already. */
export async function noteRepaired(control: ControlScope, { details, ...finding }: Finding): Promise<void> {
  const now = control.clock.now();
  const repaired = { repairedAt: now, repair: "brought to what the provider says", repairedBy: "system" };
  await control.db
    .insertInto("billingFindings")
    .values({ id: newId(control.clock), ...finding, details, foundAt: now, seenAt: now, ...repaired })
    .execute();
  control.log.warn("a difference to the payment provider was mended", { kind: finding.kind, subject: finding.subject });
}

async function lookAgain(control: ControlScope, provider: Subscriptions, { tenantId }: Found): Promise<string> {
  if (tenantId === null) throw notFound("tenant of this finding");
  await TenantSubscriptions.converge(control, provider, tenantId);
  return "brought to what the provider says";
}

async function endSecond(control: ControlScope, provider: Subscriptions, found: Found): Promise<string> {
  if (found.tenantId === null) throw notFound("tenant of this finding");
  await TenantSubscriptions.cancelSecond(control, provider, found.tenantId, found.subject);
  return "ended, and what was paid for it given back";
}

/** Ended first, so that nothing is charged any more; then what its invoices were paid with goes back. */
async function endAndGiveBack(_: ControlScope, provider: Subscriptions, { subject }: Found): Promise<string> {
  const { customerId } = await provider.cancelNow(subject, `end-orphan-${subject}`);
  const invoices = await provider.invoicesOf(customerId);
  const last = invoices.find((one) => one.subscriptionId === subject && one.status === "paid");
  if (last === undefined) return "ended; nothing had been paid";
  const left = new Decimal(last.amountPaid).minus(Decimal.max(last.amountRefunded, last.amountCredited));
  if (left.lte(0)) return "ended; its last payment had been given back before";
  const amount = left.toFixed(2);
  const memo = "This subscription belonged to no pharmacy.";
  const wanted = { invoiceId: last.invoiceId, amount, currency: last.currency, memo };
  await provider.refund(wanted, `refund-orphan-${last.invoiceId}`);
  return `ended, and ${amount} ${last.currency} of its last payment given back`;
}
