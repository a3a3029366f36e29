export * as Checkouts from "./checkouts.ts";

import { HOUR_SECONDS, MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Payments } from "../../ports/payments.ts";
import type { CheckoutSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import type { CountedLimit, Excess } from "../../registry/entitlements/entitlements.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type CurrentSubscription, currentOf, customerOf } from "../plan-changes/current.ts";
import { areSame, excessesOfFirst, isIncluded } from "../plan-changes/planning.ts";
import { type Item, itemsSchema, Prices, type Sold, type SoldPlan, stored } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { askedBy, requireOwn } from "../tenants/acting.ts";

export interface WantedCheckout {
  readonly tenantId: string;
  /** Ours, of a plan. */
  readonly priceId: string;
  readonly addOns: readonly { readonly code: string; readonly quantity: number }[];
  /** What there is of what has a limit, counted where it is. */
  readonly used: Readonly<Record<CountedLimit, number>>;
  /** Where the page for paying leads back to. */
  readonly successUrl: string;
  readonly cancelUrl: string;
}

export type Started =
  /** Where to pay; or, when it turns out to be paid, where the page for paying would have led. */
  | { readonly kind: "started"; readonly url: string }
  /** The pharmacy uses more than the plan has room for. */
  | { readonly kind: "blocked"; readonly plan: SoldPlan; readonly excesses: readonly Excess[] };

/** How long a page for paying stays open: enough to fetch a card, short enough not to be forgotten. */
const OPEN_SECONDS = 2 * HOUR_SECONDS;

/** A reservation that has no page after so long was left by a process that died. */
const RESERVED_SECONDS = MINUTE_SECONDS;

const startsLimit = { name: "checkouts by tenant", hits: 30, windowSeconds: HOUR_SECONDS };

/**
 * Leads to the page on which a first subscription is paid, or one after the last has ended. There is one such page for a
 * tenant: the same wish again is the same page, another wish shuts the page of the first before it opens its own. The row
 * is reserved before the provider is asked, so that two windows cannot open two.
 * @throws DomainError `conflict` where there is a subscription already, `invalid_input` for what is not sold,
 * `rate_limited`, `unavailable`
 */
export async function start(
  control: ControlScope,
  { subscriptions: provider, payments }: { readonly subscriptions: Subscriptions; readonly payments: Payments },
  wanted: WantedCheckout,
): Promise<Started> {
  const { tenantId } = wanted;
  requireOwn(control, tenantId);
  await control.limits.take([{ limit: startsLimit, subject: tenantId }], "Many pages for paying were opened just now.");
  const items = await itemsOf(control, wanted);
  const excesses = excessesOfFirst(items.all, wanted.used, control.clock.now());
  if (excesses.length > 0) return { kind: "blocked", plan: items.plan, excesses };
  await ensureCustomer(control, payments, tenantId);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await reserve(control, tenantId, items.all);
    if (found.kind === "reserved") return { kind: "started", url: await open(control, provider, found, wanted) };
    const url = await tryToReuse(control, provider, found, wanted);
    if (url !== undefined) return { kind: "started", url };
  }
  throw new DomainError("conflict", "Another page for paying is being opened in another window. Try again.");
}

/** Each round shuts one page of another wish. */
const ATTEMPTS = 3;

/** The page for paying that was opened last. */
export interface LatestCheckout {
  readonly id: string;
  readonly state: "reserved" | "open" | "completed" | "expired" | "withdrawn";
  readonly items: readonly Item[];
  readonly url: string | null;
  readonly expiresAt: Date;
}

