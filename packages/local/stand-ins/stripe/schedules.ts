import * as z from "zod";
import { boundary, sameRhythm } from "./calendar.ts";
import { cancelNow } from "./cancellation.ts";
import { discountsParameter, redeem } from "./discounts.ts";
import { emptyable, integer, mergeMetadata, metadataChanges } from "./form.ts";
import { invalid } from "./replies.ts";
import { route } from "./routes.ts";
import { phaseItemsOf } from "./subscription-changes.ts";
import {
  firstItem,
  fitting,
  type Item,
  newItem,
  newItemsParameter,
  periodOf,
  rhythmOf,
  type Subscription,
} from "./subscription-items.ts";
import { hasEnded, keepSubscription } from "./subscription-status.ts";
import type { Stored, World } from "./world.ts";

export type Schedule = Stored["schedules"];
type Phase = Schedule["phases"][number];

const phaseParameter = z.strictObject({
  items: newItemsParameter,
  discounts: emptyable(discountsParameter).optional(),
  start_date: integer.optional(),
  end_date: integer.optional(),
  duration: z
    .strictObject({ interval: z.enum(["day", "week", "month", "year"]), interval_count: integer.optional() })
    .optional(),
  metadata: metadataChanges.optional(),
  proration_behavior: z.literal("none").optional(),
});
const updated = z.strictObject({
  phases: z.array(phaseParameter).min(1).max(10).optional(),
  end_behavior: z.enum(["cancel", "release"]).optional(),
  metadata: metadataChanges.optional(),
  proration_behavior: z.literal("none").optional(),
});
const none = z.strictObject({});

export const scheduleRoutes = [
  route("POST", "/v1/subscription_schedules", z.strictObject({ from_subscription: z.string() }), ({ world, params }) =>
    create(world, params.from_subscription),
  ),
  route("GET", "/v1/subscription_schedules/:id", none, ({ world, id }) => world.get("schedules", id)),
  route("POST", "/v1/subscription_schedules/:id", updated, ({ world, id, params }) => update(world, id, params)),
  route("POST", "/v1/subscription_schedules/:id/release", none, ({ world, id }) => release(world, active(world, id))),
];

/** The phase that holds from the moment on or through it, if one is planned. */
export const phaseAt = ({ phases }: Schedule, at: number): Phase | undefined =>
  phases.find((phase) => phase.start_date <= at && at < phase.end_date);

/** The phase's items. One whose price the subscription has already keeps its id, others are new. */
export const phaseItems = (world: World, subscription: Subscription, phase: Phase): Item[] =>
  fitting(
    phase.items.map(({ price, quantity = 1, metadata }) => {
      const same = subscription.items.data.find((item) => item.price.id === price);
      const asked = { price, quantity, metadata };
      return same === undefined
        ? newItem(world, subscription.id, asked, periodOf(subscription))
        : { ...same, quantity, metadata: metadata ?? same.metadata };
    }),
  );

/** The discounts that the phase carries on. One that was spent meanwhile is gone. */
export const carriedDiscounts = (subscription: Subscription, { discounts }: Phase): string[] =>
  discounts.flatMap(({ discount }) =>
    discount !== null && subscription.discounts.includes(discount) ? [discount] : [],
  );

/** Whether the phase begins a period of another length. */
export const changesRhythm = ({ items }: Subscription, planned: readonly Item[]): boolean =>
  !sameRhythm(rhythmOf(firstItem(planned)), rhythmOf(firstItem(items.data)));

/** The current phase is over: the next one begins, or the schedule ends as it says. */
export function advanceSchedule(world: World, schedule: Schedule): void {
  const subscription = world.get("subscriptions", schedule.subscription ?? "");
  const phase = phaseAt(schedule, world.now());
  if (phase === undefined) {
    if (schedule.end_behavior === "release") return void release(world, schedule);
    const completed = world.put("schedules", {
      ...schedule,
      completed_at: world.now(),
      current_phase: null,
      status: "completed",
    });
    world.emit("subscription_schedule.completed", completed);
    keepSubscription(world, { ...subscription, schedule: null });
    return void cancelNow(world, subscription.id);
  }
  const current = { start_date: phase.start_date, end_date: phase.end_date };
  world.change("schedules", { ...schedule, current_phase: current }, "subscription_schedule.updated");
  const items = phaseItems(world, subscription, phase);
  const isReset = changesRhythm(subscription, items);
  keepSubscription(world, {
    ...subscription,
    discounts: [...carriedDiscounts(subscription, phase), ...newDiscounts(world, subscription, phase)],
    // Another rhythm begins a new period now, which ends the current one early if need be.
    billing_cycle_anchor: isReset ? world.now() : subscription.billing_cycle_anchor,
    items: {
      ...subscription.items,
      data: isReset ? items.map((item) => ({ ...item, current_period_end: world.now() })) : items,
    },
    metadata: mergeMetadata(subscription.metadata, phase.metadata),
  });
}

function newDiscounts(world: World, { id, customer }: Subscription, phase: Phase): string[] {
  const asked = phase.discounts
    .filter(({ discount }) => discount === null)
    .map(({ coupon, promotion_code: code }) => (code === null ? { coupon: coupon ?? "" } : { promotion_code: code }));
  return redeem(world, asked, { customer, subscription: id, checkout_session: null }).map((made) => made.id);
}

