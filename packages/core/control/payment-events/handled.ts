/**
 * Notices that are followed by a look at their customer. What they say is never read: each only tells that something of
 * the customer's has changed. docs/billing.md lists them.
 */
export const handledTypes = [
  "checkout.session.completed",
  "checkout.session.expired",
  "customer.deleted",
  "customer.updated",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.resumed",
  "customer.subscription.trial_will_end",
  "customer.subscription.pending_update_applied",
  "customer.subscription.pending_update_expired",
  "subscription_schedule.updated",
  "subscription_schedule.released",
  "subscription_schedule.completed",
  "subscription_schedule.canceled",
  "invoice.finalized",
  "invoice.paid",
  "invoice.payment_succeeded",
  "invoice.payment_failed",
  "invoice.payment_action_required",
  "invoice.overdue",
  "invoice.voided",
  "invoice.marked_uncollectible",
  "invoice.updated",
  "charge.refunded",
  "charge.dispute.created",
  "charge.dispute.closed",
  "credit_note.created",
  "payment_method.attached",
  "payment_method.updated",
  "payment_method.automatically_updated",
  "payment_method.detached",
] as const;

export const HANDLED_TYPES: ReadonlySet<string> = new Set(handledTypes);
