/**
 * Subscriptions at the payment provider, in our words. It has the truth: what is read here is mirrored, never what a
 * notice claims. Amounts are decimal text in the currency's major unit; prices and ids are the provider's.
 *
 * Every act takes a key: the same act again with it happens once. All throw DomainError `unavailable` when the provider
 * does not answer or asks to slow down, and `invalid_input` or `conflict` when it refuses.
 */
export interface Subscriptions {
  /** Everything about one customer, as it is now. */
  read(customerId: string): Promise<CustomerSnapshot>;
  /** All subscriptions there are, ended ones too, a page at a time. */
  list(
    cursor: string | undefined,
  ): Promise<{ readonly found: readonly SubscriptionSnapshot[]; readonly next?: string }>;

  /** Opens a page on which the customer pays for a new subscription. */
  startCheckout(wanted: NewCheckout): Promise<CheckoutSnapshot>;
  readCheckout(sessionId: string): Promise<CheckoutSnapshot>;
  /** Shuts an open one; one that is completed or has expired stays as it is. */
  shutCheckout(sessionId: string): Promise<CheckoutSnapshot>;
  /** Opens the provider's page for the payment method and the invoices. */
  openPortal(wanted: PortalVisit): Promise<{ readonly url: string }>;

  /** What a change would cost, for the moment given. Changes nothing. */
  previewChange(change: SubscriptionChange): Promise<ChangePreview>;
  /**
   * Changes the items now, and bills the difference at once. They change only when it is paid: a payment that needs the
   * customer's confirmation leaves a pending change.
   */
  changeNow(change: SubscriptionChange, key: string): Promise<SubscriptionSnapshot>;
  /** Changes the items when the period ends; takes the place of an earlier plan to do so. */
  changeAtPeriodEnd(change: Omit<SubscriptionChange, "prorationAt">, key: string): Promise<SubscriptionSnapshot>;
  /** Gives up what was to happen at the period's end. */
  forgetScheduledChange(subscriptionId: string, key: string): Promise<SubscriptionSnapshot>;
  /** Ends it when its period does; what was to change then no longer does. */
  cancelAtPeriodEnd(subscriptionId: string, key: string): Promise<SubscriptionSnapshot>;
  undoCancel(subscriptionId: string, key: string): Promise<SubscriptionSnapshot>;
  /** Ends it at once, without giving anything back. One that has ended stays as it is. */
  cancelNow(subscriptionId: string, key: string): Promise<SubscriptionSnapshot>;
  /** A subscription whose invoices are paid by bank or M-Pesa. */
  startInvoiced(wanted: InvoicedSubscription, key: string): Promise<SubscriptionSnapshot>;

  /** The customer's invoices, newest first. */
  invoicesOf(customerId: string): Promise<readonly InvoiceSnapshot[]>;
  readInvoice(invoiceId: string): Promise<InvoiceSnapshot>;
  /**
   * Makes an invoice the only one that its subscription is asked for: a draft is finished, and what was open before it is
   * void. A subscription that was given up comes back by its latest invoice alone. Again: stays so.
   */
  askOnlyFor(invoiceId: string): Promise<InvoiceSnapshot>;
  /** Marks an open invoice as paid by other means. One that is paid already stays as it is. */
  markPaid(invoiceId: string, key: string): Promise<InvoiceSnapshot>;
  /** Gives money of a paid invoice back, by a credit note. */
  refund(wanted: WantedRefund, key: string): Promise<RefundSnapshot>;
  /** The invoice that a charge paid; undefined for a charge without one. */
  invoiceOfCharge(chargeId: string): Promise<string | undefined>;
}

/** The provider's own words: https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
export type ProviderStatus =
  | "trialing"
  | "active"
  | "past_due"
  | "unpaid"
  | "canceled"
  | "incomplete"
  | "incomplete_expired"
  | "paused";

export interface CustomerSnapshot {
  readonly customerId: string;
  readonly isDeleted: boolean;
  /** Ended ones too, newest first. */
  readonly subscriptions: readonly SubscriptionSnapshot[];
}