export async function findLatest(control: ControlScope, tenantId: string): Promise<LatestCheckout | undefined> {
  requireOwn(control, tenantId);
  const row = await control.db
    .selectFrom("checkouts")
    .select(["id", "state", "items", "url", "expiresAt"])
    .where("tenantId", "=", tenantId)
    .where("state", "<>", "withdrawn")
    .orderBy("createdAt", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { ...row, items: await Prices.read(control, itemsSchema.parse(row.items)) };
}

/** Made when the pharmacy was; only one whose customer was deleted at the provider gets another one here. */
async function ensureCustomer(control: ControlScope, payments: Payments, tenantId: string): Promise<void> {
  const { customerId, companyName, ownerEmail } = await currentOf(control, tenantId);
  if (customerId !== null) return;
  const made = await payments.ensureCustomer({ tenantId, companyName, ownerEmail });
  await control.db
    .updateTable("tenantSubscriptions")
    .set({ stripeCustomerId: made.customerId, updatedAt: control.clock.now() })
    .where("tenantId", "=", tenantId)
    .where("stripeCustomerId", "is", null)
    .execute();
}

interface Reservation {
  readonly checkoutId: string;
  readonly customerId: string;
  readonly items: readonly Item[];
  readonly expiresAt: Date;
}

type Reserved =
  | ({ readonly kind: "reserved" } & Reservation)
  | {
      readonly kind: "open";
      readonly checkoutId: string;
      readonly sessionId: string;
      /** Whether it is for what is wanted now. */
      readonly isSameWish: boolean;
    };

/** Takes the one place that a tenant has, or says who has it. */
function reserve(control: ControlScope, tenantId: string, items: readonly Item[]): Promise<Reserved> {
  return control.tx(async (tx) => {
    const current = await currentOf(tx, tenantId, { isLocked: true });
    requireNone(current);
    const customerId = customerOf(current);
    const now = tx.clock.now();
    const present = await tx.db
      .selectFrom("checkouts")
      .select(["id", "state", "items", "stripeSessionId", "expiresAt", "createdAt"])
      .where("tenantId", "=", tenantId)
      .where("state", "in", ["reserved", "open"])
      .executeTakeFirst();
    if (present !== undefined) {
      const isSameWish = areSame(await Prices.read(tx, itemsSchema.parse(present.items)), items);
      if (present.stripeSessionId !== null) {
        return { kind: "open", checkoutId: present.id, sessionId: present.stripeSessionId, isSameWish };
      }
      const { id: checkoutId, expiresAt } = present;
      const isFresh = secondsAfter(present.createdAt, RESERVED_SECONDS) > now;
      if (isSameWish && isFresh) return { kind: "reserved", checkoutId, customerId, items, expiresAt };
      // Nobody was given its address yet: whoever reserved it shuts what they open.
      await move(tx, checkoutId, "reserved", "withdrawn");
    }
    const checkoutId = newId(tx.clock);
    const expiresAt = secondsAfter(now, OPEN_SECONDS);
    const [planItem] = items;
    if (planItem === undefined) throw invalidInput("Choose a plan.");
    await tx.db
      .insertInto("checkouts")
      .values({
        id: checkoutId,
        tenantId,
        priceId: planItem.sold.priceId,
        items: stored(items),
        state: "reserved",
        startedBy: askedBy(tx),
        expiresAt,
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    const after = { checkoutId, items: stored(items) };
    await ControlAudit.append(tx, { action: "checkout.reserved", tenantId, after });
    return { kind: "reserved", checkoutId, customerId, items, expiresAt };
  });
}

/** Opens the page of a reservation. Two that open the same one get the same page: its id is the provider's key. */
async function open(
  control: ControlScope,
  provider: Subscriptions,
  { checkoutId, customerId, items, expiresAt }: Reservation,
  { tenantId, successUrl, cancelUrl }: WantedCheckout,
): Promise<string> {
  let session: CheckoutSnapshot;
  try {
    session = await provider.startCheckout({
      customerId,
      tenantId,
      checkoutId,
      items: items.map(({ sold, quantity }) => ({ priceId: sold.stripePriceId ?? "", quantity })),
      successUrl,
      cancelUrl,
      expiresAt,
    });
  } catch (error) {
    // What the provider refused it would refuse again; what it may have opened nobody was led to.
    await move(control, checkoutId, "reserved", "withdrawn");
    throw error;
  }
  const { sessionId, url } = session;
  await control.db
    .updateTable("checkouts")
    .set({ state: "open", stripeSessionId: sessionId, url, updatedAt: control.clock.now() })
    .where("id", "=", checkoutId)
    .where("state", "=", "reserved")
    .execute();
  const row = await control.db.selectFrom("checkouts").select("state").where("id", "=", checkoutId).executeTakeFirst();
  if (row?.state === "open" && url !== null) return url;
  if (row?.state === "completed" || session.status === "complete") return successUrl;
  await provider.shutCheckout(sessionId);
  throw new DomainError(
    "conflict",
    "Another page for paying was opened in another window. Go on there, or start again.",
  );
}

/**
 * The open page, if it is for the same; one for something else is shut.
 * @returns undefined when the place is free now
 */
async function tryToReuse(
  control: ControlScope,
  provider: Subscriptions,
  { checkoutId, sessionId, isSameWish }: Extract<Reserved, { kind: "open" }>,
  { successUrl }: WantedCheckout,
): Promise<string | undefined> {
  const session = isSameWish ? await provider.readCheckout(sessionId) : await provider.shutCheckout(sessionId);
  if (session.status === "open" && session.url !== null) return session.url;
  // Paid a moment ago: its row is settled with the subscription that it made.
  if (session.status === "complete") return successUrl;
  await move(control, checkoutId, "open", "expired");
  return undefined;
}

async function move(
  control: ControlScope,
  checkoutId: string,
  from: "reserved" | "open",
  to: "withdrawn" | "expired",
): Promise<void> {
  await control.db
    .updateTable("checkouts")
    .set({ state: to, updatedAt: control.clock.now() })
    .where("id", "=", checkoutId)
    .where("state", "=", from)
    .execute();
}

/** @throws DomainError `conflict` where nothing is to be bought by a page of its own */
function requireNone(current: CurrentSubscription): void {
  if (current.state === "suspended" && current.suspension === "operator") {
    throw new DomainError("conflict", "This pharmacy was suspended by PharmaSight. Write to us.");
  }
  if (!current.isLive) return;
  throw new DomainError(
    "conflict",
    current.state === "past_due" || current.state === "suspended"
      ? "You have a subscription with an open invoice. Pay that one: nothing has to be bought again."
      : "You have a subscription already. Change it instead of buying another one.",
  );
}

/** @throws DomainError `invalid_input` for what is not sold to this tenant */
async function itemsOf(
  control: ControlScope,
  { tenantId, priceId, addOns }: WantedCheckout,
): Promise<{ plan: SoldPlan; all: readonly Item[] }> {
  const offered = await Prices.offered(control, tenantId);
  const plan = offered.find((sold) => sold.priceId === priceId);
  if (plan?.kind !== "plan") throw invalidInput("This price is no longer offered. Choose one of the plans.");
  const { billingCurrency } = await currentOf(control, tenantId);
  if (billingCurrency !== null && billingCurrency !== plan.currency) {
    throw invalidInput(`You pay in ${billingCurrency}, and keep paying in it.`);
  }
  const beside = addOns.map(({ code, quantity }) => ({ sold: addOnOf(offered, code, plan), quantity }));
  if (beside.some(({ sold, quantity }) => quantity < 1 || (quantity > 1 && !sold.isCountable))) {
    throw invalidInput("Choose each addition once.");
  }
  return { plan, all: [{ sold: plan, quantity: 1 }, ...beside] };
}

function addOnOf(offered: readonly Sold[], code: string, plan: SoldPlan) {
  const found = offered.find(
    (sold) =>
      sold.kind === "add_on" &&
      sold.code === code &&
      sold.interval === plan.interval &&
      sold.currency === plan.currency &&
      !isIncluded(sold, plan),
  );
  if (found?.kind === "add_on") return found;
  throw invalidInput("This is part of the plan, or is not sold with it.");
}
