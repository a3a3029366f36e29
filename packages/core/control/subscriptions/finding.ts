import { notFound } from "../../kernel/errors.ts";
import type { Limits } from "../../registry/entitlements/entitlements.ts";
import type { SuspensionCause } from "../lifecycle/lifecycle.ts";
import type { ControlScope } from "../scope.ts";
import type { SubscriptionRow } from "./held.ts";

export interface PriceOfTenant {
  /** Ours. */
  readonly id: string;
  /** Decimal text, of one for the interval. */
  readonly amount: string;
  readonly currency: string;
  readonly interval: "month" | "year";
}

export interface AddOnOfTenant {
  readonly code: string;
  readonly name: string;
  readonly module: string | null;
  readonly raises: { readonly limit: string; readonly by: number } | null;
  readonly quantity: number;
  readonly price: PriceOfTenant;
}

/** A tenant's subscription as our rows have it, with everything that pages and operators show of it. */
export interface TenantSubscription {
  readonly tenantId: string;
  readonly companyName: string;
  readonly timeZone: string;
  readonly state: TenantState;
  readonly trialEndsAt: Date | null;
  /** Since when a payment is overdue, and until when access stays although it is. */
  readonly pastDueSince: Date | null;
  readonly graceEndsAt: Date | null;
  /** Until when a cancelled one is paid for. */
  readonly accessEndsAt: Date | null;
  readonly suspension: SuspensionCause | null;
  /** When the calendar next changes something or calls for a mail. */
  readonly nextChangeAt: Date | null;
  /** The currency of its first payment, which it keeps. */
  readonly billingCurrency: string | null;
  readonly plan: {
    readonly id: string;
    readonly code: "starter" | "professional" | "enterprise";
    readonly name: string;
    readonly modules: readonly string[];
    readonly limits: Limits;
  };
  /** Null before anything was bought. */
  readonly price: PriceOfTenant | null;
  readonly addOns: readonly AddOnOfTenant[];
  readonly customerId: string | null;
  /** Null before anything was bought. */
  readonly subscriptionId: string | null;
  readonly status: SubscriptionRow["status"];
  readonly collection: "automatic" | "invoice";
  readonly period: { readonly start: Date; readonly end: Date } | null;
  readonly endsAt: Date | null;
  readonly endedAt: Date | null;
  /** A change that waits for the confirmation of its payment. */
  readonly pending: { readonly until: Date; readonly priceId: string | null; readonly url: string | null } | null;
  /** A change that waits for the period's end. */
  readonly scheduled: { readonly at: Date; readonly priceId: string | null } | null;
  readonly card: { readonly brand: string; readonly last4: string; readonly expiresAt: Date | null } | null;
  readonly discount: {
    readonly percent: string | null;
    readonly amount: string | null;
    readonly endsAt: Date | null;
  } | null;
  /** When the provider was last asked; null: never. */
  readonly fetchedAt: Date | null;
}

type TenantState = Awaited<ReturnType<typeof readTenant>>["state"];

/** @throws DomainError `not_found` for an unknown tenant */
export async function find(control: ControlScope, tenantId: string): Promise<TenantSubscription> {
  const tenant = await readTenant(control, tenantId);
  const row = await control.db
    .selectFrom("tenantSubscriptions")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  if (row === undefined) throw notFound("subscription");
  return {
    ...tenant,
    plan: await readPlan(control, row.planId),
    price: row.priceId === null ? null : await readPrice(control, row.priceId),
    addOns: await readAddOns(control, tenantId),
    ...partsOf(row),
  };
}

async function readTenant(control: ControlScope, tenantId: string) {
  const tenant = await control.db
    .selectFrom("tenants")
    .select([
      "id as tenantId",
      "name as companyName",
      "timeZone",
      "state",
      "trialEndsAt",
      "pastDueSince",
      "graceEndsAt",
      "accessEndsAt",
      "suspension",
      "nextChangeAt",
      "billingCurrency",
    ])
    .where("id", "=", tenantId)
    .executeTakeFirst();
  if (tenant === undefined) throw notFound("pharmacy");
  return tenant;
}

async function readPlan(control: ControlScope, planId: string): Promise<TenantSubscription["plan"]> {
  const plan = await control.db
    .selectFrom("subscriptionPlans")
    .select([
      "id",
      "code",
      "name",
      "includedModules as modules",
      "maxBranches",
      "maxUsers",
      "maxItems",
      "apiRequestsPerMinute",
    ])
    .where("id", "=", planId)
    .executeTakeFirstOrThrow();
  const { maxBranches: branches, maxUsers: users, maxItems: items, apiRequestsPerMinute, ...rest } = plan;
  return { ...rest, limits: { branches, users, items, api_requests_per_minute: apiRequestsPerMinute } };
}

const readPrice = (control: ControlScope, priceId: string): Promise<PriceOfTenant> =>
  control.db
    .selectFrom("prices")
    .select(["id", "amount", "currency", "billingInterval as interval"])
    .where("id", "=", priceId)
    .executeTakeFirstOrThrow();

async function readAddOns(control: ControlScope, tenantId: string): Promise<readonly AddOnOfTenant[]> {
  const rows = await control.db
    .selectFrom("tenantAddOns")
    .innerJoin("addOns", "addOns.code", "tenantAddOns.addOnCode")
    .innerJoin("prices", "prices.id", "tenantAddOns.priceId")
    .select([
      "addOns.code",
      "addOns.name",
      "addOns.moduleName",
      "addOns.limitName",
      "addOns.raiseBy",
      "tenantAddOns.quantity",
      "prices.id",
      "prices.amount",
      "prices.currency",
      "prices.billingInterval as interval",
    ])
    .where("tenantAddOns.tenantId", "=", tenantId)
    .orderBy("addOns.place")
    .execute();
  return rows.map(({ code, name, moduleName, limitName, raiseBy, quantity, ...price }) => ({
    code,
    name,
    module: moduleName,
    raises: limitName === null || raiseBy === null ? null : { limit: limitName, by: raiseBy },
    quantity,
    price,
  }));
}

/** Columns that only say something together, as one. */
function partsOf(row: SubscriptionRow) {
  const { currentPeriodStart: start, currentPeriodEnd: end, pendingUntil, scheduledAt, cardBrand, cardLast4 } = row;
  const hasDiscount = row.discountPercent !== null || row.discountAmount !== null;
  return {
    customerId: row.stripeCustomerId,
    subscriptionId: row.stripeSubscriptionId,
    status: row.status,
    collection: row.collection,
    period: start === null || end === null ? null : { start, end },
    endsAt: row.endsAt,
    endedAt: row.endedAt,
    pending: pendingUntil === null ? null : { until: pendingUntil, priceId: row.pendingPriceId, url: row.pendingUrl },
    scheduled: scheduledAt === null ? null : { at: scheduledAt, priceId: row.scheduledPriceId },
    card:
      cardBrand === null || cardLast4 === null
        ? null
        : { brand: cardBrand, last4: cardLast4, expiresAt: row.cardExpiresAt },
    discount: hasDiscount
      ? { percent: row.discountPercent, amount: row.discountAmount, endsAt: row.discountEndsAt }
      : null,
    fetchedAt: row.fetchedAt,
  };
}