/** The subscription goes on by itself, as it is now. */
export function release(world: World, schedule: Schedule): Schedule {
  const released = world.put("schedules", {
    ...schedule,
    current_phase: null,
    released_at: world.now(),
    released_subscription: schedule.subscription,
    status: "released",
    subscription: null,
  });
  const subscription = world.find("subscriptions", schedule.subscription ?? "");
  if (subscription !== undefined) keepSubscription(world, { ...subscription, schedule: null });
  world.emit("subscription_schedule.released", released);
  return released;
}

function create(world: World, subscriptionId: string): Schedule {
  const subscription = world.get("subscriptions", subscriptionId, "from_subscription");
  if (hasEnded(subscription)) throw invalid("You cannot migrate a subscription that has ended to a schedule.");
  if (subscription.schedule !== null) {
    throw invalid("You cannot migrate a subscription that is already attached to a schedule.");
  }
  if (subscription.cancel_at !== null) {
    throw invalid("You cannot migrate a subscription that is going to be canceled to a schedule.");
  }
  const { start, end } = periodOf(subscription);
  const schedule = world.put("schedules", {
    id: world.id("sub_sched"),
    object: "subscription_schedule",
    application: null,
    billing_mode: subscription.billing_mode,
    canceled_at: null,
    completed_at: null,
    created: world.now(),
    current_phase: { start_date: start, end_date: end },
    customer: subscription.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      billing_cycle_anchor: "automatic",
      billing_thresholds: null,
      collection_method: subscription.collection_method,
      default_payment_method: subscription.default_payment_method,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: "self" },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: "release",
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases: [
      phaseOf(
        subscription,
        phaseItemsOf(subscription),
        { start, end },
        {
          discounts: subscription.discounts.map((discount) => ({ discount })),
        },
      ),
    ],
    released_at: null,
    released_subscription: null,
    status: "active",
    subscription: subscription.id,
    test_clock: null,
  });
  keepSubscription(world, { ...subscription, schedule: schedule.id });
  world.emit("subscription_schedule.created", schedule);
  return schedule;
}

function update(world: World, id: string, params: z.output<typeof updated>): Schedule {
  const schedule = active(world, id);
  return world.change(
    "schedules",
    {
      ...schedule,
      end_behavior: params.end_behavior ?? schedule.end_behavior,
      metadata: mergeMetadata(schedule.metadata ?? {}, params.metadata),
      ...(params.phases === undefined ? {} : plannedPhases(world, schedule, params.phases)),
    },
    "subscription_schedule.updated",
  );
}

/** Phases follow each other without a gap, and the first is the current one, unchanged. */
function plannedPhases(world: World, schedule: Schedule, asked: readonly z.output<typeof phaseParameter>[]) {
  const subscription = world.get("subscriptions", schedule.subscription ?? "");
  const currentStart = schedule.current_phase?.start_date;
  if (currentStart === undefined || asked[0]?.start_date !== currentStart) {
    throw invalid("The current phase has to be passed first, with its `start_date`.", {
      param: "phases[0][start_date]",
    });
  }
  let start = currentStart;
  const phases: Phase[] = [];
  for (const [index, phase] of asked.entries()) {
    const param = `phases[${index}]`;
    if ((phase.start_date ?? start) !== start) throw invalid("Phases must follow each other.", { param });
    const items = phase.items.map((item) => newItem(world, subscription.id, item, periodOf(subscription)));
    const rhythm = phase.duration ?? rhythmOf(firstItem(fitting(items)));
    const end: number = phase.end_date ?? boundary(start, { ...rhythm, interval_count: rhythm.interval_count ?? 1 }, 1);
    if (end <= start || (index === 0 && end <= world.now())) {
      throw invalid("A phase has to end after it starts, and the current one in the future.", { param });
    }
    const planned = phaseItemsOf({ ...subscription, items: { ...subscription.items, data: items } });
    if (index === 0) requireUnchanged(subscription, items);
    phases.push(phaseOf(subscription, planned, { start, end }, phase));
    start = end;
  }
  return { phases, current_phase: { start_date: phases[0]?.start_date ?? 0, end_date: phases[0]?.end_date ?? 0 } };
}

function requireUnchanged({ items }: Subscription, asked: readonly Item[]): void {
  const isSame =
    asked.length === items.data.length &&
    items.data.every((item) => asked.some((one) => one.price.id === item.price.id && one.quantity === item.quantity));
  if (!isSame) throw invalid("The stand-in does not change the current phase.", { param: "phases[0][items]" });
}

function active(world: World, id: string): Schedule {
  const schedule = world.get("schedules", id);
  if (schedule.status !== "active") {
    throw invalid(`You cannot change a subscription schedule that is \`${schedule.status}\`.`);
  }
  return schedule;
}

function phaseOf(
  subscription: Subscription,
  items: Phase["items"],
  { start, end }: { readonly start: number; readonly end: number },
  more: Pick<z.output<typeof phaseParameter>, "discounts" | "metadata">,
): Phase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: subscription.currency,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: (more.discounts ?? []).map(({ coupon = null, discount = null, promotion_code = null }) => ({
      coupon,
      discount,
      promotion_code,
    })),
    end_date: end,
    invoice_settings: null,
    items,
    metadata: more.metadata ?? null,
    on_behalf_of: null,
    proration_behavior: "none",
    start_date: start,
    transfer_data: null,
    trial_end: null,
  };
}
