import * as z from "zod";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { PriceCatalogue } from "../../ports/price-catalogue.ts";
import { ControlAudit } from "../audit/audit.ts";
import { amountOf, currencyOf } from "../catalogue/pricing.ts";
import { publishPrice } from "../catalogue/publishing.ts";
import { emitBillingMail } from "../mails/billing-mails.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";

/** Null: unlimited. */
const limit = z.number().int().positive().max(10_000_000).nullable();
/** What an offer may include. */
export const OFFER_MODULES = [
  "inventory",
  "sales",
  "purchases",
  "reports",
  "stock_take",
  "multi_branch",
  "api_access",
  "advanced_reports",
  "custom_branding",
] as const;

export type OfferModule = (typeof OFFER_MODULES)[number];

const termsSchema = z.object({
  interval: z.enum(["month", "year"]),
  /** For how long it is agreed. The subscription goes on after it until somebody ends it. */
  termMonths: z.number().int().min(1).max(120),
  branches: limit,
  users: limit,
  items: limit,
  requestsPerMinute: z.number().int().positive().max(100_000),
  modules: z.array(z.enum(OFFER_MODULES)).min(1).readonly(),
});

/** What is agreed with one pharmacy: the Enterprise plan, as it is for them. */
export type OfferTerms = Readonly<z.infer<typeof termsSchema>>;

export interface Offer extends Reasoned, OfferTerms {
  readonly tenantId: string;
  /** Decimal text, for the interval. */
  readonly amount: string;
  readonly currency: string;
}

/** Of a tenant that has nothing to pay for yet, or no longer. */
const notOpen: readonly string[] = ["provisioning", "provisioning_failed", "closed"];

/**
 * Offers a pharmacy a plan of its own: the plan and its price are made and published, and the owner is mailed the page
 * where it is bought. An earlier offer that was not taken is withdrawn.
 * @returns our ids of the plan and of its price
 * @throws DomainError `forbidden`, `not_found`, `conflict`, `invalid_input` with `fields`; `unavailable`: the offer is
 * kept, and the next `Catalogue.publish` publishes it and sends the mail
 */
export async function offer(
  control: ControlScope,
  catalogue: PriceCatalogue,
  wanted: Offer,
): Promise<{ readonly planId: string; readonly priceId: string }> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const terms = termsOf(wanted);
  const currency = currencyOf(wanted.currency);
  const price = { amount: amountOf(wanted.amount, currency).toFixed(2), currency };
  const { tenantId } = wanted;
  const made = await control.tx(async (tx) => {
    await requireOpen(tx, tenantId, price.currency);
    const withdrawn = await withdrawOffers(tx, tenantId);
    const ids = await insertOffer(tx, tenantId, terms, price);
    await ControlAudit.append(tx, {
      action: "enterprise.offered",
      tenantId,
      reason,
      after: { ...ids, ...price, ...terms, withdrawn },
    });
    return ids;
  });
  await publishPrice(control, catalogue, made.priceId);
  return made;
}

/** Mails the owner that the offer can be bought now. Once for each. */
export const announceOffer = (tx: ControlScope, tenantId: string, planId: string): Promise<void> =>
  emitBillingMail(tx, tenantId, "offer_made", planId);

function termsOf(wanted: Offer): OfferTerms {
  const parsed = termsSchema.safeParse(wanted);
  if (parsed.success) return parsed.data;
  const fields = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join("."), message]));
  throw invalidInput(`The offer cannot be made: ${Object.keys(fields).join(", ")} must be corrected.`, fields);
}

async function requireOpen(tx: ControlScope, tenantId: string, currency: string): Promise<void> {
  const tenant = await tx.db
    .selectFrom("tenants")
    .select(["state", "billingCurrency"])
    .where("id", "=", tenantId)
    .forUpdate()
    .executeTakeFirst();
  if (tenant === undefined) throw notFound("pharmacy");
  if (notOpen.includes(tenant.state)) throw new DomainError("conflict", `This pharmacy is ${tenant.state}.`);
  if (tenant.billingCurrency !== null && tenant.billingCurrency !== currency) {
    throw invalidInput(`This pharmacy pays in ${tenant.billingCurrency}, and keeps that currency.`, {
      currency: `Make the offer in ${tenant.billingCurrency}.`,
    });
  }
}

/** Prices agreed with the tenant before. Whoever subscribes to one keeps it, as with any price that is replaced. */
async function withdrawOffers(tx: ControlScope, tenantId: string): Promise<readonly string[]> {
  const rows = await tx.db
    .updateTable("prices")
    .set({ isCurrent: false })
    .where("isCurrent", "=", true)
    .where("planId", "in", (query) =>
      query.selectFrom("subscriptionPlans").select("id").where("tenantId", "=", tenantId),
    )
    .returning("id")
    .execute();
  return rows.map(({ id }) => id);
}

async function insertOffer(
  tx: ControlScope,
  tenantId: string,
  terms: OfferTerms,
  price: { readonly amount: string; readonly currency: string },
) {
  const [planId, priceId] = [newId(tx.clock), newId(tx.clock)];
  const now = tx.clock.now();
  await tx.db
    .insertInto("subscriptionPlans")
    .values({
      id: planId,
      code: "enterprise",
      tenantId,
      name: "Enterprise",
      currency: price.currency,
      maxBranches: terms.branches,
      maxUsers: terms.users,
      maxItems: terms.items,
      apiRequestsPerMinute: terms.requestsPerMinute,
      includedModules: [...new Set(terms.modules)],
      features: { prioritySupport: true, termMonths: terms.termMonths },
      updatedAt: now,
    })
    .execute();
  await tx.db
    .insertInto("prices")
    .values({ id: priceId, planId, ...price, billingInterval: terms.interval, createdAt: now })
    .execute();
  return { planId, priceId };
}