export interface SubscriptionItem {
  readonly itemId: string;
  readonly priceId: string;
  readonly quantity: number;
  /** Of one, for the interval. */
  readonly unitAmount: string;
  readonly interval: "month" | "year";
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

export interface SubscriptionSnapshot {
  readonly subscriptionId: string;
  readonly customerId: string;
  /** Whom it was made for, as we noted at the provider; undefined for one that was made by hand. */
  readonly tenantId: string | undefined;
  readonly status: ProviderStatus;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly collection: "automatic" | "invoice";
  readonly createdAt: Date;
  readonly items: readonly SubscriptionItem[];
  /** When it ends without being renewed, be it cancelled at the period's end or at a date. */
  readonly endsAt: Date | null;
  readonly endedAt: Date | null;
  /** A change that waits for the confirmation of its payment. */
  readonly pending: {
    readonly priceIds: readonly string[];
    readonly until: Date;
    /** Where it is confirmed. */
    readonly url: string | null;
  } | null;
  /** A change that waits for the period's end. */
  readonly scheduled: { readonly scheduleId: string; readonly priceIds: readonly string[]; readonly at: Date } | null;
  readonly card: Card | null;
  readonly discount: Discount | null;
  readonly latestInvoiceId: string | null;
}

export interface Card {
  readonly brand: string;
  readonly last4: string;
  /** The end of the last month that it is good for, in UTC. */
  readonly expiresAt: Date;
}

/** Taken off each invoice until it ends; one of the two. */
export interface Discount {
  readonly percent: string | null;
  readonly amount: string | null;
  readonly endsAt: Date | null;
}

export interface NewCheckout {
  readonly customerId: string;
  readonly tenantId: string;
  /** Ours; the provider brings it back. */
  readonly checkoutId: string;
  readonly items: readonly { readonly priceId: string; readonly quantity: number }[];
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** 30 minutes to 24 hours from now. */
  readonly expiresAt: Date;
}

export interface CheckoutSnapshot {
  readonly sessionId: string;
  readonly status: "open" | "complete" | "expired";
  /** Where it is paid; null when it is no longer open. */
  readonly url: string | null;
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
  readonly checkoutId: string | undefined;
}

export interface PortalVisit {
  readonly customerId: string;
  readonly returnUrl: string;
  /** Straight to the form for another card. */
  readonly purpose: "overview" | "payment_method";
}

export interface SubscriptionChange {
  readonly subscriptionId: string;
  /** All items as they will be. Items that stay keep their id at the provider. */
  readonly items: readonly { readonly priceId: string; readonly quantity: number }[];
  /** The moment for which the unused part is counted: that of the preview, also when it is confirmed later. */
  readonly prorationAt: Date;
}

export interface ChangePreview {
  readonly currency: string;
  /** Below zero: a credit that the next invoices use up. */
  readonly dueNow: string;
  readonly dueNext: string;
  readonly nextAt: Date | null;
  readonly lines: readonly { readonly description: string; readonly amount: string }[];
}

export interface InvoicedSubscription {
  readonly customerId: string;
  readonly tenantId: string;
  readonly items: readonly { readonly priceId: string; readonly quantity: number }[];
  readonly daysUntilDue: number;
}

export interface InvoiceSnapshot {
  readonly invoiceId: string;
  readonly customerId: string;
  readonly subscriptionId: string | null;
  readonly number: string | null;
  readonly status: "draft" | "open" | "paid" | "void" | "uncollectible";
  readonly currency: string;
  readonly total: string;
  readonly amountDue: string;
  readonly amountPaid: string;
  readonly amountRefunded: string;
  readonly amountCredited: string;
  readonly createdAt: Date;
  readonly periodStart: Date | null;
  readonly periodEnd: Date | null;
  readonly dueAt: Date | null;
  readonly paidAt: Date | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  /** The customer has to confirm the payment with their bank. */
  readonly needsConfirmation: boolean;
  readonly isDisputed: boolean;
  readonly hostedUrl: string | null;
  readonly pdfUrl: string | null;
}

export interface WantedRefund {
  readonly invoiceId: string;
  readonly amount: string;
  readonly currency: string;
  /** For the customer to read on the credit note. */
  readonly memo: string;
}

export interface RefundSnapshot {
  readonly creditNoteId: string;
  /** Null when nothing went back because nothing had been paid by card. */
  readonly refundId: string | null;
}
