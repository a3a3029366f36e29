import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import type { PaymentNotice } from "@pharmasight/core/ports/payment-notices";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

const CUSTOMERS = 50;
const EVENTS = 1000;
const ROUNDS = 3;
/** Customers of whom nothing at all arrives once they have paid for the first time. */
const SILENT = 5;
const DROPPED = 0.1;
const LATE = 0.2;
const WORKERS = 8;
const SEED = Number(process.env.STORM_SEED ?? 20_261_124);

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = randomOf(SEED);
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
const shuffled = <T>(all: readonly T[]): T[] =>
  all
    .map((one) => ({ one, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);

const PLANS = ["starter_month", "professional_month"];
const ADD_ONS = ["reports_month", "stock_take_month", "extra_branch_month"];

/** What the provider holds of a customer, without any of our code. */
const heldOf = ({ customerId }: Payer) => {
  const stripe = world.stripe.world;
  const [subscription] = stripe.all("subscriptions").filter(({ customer }) => customer === customerId);
  return {
    subscription,
    items: subscription?.items.data ?? [],
    invoices: stripe.all("invoices").filter(({ customer }) => customer === customerId),
  };
};

/** Something that an owner or the time does at the provider. A refusal is one of the things that happen. */
async function act(payer: Payer): Promise<void> {
  const { subscription } = heldOf(payer);
  if (subscription === undefined || subscription.status === "canceled") {
    await world.useCard(payer.customerId, "pm_card_visa");
    await world.subscribe(payer, pick(PLANS), ...ADD_ONS.filter(() => random() < 0.3));
    return;
  }
  const { id, status } = subscription;
  const key = `${id}-${random()}`;
  const acts = {
    change: async () => {
      const items = [pick(PLANS), ...ADD_ONS.filter(() => random() < 0.4)];
      await world.provider.changeNow(
        {
          subscriptionId: id,
          items: items.map((name) => ({ priceId: world.price(name), quantity: name === "extra_branch_month" ? 2 : 1 })),
          prorationAt: world.clock.now(),
        },
        key,
      );
    },
    cancel: () => world.provider.cancelAtPeriodEnd(id, key),
    undo: () => world.provider.undoCancel(id, key),
    failing: () => world.useCard(payer.customerId, "pm_card_chargeCustomerFail"),
    paying: () => world.useCard(payer.customerId, "pm_card_visa"),
    settle: async () => {
      for (const open of heldOf(payer).invoices.filter((invoice) => invoice.status === "open")) {
        await world.sdk.invoices.pay(open.id ?? "");
      }
    },
  };
  const possible: readonly (keyof typeof acts)[] =
    status === "active" ? ["change", "change", "cancel", "undo", "failing", "paying"] : ["paying", "settle"];
  await acts[pick(possible)]().catch(() => undefined);
}

/** Delivers and applies in several processes' way: many at a time, nobody waits for anybody. */
async function deliver(notices: readonly PaymentNotice[]): Promise<void> {
  const waiting = [...notices];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await PaymentEvents.record(world.system, next);
      await PaymentEvents.apply(world.system, world.provider, next.id);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** What our rows have to say, read off the provider's own objects. */
function expectedOf(payer: Payer) {
  const { subscription, items, invoices } = heldOf(payer);
  if (subscription === undefined) throw new Error("never subscribed");
  const nameOf = (priceId: string) => [...PLANS, ...ADD_ONS].find((name) => world.price(name) === priceId) ?? "unknown";
  const named = items.map(({ price, quantity, current_period_end, id }) => ({
    name: nameOf(typeof price === "string" ? price : price.id).replace(/_month$/, ""),
    quantity,
    end: new Date(current_period_end * 1000),
    id,
  }));
  const plan = named.find(({ name }) => name === "starter" || name === "professional");
  const { status, cancel_at, cancel_at_period_end, ended_at } = subscription;
  const endsAt = ended_at ?? cancel_at ?? (cancel_at_period_end ? items[0]?.current_period_end : null);
  // Whom the period's end has ended is shut in the night, which does not come here.
  const states: Partial<Record<typeof status, string>> = {
    active: endsAt ? "cancelled" : "active",
    canceled: "cancelled",
  };
  const state = states[status] ?? "past_due";
  return {
    state,
    status,
    plan: plan?.name,
    item: plan?.id,
    periodEnd: plan?.end,
    endsAt: endsAt ? new Date(endsAt * 1000) : null,
    addOns: named
      .filter((one) => one !== plan)
      .map(({ name, quantity, id }) => `${name} ${quantity} ${id}`)
      .toSorted(),
    invoices: invoices
      .map(({ id, status, total, amount_paid }) => `${id} ${status} ${total} ${amount_paid}`)
      .toSorted(),
  };
}

async function foundOf({ tenantId }: Payer): Promise<ReturnType<typeof expectedOf>> {
  const { tenant, subscription, addOns, invoices } = await rowsOf(world, tenantId);
  const { plan } = await TenantSubscriptions.find(world.system, tenantId);
  const cents = (amount: string) => Math.round(Number(amount) * 100);
  return {
    state: tenant.state,
    status: subscription.status,
    plan: plan.code,
    item: subscription.stripePlanItemId ?? undefined,
    periodEnd: subscription.currentPeriodEnd ?? undefined,
    endsAt: subscription.endsAt,
    addOns: addOns
      .map(({ addOnCode, quantity, stripeItemId }) => `${addOnCode} ${quantity} ${stripeItemId}`)
      .toSorted(),
    invoices: invoices.map(
      ({ id, status, total, amountPaid }) => `${id} ${status} ${cents(total)} ${cents(amountPaid)}`,
    ),
  };
}

test(`1,000 notices of 50 customers, shuffled, doubled, late and lost: the rows are the provider's (seed ${SEED})`, async () => {
  const payers: Payer[] = [];
  for (let index = 0; index < CUSTOMERS; index += 1) payers.push(await world.openPharmacy());
  for (const payer of payers) await act(payer);
  // To the day before all of them renew.
  world.advance(29 * DAY_SECONDS);
  let told = 0;
  let lost = 0;
  const late: PaymentNotice[] = [];
  const seen = new Set<string>();
  const silent = new Set(payers.slice(0, SILENT).map(({ customerId }) => customerId));
  const takeNew = async (isFirst: boolean): Promise<readonly PaymentNotice[]> => {
    // Whatever is due there happens with the next call.
    await world.sdk.products.list({ limit: 1 });
    const fresh = payers.flatMap(({ customerId }) => world.noticesOf(customerId)).filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    told += fresh.length;
    const isHeard = ({ customerId }: PaymentNotice) => isFirst || !silent.has(customerId ?? "");
    const kept = fresh.filter((notice) => isHeard(notice) && random() >= DROPPED);
    lost += fresh.length - kept.length;
    const now = kept.filter(() => random() >= LATE);
    late.push(...kept.filter((notice) => !now.includes(notice)));
    return now;
  };
  for (let round = 0; round < ROUNDS || told < EVENTS; round += 1) {
    const notices = await takeNew(round === 0);
    // Owners go on while notices of what they did before arrive.
    const acting = (async () => {
      for (const payer of shuffled(payers)) await act(payer);
    })();
    await Promise.all([acting, deliver(shuffled([...notices, ...notices]))]);
    world.advance(6 * HOUR_SECONDS);
  }
  await deliver(shuffled([...(await takeNew(false)), ...late, ...late]));
  expect(told).toBeGreaterThanOrEqual(EVENTS);

  const differing: Payer[] = [];
  for (const payer of payers) {
    const [found, expected] = [await foundOf(payer), expectedOf(payer)];
    if (JSON.stringify(found) !== JSON.stringify(expected)) differing.push(payer);
  }
  // Only who has something that nobody told us of may differ, until the daily comparison looks.
  expect(lost).toBeGreaterThan(0);
  expect(differing.length).toBeGreaterThan(0);
  await Reconciliation.begin(world.system);
  await world.work();
  for (const payer of payers) expect(await foundOf(payer)).toEqual(expectedOf(payer));
  const failed = await PaymentEvents.list(world.operator, { state: "failed", limit: 1 });
  expect(failed).toEqual([]);
  console.info({ told, lost, differingBeforeComparison: differing.length });
}, 300_000);
