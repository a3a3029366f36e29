import {
  type Act,
  type Answer,
  Entitlements,
  type Grant,
  type LimitName,
  type Raise,
  type Terms,
} from "../../registry/entitlements/entitlements.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { ControlScope } from "../scope.ts";
import { find, type TenantSubscription } from "./finding.ts";
import { nextLookAt } from "./standing.ts";

export interface ExplainedModule extends Answer {
  readonly module: string;
  readonly ifPaid: Answer;
  /** The provider's item that it is paid by; null for what nobody pays for, and for the plan's own before a payment. */
  readonly stripeItemId: string | null;
}

export interface ExplainedLimit {
  readonly limit: LimitName;
  /** Null: unlimited. */
  readonly max: number | null;
  readonly ofPlan: number | null;
  /** Bought beyond it. */
  readonly raisedBy: number;
}

/** Why a tenant may do what it may, on one page: for whoever answers “why can't I?”. */
export interface Explanation {
  readonly subscription: TenantSubscription;
  readonly modules: readonly ExplainedModule[];
  readonly limits: readonly ExplainedLimit[];
  readonly acts: readonly (Answer & { readonly act: Act; readonly ifPaid: Answer })[];
  /** What is owed, the oldest first. */
  readonly openInvoices: readonly {
    readonly id: string;
    readonly number: string | null;
    readonly amountDue: string;
    readonly currency: string;
    readonly createdAt: Date;
    readonly nextAttemptAt: Date | null;
    readonly needsConfirmation: boolean;
  }[];
  /** What the calendar does next if nothing else happens; null: nothing. */
  readonly nextChange: { readonly at: Date; readonly to: string } | null;
  readonly nextLookAt: Date | null;
}

const ACTS: readonly Act[] = ["sign_in", "see_billing", "read_records", "export", "finish_document", "work", "grow"];
const LIMITS: readonly LimitName[] = ["branches", "users", "items", "api_requests_per_minute"];

/**
 * Each module, limit and act with the rule that decides it, the item that pays for it and what paying would change.
 * @throws DomainError `not_found` for an unknown tenant
 */
export async function explain(control: ControlScope, tenantId: string, at: Date): Promise<Explanation> {
  const subscription = await find(control, tenantId);
  const terms = await termsOf(control, subscription);
  const paid = Entitlements.ifPaid(terms);
  const items = await itemsOf(control, tenantId);
  const modules = await moduleNames(control, terms);
  return {
    subscription,
    modules: modules.map((module) => ({
      module,
      ...Entitlements.module(terms, module, at),
      ifPaid: Entitlements.module(paid, module, at),
      stripeItemId: terms.plan?.modules.includes(module) ? items.plan : (items.addOns.get(module) ?? null),
    })),
    limits: LIMITS.map((limit) => ({
      limit,
      max: Entitlements.limit(terms, limit, at),
      ofPlan: subscription.plan.limits[limit],
      raisedBy: terms.raises.reduce((sum, raise) => sum + (raise.limit === limit ? raise.by : 0), 0),
    })),
    acts: ACTS.map((act) => ({ act, ...Entitlements.act(terms, act), ifPaid: Entitlements.act(paid, act) })),
    openInvoices: await openInvoices(control, tenantId),
    ...comingOf(subscription, at),
  };
}

async function termsOf(control: ControlScope, subscription: TenantSubscription): Promise<Terms> {
  const rows = await control.db
    .selectFrom("tenantModules")
    .select(["moduleName as module", "title", "source", "expiresAt"])
    .where("tenantId", "=", subscription.tenantId)
    .where("isEnabled", "=", true)
    .execute();
  const bought = subscription.addOns.flatMap(({ module }): Grant[] =>
    module === null ? [] : [{ module, source: "add_on", expiresAt: null }],
  );
  const raises = subscription.addOns.flatMap(({ raises: raise, quantity }): Raise[] => {
    const limit = LIMITS.find((name) => name === raise?.limit);
    return raise === null || limit === undefined ? [] : [{ limit, by: raise.by * quantity, expiresAt: null }];
  });
  return { state: subscription.state, plan: subscription.plan, grants: [...rows, ...bought], raises };
}

/** Those of any plan, and those of this tenant alone. */
async function moduleNames(control: ControlScope, { grants }: Terms): Promise<readonly string[]> {
  const plans = await control.db.selectFrom("subscriptionPlans").select("includedModules").execute();
  return [
    ...new Set([...plans.flatMap(({ includedModules }) => includedModules), ...grants.map(({ module }) => module)]),
  ];
}

async function itemsOf(control: ControlScope, tenantId: string) {
  const row = await control.db
    .selectFrom("tenantSubscriptions")
    .select("stripePlanItemId")
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  const bought = await control.db
    .selectFrom("tenantAddOns")
    .innerJoin("addOns", "addOns.code", "tenantAddOns.addOnCode")
    .select(["addOns.moduleName", "tenantAddOns.stripeItemId"])
    .where("tenantAddOns.tenantId", "=", tenantId)
    .execute();
  const addOns = new Map<string, string>();
  for (const { moduleName, stripeItemId } of bought) if (moduleName !== null) addOns.set(moduleName, stripeItemId);
  return { plan: row?.stripePlanItemId ?? null, addOns };
}

const openInvoices = (control: ControlScope, tenantId: string): Promise<Explanation["openInvoices"]> =>
  control.db
    .selectFrom("invoices")
    .select(["id", "number", "amountDue", "currency", "createdAt", "nextAttemptAt", "needsConfirmation"])
    .where("tenantId", "=", tenantId)
    .where("status", "=", "open")
    .orderBy("createdAt")
    .execute();

function comingOf(subscription: TenantSubscription, at: Date): Pick<Explanation, "nextChange" | "nextLookAt"> {
  const { subscriptionId, status, endsAt, card, collection } = subscription;
  const standing = { ...subscription, subscription: subscriptionId === null ? null : { status, endsAt } };
  const cardExpiresAt = collection === "automatic" ? (card?.expiresAt ?? null) : null;
  const next = Lifecycle.nextChangeAt(standing);
  const change = next === undefined ? undefined : Lifecycle.change(standing, { kind: "time_passed" }, next);
  return {
    nextChange: next === undefined || change === undefined ? null : { at: next, to: change.standing.state },
    nextLookAt: nextLookAt(standing, cardExpiresAt, at),
  };
}
