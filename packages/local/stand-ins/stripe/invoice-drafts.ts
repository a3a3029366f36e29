import { HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import type { Period } from "./calendar.ts";
import { type Discount, discounted, discountsInForce, netOf, unspent } from "./discounts.ts";
import type { Invoice, Line } from "./invoice-lines.ts";
import { wholeList } from "./replies.ts";
import type { Subscription } from "./subscription-items.ts";
import type { Stored, World } from "./world.ts";

/** What an invoice is about. */
export interface InvoiceContent {
  readonly subscription: Subscription;
  readonly lines: readonly Line[];
  readonly discounts: readonly Discount[];
  readonly reason: "subscription_create" | "subscription_cycle" | "subscription_update" | "upcoming";
  /** The time before it that it looks back on. */
  readonly period: Period;
  readonly prorationDate?: number | undefined;
}

/**
 * Keeps a draft and makes it the subscription's latest invoice. Coupons that hold once are spent by it.
 * @param finalizesBySelf whether it becomes final after an hour; without, only a call does it
 * @returns the draft
 */
export function draftInvoice(
  world: World,
  content: Omit<InvoiceContent, "discounts">,
  finalizesBySelf: boolean,
): Invoice {
  const { subscription } = content;
  const discounts = discountsInForce(world, subscription.discounts, world.now());
  const invoice = world.put("invoices", {
    ...composeInvoice(world, world.id("in"), { ...content, discounts }),
    auto_advance: finalizesBySelf,
    automatically_finalizes_at: finalizesBySelf ? world.now() + HOUR_SECONDS : null,
  });
  world.emit("invoice.created", invoice);
  world.put("subscriptions", {
    ...world.get("subscriptions", subscription.id),
    latest_invoice: invoice.id,
    discounts: unspent(world, subscription.discounts, invoice.lines.data, world.now()),
  });
  return invoice;
}

/** The invoice as a draft, with its amounts, without keeping it. */
export function composeInvoice(world: World, id: string, content: InvoiceContent): Invoice {
  const { subscription, discounts, period, reason, prorationDate } = content;
  const customer = world.get("customers", subscription.customer);
  const lines = discounted(world, content.lines, discounts).map((line) => ({ ...line, invoice: id }));
  const subtotal = lines.reduce((sum, { amount }) => sum + amount, 0);
  const total = lines.reduce((sum, line) => sum + netOf(line), 0);
  const due = amountDue(total, customer.balance);
  return {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "PharmaSight",
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: false,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: reason,
    collection_method: subscription.collection_method,
    created: world.now(),
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    ...customerDetails(world, customer),
    customer_shipping: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: discounts.map((discount) => discount.id),
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: wholeList(`/v1/invoices/${id}/lines`, lines),
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: {
        metadata: subscription.metadata,
        subscription: subscription.id,
        ...(prorationDate === undefined ? {} : { subscription_proration_date: prorationDate }),
      },
      type: "subscription_details",
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: period.end,
    period_start: period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal,
    subtotal_excluding_tax: subtotal,
    test_clock: null,
    total,
    total_discount_amounts: discounts.map(({ id: discount }) => ({ amount: taken(lines, discount), discount })),
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** What is to be paid when the customer's balance is taken into account. A credit is a negative balance. */
export const amountDue = (total: number, balance: number): number => Math.max(0, total + balance);

/** The name, address and tax ids that the invoice shows, as they are now. */
export const customerDetails = (world: World, customer: Stored["customers"]) => ({
  customer_address: customer.address ?? null,
  customer_email: customer.email,
  customer_name: customer.name ?? null,
  customer_phone: customer.phone ?? null,
  customer_tax_exempt: customer.tax_exempt ?? null,
  customer_tax_ids: world
    .all("taxIds")
    .filter((taxId) => taxId.customer === customer.id)
    .map(({ type, value }) => ({ type, value })),
});

const taken = (lines: readonly Line[], discount: string): number =>
  lines
    .flatMap((line) => line.discount_amounts ?? [])
    .reduce((sum, one) => (one.discount === discount ? sum + one.amount : sum), 0);
