import * as z from "zod";
import type { ChangeMail, SuspensionCause } from "../lifecycle/lifecycle.ts";
import type { ReminderMail } from "../lifecycle/reminders.ts";
import type { ControlScope } from "../scope.ts";
import { addressOf } from "../tenants/addresses.ts";

export type BillingMail = ChangeMail | ReminderMail | "paid_twice" | "offer_made";

interface Amount {
  /** Decimal text. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** What to tell an owner of their subscription; the words are the views'. */
export type BillingNotice =
  | { readonly mail: "trial_ending" | "trial_ends_today"; readonly endsAt: Date }
  | {
      readonly mail: "payment_failed" | "payment_overdue";
      readonly graceEndsAt: Date;
      /** Null where no open invoice is known. */
      readonly due: Amount | null;
      /** The customer has to confirm the payment with their bank. */
      readonly needsConfirmation: boolean;
      /** Null where it is paid by bank or M-Pesa. */
      readonly card: { readonly brand: string; readonly last4: string } | null;
    }
  | { readonly mail: "suspended"; readonly cause: Exclude<SuspensionCause, "operator"> }
  | { readonly mail: "recovered" }
  | { readonly mail: "cancelled"; readonly accessEndsAt: Date }
  | { readonly mail: "card_expiring"; readonly brand: string; readonly last4: string; readonly expiresAt: Date }
  | ({ readonly mail: "paid_twice" } & Amount)
  | ({ readonly mail: "offer_made"; readonly interval: "month" | "year" } & Amount);

export interface BillingLetter {
  readonly kind: "billing";
  readonly to: string;
  readonly companyName: string;
  readonly ownerName: string;
  /** IANA name: days are told in it. */
  readonly timeZone: string;
  /** The page where all of it is looked after. */
  readonly billingUrl: string;
  readonly notice: BillingNotice;
}

/** What a mail needs to know that no row tells later. */
type Details = Readonly<Record<"amount" | "currency", string>>;

export const billingPayloadSchema = z.object({
  template: z.literal("billing"),
  mail: z.enum([
    "payment_failed",
    "recovered",
    "suspended",
    "cancelled",
    "trial_ending",
    "trial_ends_today",
    "payment_overdue",
    "card_expiring",
    "paid_twice",
    "offer_made",
  ]),
  tenantId: z.uuid(),
  amount: z.string().optional(),
  currency: z.string().optional(),
});

/** Records a mail to the owner, in the transaction that calls for it. @param key the same mail with it is one */
export async function emitBillingMail(
  tx: ControlScope,
  tenantId: string,
  mail: BillingMail,
  key: string,
  details?: Details,
): Promise<void> {
  await tx.emit({
    queue: "control-mail",
    payload: { template: "billing", mail, tenantId, ...details },
    dedupeKey: `billing-mail:${tenantId}:${mail}:${key}`,
  });
}

/** The letter, or nothing when it has become untrue meanwhile: who has paid is not told that a payment is missing. */
export async function composeBilling(
  tx: ControlScope,
  rootUrl: string,
  payload: z.infer<typeof billingPayloadSchema>,
): Promise<BillingLetter | undefined> {
  const row = await readRow(tx, payload.tenantId);
  if (row === undefined) return undefined;
  const notice = await noticeOf(tx, row, payload);
  if (notice === undefined) return undefined;
  return {
    kind: "billing",
    to: row.ownerEmail,
    companyName: row.name,
    ownerName: row.ownerName,
    timeZone: row.timeZone,
    billingUrl: `${addressOf(rootUrl, row.host)}/billing`,
    notice,
  };
}

type Row = NonNullable<Awaited<ReturnType<typeof readRow>>>;

const readRow = (tx: ControlScope, tenantId: string) =>
  tx.db
    .selectFrom("tenants")
    .innerJoin("tenantHosts", "tenantHosts.tenantId", "tenants.id")
    .innerJoin("tenantSubscriptions", "tenantSubscriptions.tenantId", "tenants.id")
    .select([
      "tenants.name",
      "tenants.ownerName",
      "tenants.ownerEmail",
      "tenants.timeZone",
      "tenants.state",
      "tenants.trialEndsAt",
      "tenants.graceEndsAt",
      "tenants.accessEndsAt",
      "tenants.suspension",
      "tenantHosts.host",
      "tenantSubscriptions.stripeSubscriptionId",
      "tenantSubscriptions.collection",
      "tenantSubscriptions.cardBrand",
      "tenantSubscriptions.cardLast4",
      "tenantSubscriptions.cardExpiresAt",
    ])
    .where("tenants.id", "=", tenantId)
    .where("tenantHosts.kind", "=", "primary")
    .executeTakeFirst();

async function noticeOf(
  tx: ControlScope,
  row: Row,
  { mail, tenantId, amount, currency }: z.infer<typeof billingPayloadSchema>,
): Promise<BillingNotice | undefined> {
  const { state, trialEndsAt, graceEndsAt, accessEndsAt, suspension } = row;
  switch (mail) {
    case "trial_ending":
    case "trial_ends_today":
      return state === "trial" && trialEndsAt !== null ? { mail, endsAt: trialEndsAt } : undefined;
    case "payment_failed":
    case "payment_overdue":
      return state === "past_due" && graceEndsAt !== null ? overdueNotice(tx, row, mail, graceEndsAt) : undefined;
    case "suspended":
      return state === "suspended" && suspension !== null && suspension !== "operator"
        ? { mail, cause: suspension }
        : undefined;
    case "recovered":
      return state === "active" ? { mail } : undefined;
    case "cancelled":
      return state === "cancelled" && accessEndsAt !== null ? { mail, accessEndsAt } : undefined;
    case "card_expiring":
      return cardNotice(tx, row);
    case "paid_twice":
      return amount === undefined || currency === undefined ? undefined : { mail, amount, currency };
    case "offer_made":
      return offerNotice(tx, tenantId);
  }
}

/** The plan that was agreed with the tenant alone, while it can be bought. */
async function offerNotice(tx: ControlScope, tenantId: string): Promise<BillingNotice | undefined> {
  const price = await tx.db
    .selectFrom("prices")
    .innerJoin("subscriptionPlans", "subscriptionPlans.id", "prices.planId")
    .select(["prices.amount", "prices.currency", "prices.billingInterval as interval"])
    .where("subscriptionPlans.tenantId", "=", tenantId)
    .where("prices.isCurrent", "=", true)
    .where("prices.stripePriceId", "is not", null)
    .executeTakeFirst();
  return price === undefined ? undefined : { mail: "offer_made", ...price };
}

async function overdueNotice(
  tx: ControlScope,
  { stripeSubscriptionId, collection, cardBrand, cardLast4 }: Row,
  mail: "payment_failed" | "payment_overdue",
  graceEndsAt: Date,
): Promise<BillingNotice> {
  const invoice = await tx.db
    .selectFrom("invoices")
    .select(["amountDue as amount", "currency", "needsConfirmation"])
    .where("stripeSubscriptionId", "=", stripeSubscriptionId)
    .where("status", "=", "open")
    .orderBy("createdAt")
    .limit(1)
    .executeTakeFirst();
  const hasCard = collection === "automatic" && cardBrand !== null && cardLast4 !== null;
  return {
    mail,
    graceEndsAt,
    due: invoice === undefined ? null : { amount: invoice.amount, currency: invoice.currency },
    needsConfirmation: invoice?.needsConfirmation ?? false,
    card: hasCard ? { brand: cardBrand, last4: cardLast4 } : null,
  };
}

function cardNotice(tx: ControlScope, { state, cardBrand, cardLast4, cardExpiresAt }: Row): BillingNotice | undefined {
  const isCharged = state === "active" || state === "past_due";
  if (!isCharged || cardBrand === null || cardLast4 === null || cardExpiresAt === null) return undefined;
  if (cardExpiresAt <= tx.clock.now()) return undefined;
  return { mail: "card_expiring", brand: cardBrand, last4: cardLast4, expiresAt: cardExpiresAt };
}
