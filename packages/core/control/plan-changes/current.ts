import { DomainError, notFound } from "../../kernel/errors.ts";
import type { LifecycleState } from "../../registry/registry.ts";
import { type Item, Prices, type SoldPlan } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";

/** A subscription as we last saw it at the payment provider: what changes of it start from. */
export interface CurrentSubscription {
  readonly tenantId: string;
  readonly state: LifecycleState;
  readonly suspension: "trial_ended" | "unpaid" | "subscription_ended" | "operator" | null;
  readonly trialEndsAt: Date | null;
  readonly graceEndsAt: Date | null;
  readonly accessEndsAt: Date | null;
  readonly currency: string;
  /** Of the first payment, which stays; null before it. */
  readonly billingCurrency: string | null;
  /** IANA name. */
  readonly timeZone: string;
  readonly companyName: string;
  readonly ownerName: string;
  readonly ownerEmail: string;
  readonly customerId: string | null;
  /** Null: nothing was ever bought. */
  readonly subscriptionId: string | null;
  /** Whether there is one that goes on, paid or not. */
  readonly isLive: boolean;
  readonly isPaidByInvoice: boolean;
  readonly plan: { readonly name: string; readonly modules: readonly string[]; readonly isAgreed: boolean };
  /** What is paid for: the plan first, then the add-ons. Empty without a subscription. */
  readonly items: readonly Item[];
  readonly periodEnd: Date | null;
  readonly endsAt: Date | null;
  /** A change that waits for the bank. */
  readonly pending: { readonly until: Date; readonly url: string | null } | null;
  /** A change that waits for the period's end. */
  readonly scheduled: { readonly scheduleId: string; readonly at: Date | null } | null;
  readonly card: { readonly brand: string; readonly last4: string; readonly expiresAt: Date | null } | null;
  readonly discount: { readonly percent: string | null; readonly amount: string | null; readonly endsAt: Date | null };
}

const live: readonly string[] = ["active", "past_due", "unpaid", "trialing"];

/**
 * @param options.isLocked inside a transaction: whoever else changes the subscription waits
 * @throws DomainError `not_found`
 */
export async function currentOf(
  control: ControlScope,
  tenantId: string,
  { isLocked = false }: { readonly isLocked?: boolean } = {},
): Promise<CurrentSubscription> {
  if (isLocked) await lock(control, tenantId);
  const row = await control.db
    .selectFrom("tenantSubscriptions as s")
    .innerJoin("tenants as t", "t.id", "s.tenantId")
    .innerJoin("subscriptionPlans as p", "p.id", "s.planId")
    .selectAll("s")
    .select([
      "t.state",
      "t.suspension",
      "t.trialEndsAt",
      "t.graceEndsAt",
      "t.accessEndsAt",
      "t.currency as tenantCurrency",
      "t.billingCurrency",
      "t.timeZone",
      "t.name as companyName",
      "t.ownerName",
      "t.ownerEmail",
      "p.name as planName",
      "p.includedModules",
      "p.tenantId as planOfTenant",
    ])
    .where("s.tenantId", "=", tenantId)
    .executeTakeFirst();
  if (row === undefined) throw notFound("subscription");
  const isLive = row.stripeSubscriptionId !== null && live.includes(row.status) && row.endedAt === null;
  return {
    tenantId,
    state: row.state,
    suspension: row.suspension,
    trialEndsAt: row.trialEndsAt,
    graceEndsAt: row.graceEndsAt,
    accessEndsAt: row.accessEndsAt,
    currency: row.currency ?? row.billingCurrency ?? row.tenantCurrency,
    billingCurrency: row.billingCurrency,
    timeZone: row.timeZone,
    companyName: row.companyName,
    ownerName: row.ownerName,
    ownerEmail: row.ownerEmail,
    customerId: row.stripeCustomerId,
    subscriptionId: row.stripeSubscriptionId,
    isLive,
    isPaidByInvoice: row.collection === "invoice",
    plan: { name: row.planName, modules: row.includedModules, isAgreed: row.planOfTenant !== null },
    items: isLive ? await itemsOf(control, tenantId, row.priceId) : [],
    periodEnd: row.currentPeriodEnd,
    endsAt: row.endsAt,
    pending: row.pendingUntil === null ? null : { until: row.pendingUntil, url: row.pendingUrl },
    scheduled: row.stripeScheduleId === null ? null : { scheduleId: row.stripeScheduleId, at: row.scheduledAt },
    card:
      row.cardBrand === null || row.cardLast4 === null
        ? null
        : { brand: row.cardBrand, last4: row.cardLast4, expiresAt: row.cardExpiresAt },
    discount: { percent: row.discountPercent, amount: row.discountAmount, endsAt: row.discountEndsAt },
  };
}

/** The plan that is paid for. */
export const planOf = (items: readonly Item[]): SoldPlan | undefined =>
  items.map(({ sold }) => sold).find((sold) => sold.kind === "plan");

/** @throws DomainError `unavailable` for a tenant whose customer was never made or has been deleted */
export function customerOf({ customerId }: CurrentSubscription): string {
  if (customerId !== null) return customerId;
  throw new DomainError("unavailable", "Payments are not set up for this pharmacy yet. Write to us and we see to it.");
}

/**
 * Why nothing of a subscription can be changed now, in a sentence for its owner.
 * @returns undefined when it can
 */
export function whyUnchangeable(current: CurrentSubscription): string | undefined {
  if (current.state === "suspended" && current.suspension === "operator") {
    return "This pharmacy was suspended by PharmaSight. Write to us.";
  }
  if (!current.isLive) return "Choose a plan first.";
  if (current.state === "past_due" || current.state === "suspended") {
    return "A payment is overdue. Pay the open invoice first.";
  }
  if (current.isPaidByInvoice || current.plan.isAgreed) {
    return "Your plan was agreed with us. Write to us to change it.";
  }
  if (current.endsAt !== null) return "The plan was cancelled. Take the cancellation back first.";
  if (current.pending !== null) return "An earlier change waits for the confirmation of your bank.";
  return undefined;
}

/** A statement of its own: one that joins would miss the row when its plan changed while it waited. */
async function lock(tx: ControlScope, tenantId: string): Promise<void> {
  await tx.db.selectFrom("tenantSubscriptions").select("id").where("tenantId", "=", tenantId).forUpdate().execute();
}

/** @throws DomainError `conflict` with the reason, where nothing can be changed now */
export function requireChangeable(current: CurrentSubscription): void {
  const why = whyUnchangeable(current);
  if (why !== undefined) throw new DomainError("conflict", why);
}

async function itemsOf(control: ControlScope, tenantId: string, planPriceId: string | null): Promise<readonly Item[]> {
  const addOns = await control.db
    .selectFrom("tenantAddOns")
    .innerJoin("addOns", "addOns.code", "tenantAddOns.addOnCode")
    .select(["tenantAddOns.priceId", "tenantAddOns.quantity"])
    .where("tenantId", "=", tenantId)
    .orderBy("addOns.place")
    .execute();
  const plan = planPriceId === null ? [] : [{ priceId: planPriceId, quantity: 1 }];
  return Prices.read(control, [...plan, ...addOns]);
}
