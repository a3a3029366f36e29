import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, HOUR_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BillingWorld, type Payer, rowsOf, startBillingWorld } from "./world.ts";

/**
 * Two years of customers' lives, the provider's clock and ours together, in steps of some hours: renewals, cards that
 * fail and recover, cancellations and returns. After every step it is held against the provider's own invoices whether
 * each may work.
 */

const STEP_HOURS = 12;
const GRACE_SECONDS = 7 * DAY_SECONDS;
/** Timed changes act at three in the pharmacy's night. */
const NIGHT_SECONDS = DAY_SECONDS;
const STEP_SECONDS = STEP_HOURS * HOUR_SECONDS;

let world: BillingWorld;
let told = 0;

beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

/** Lets hours pass, and everything arrive that the provider tells meanwhile. */
async function pass(hours: number): Promise<void> {
  world.advance(hours * HOUR_SECONDS);
  // Whatever is due at the provider happens with the next call.
  await world.sdk.products.list({ limit: 1 });
  const all = world.stripe.world.all("events");
  const fresh = all.slice(0, all.length - told).toReversed();
  told = all.length;
  for (const event of fresh) await world.record(event);
  await TenantSubscriptions.letTimePass(world.system);
  await world.work();
}

const held = ({ customerId }: Payer) => {
  const stripe = world.stripe.world;
  const own = stripe.all("subscriptions").filter(({ customer }) => customer === customerId);
  return {
    running: own.find(({ status }) => status !== "canceled"),
    invoices: stripe.all("invoices").filter(({ customer }) => customer === customerId),
  };
};

/** The last moment that any invoice of theirs has paid for, by the provider's own lines. */
function paidUntil(payer: Payer): Date {
  const paid = held(payer).invoices.filter(({ status }) => status === "paid");
  const ends = paid.flatMap(({ lines }) =>
    lines.data.filter(({ amount }) => amount >= 0).map(({ period }) => period.end),
  );
  return new Date(Math.max(0, ...ends) * 1000);
}

/** Access is neither shorter nor longer than what was paid, the trial and the grace give. */
async function judge(payer: Payer): Promise<string> {
  const tenant = await world.system.db
    .selectFrom("tenants")
    .select(["state", "trialEndsAt"])
    .where("id", "=", payer.tenantId)
    .executeTakeFirstOrThrow();
  const now = world.clock.now();
  const worksNow = tenant.state !== "suspended";
  const { running } = held(payer);
  const owes = running !== undefined && (running.status === "past_due" || running.status === "unpaid");
  const rights = [tenant.trialEndsAt ?? new Date(0), paidUntil(payer)];
  if (owes) rights.push(secondsAfter(paidUntil(payer), GRACE_SECONDS));
  const right = new Date(Math.max(...rights.map(Number)));
  const facts = { payer: payer.customerId, at: now.toISOString(), state: tenant.state, right: right.toISOString() };
  if (now < right) expect({ ...facts, worksNow }).toEqual({ ...facts, worksNow: true });
  // The renewal takes its hour, its retries are the grace, and the night ends it.
  const latest = secondsAfter(right, (owes ? 0 : GRACE_SECONDS) + NIGHT_SECONDS + STEP_SECONDS);
  const isPaying = running !== undefined && running.status === "active";
  if (!isPaying && now > secondsAfter(right, NIGHT_SECONDS + STEP_SECONDS)) {
    expect({ ...facts, worksNow }).toEqual({ ...facts, worksNow: false });
  }
  if (now > latest) expect({ ...facts, worksNow }).toEqual({ ...facts, worksNow: false });
  return tenant.state;
}

/** What an owner does on a day of their life, counted from the first. */
type Life = Readonly<Record<number, (payer: Payer) => Promise<unknown>>>;

const pay = async (payer: Payer) => {
  await world.useCard(payer.customerId, "pm_card_visa");
  for (const { id, status } of held(payer).invoices) {
    if (status === "open" && id) await world.sdk.invoices.pay(id);
  }
};
const fail = (payer: Payer) => world.useCard(payer.customerId, "pm_card_chargeCustomerFail");
const cancel = (payer: Payer) =>
  world.provider.cancelAtPeriodEnd(held(payer).running?.id ?? "", `cancel-${Math.random()}`);
const undo = (payer: Payer) => world.provider.undoCancel(held(payer).running?.id ?? "", `undo-${Math.random()}`);
const subscribe = (key: string) => (payer: Payer) => world.subscribe(payer, key);

const lives: readonly { readonly who: string; readonly timeZone: string; readonly life: Life }[] = [
  {
    who: "pays by the month from a 31st on, through two Februaries, one of a leap year",
    timeZone: "Africa/Nairobi",
    life: { 13: subscribe("starter_month") },
  },
  {
    who: "fails, recovers within the grace, fails again, is shut, and comes back",
    timeZone: "America/New_York",
    life: { 3: subscribe("professional_month"), 80: fail, 97: pay, 200: fail, 240: pay, 400: fail, 403: pay },
  },
  {
    who: "cancels, takes it back, cancels, leaves, and comes back for a year",
    timeZone: "Pacific/Auckland",
    life: {
      5: subscribe("starter_month"),
      40: cancel,
      45: undo,
      90: cancel,
      160: subscribe("starter_year"),
      500: cancel,
    },
  },
  { who: "never pays", timeZone: "Europe/Berlin", life: {} },
];

test("two years of four customers: nobody works longer than they may, and nobody is shut out before", async () => {
  // So that the first one's fourteenth day is the last of a month.
  world.advance(47 * DAY_SECONDS);
  const payers: { payer: Payer; life: Life }[] = [];
  for (const { timeZone, life } of lives) payers.push({ payer: await world.openPharmacy({ timeZone }), life });
  const all = payers.map(({ payer }) => payer);
  const states = new Map<string, Set<string>>(all.map(({ tenantId }) => [tenantId, new Set()]));
  const periods = new Set<string>();
  for (let day = 0; day < 731; day += 1) {
    for (const { payer, life } of payers) await life[day]?.(payer);
    for (let hour = 0; hour < 24; hour += STEP_HOURS) {
      await pass(STEP_HOURS);
      for (const payer of all) states.get(payer.tenantId)?.add(await judge(payer));
    }
    const [first] = all;
    const { subscription } = await rowsOf(world, first?.tenantId ?? "");
    periods.add(subscription.currentPeriodEnd?.toISOString().slice(5, 10) ?? "");
  }
  expect([...states.values()].map((one) => [...one].toSorted())).toEqual([
    ["active", "trial"],
    ["active", "past_due", "suspended", "trial"],
    ["active", "cancelled", "suspended", "trial"],
    ["suspended", "trial"],
  ]);
  // Short months end on their last day, and the next long one is back at the 31st.
  for (const day of ["01-31", "02-28", "02-29", "03-31", "04-30", "12-31"]) expect(periods).toContain(day);
  const failed = await PaymentEvents.list(world.operator, { state: "failed", limit: 1 });
  expect(failed).toEqual([]);
}, 400_000);
