import { DomainError } from "@pharmasight/core/kernel/errors";
import { Money } from "@pharmasight/core/kernel/money";
import type { ChangePreview, SubscriptionChange, SubscriptionSnapshot } from "@pharmasight/core/ports/subscriptions";
import Stripe from "stripe";
import { dateOf, expanded, idOf, received, secondsOf } from "./client.ts";
import { planItemOf, SUBSCRIPTION_EXPANSIONS, subscriptionSnapshot } from "./subscription-snapshots.ts";

type Wanted = SubscriptionChange["items"];
type ItemChange = Stripe.SubscriptionUpdateParams.Item;
const expand = [...SUBSCRIPTION_EXPANSIONS];
const NO_NEXT_BILL = "invoice_upcoming_none";

/** The subscription with all that a snapshot needs. @throws the SDK's error when there is none */
export async function retrieve(stripe: Stripe, subscriptionId: string): Promise<Stripe.Subscription> {
  return received("subscription", await stripe.subscriptions.retrieve(subscriptionId, { expand }));
}

/**
 * What has to be sent for the items to be as wanted: those that stay as they are, are not mentioned, so that they keep
 * their id and nothing is billed for them. The plan's item keeps its id also when the plan changes.
 * @param wanted the plan's first
 */
export function itemChanges(items: readonly Stripe.SubscriptionItem[], wanted: Wanted): readonly ItemChange[] {
  const byPrice = new Map(items.map((item) => [item.price.id, item]));
  const isWanted = (item: Stripe.SubscriptionItem) => wanted.some(({ priceId }) => priceId === item.price.id);
  const plan = planItemOf(items);
  const [wantedPlan] = wanted;
  const isSwap = plan !== undefined && wantedPlan !== undefined && !isWanted(plan) && !byPrice.has(wantedPlan.priceId);

  const kept = wanted.flatMap(({ priceId, quantity }): readonly ItemChange[] => {
    const item = byPrice.get(priceId);
    if (item !== undefined) return (item.quantity ?? 1) === quantity ? [] : [{ id: item.id, quantity }];
    const added = { price: priceId, quantity };
    return isSwap && priceId === wantedPlan.priceId ? [{ id: plan.id, ...added }] : [added];
  });
  const removed = items
    .filter((item) => !isWanted(item) && !(isSwap && item === plan))
    .map((item): ItemChange => ({ id: item.id, deleted: true }));
  return [...kept, ...removed];
}

/** Two previews: what is billed at once, and what the bill after it is. Neither changes anything. */
export async function previewChange(stripe: Stripe, change: SubscriptionChange): Promise<ChangePreview> {
  const subscription = await retrieve(stripe, change.subscriptionId);
  const items = [...itemChanges(subscription.items.data, change.items)];
  const proration_date = secondsOf(change.prorationAt);
  const preview = async (details: Stripe.InvoiceCreatePreviewParams.SubscriptionDetails) =>
    received(
      "invoice",
      await stripe.invoices.createPreview({
        customer: idOf(subscription.customer),
        subscription: subscription.id,
        subscription_details: items.length === 0 ? details : { ...details, items },
      }),
    );
  // Without a change there would be no bill now, and Stripe would show the next one.
  const now = items.length === 0 ? undefined : await preview({ proration_behavior: "always_invoice", proration_date });
  const next = await unlessLast(preview({ proration_behavior: "none" }));

  const { currency } = subscription;
  const { total = 0, amount_due = 0 } = now ?? {};
  // Below zero is what the customer has to their credit.
  const balance = (now ?? next)?.starting_balance ?? 0;
  const balanceAfter = Math.min(0, balance + total);
  return {
    currency: currency.toUpperCase(),
    dueNow: Money.fromMinor(total < 0 ? total : amount_due, currency),
    dueNext: Money.fromMinor(Math.max(0, (next?.total ?? 0) + balanceAfter), currency),
    nextAt: next === undefined ? null : nextBillAt(next, proration_date),
    lines: now === undefined ? [] : linesOf(now),
  };
}

export async function changeNow(
  stripe: Stripe,
  { subscriptionId, items: wanted, prorationAt }: SubscriptionChange,
  key: string,
): Promise<SubscriptionSnapshot> {
  const found = await retrieve(stripe, subscriptionId);
  const items = [...itemChanges(found.items.data, wanted)];
  if (items.length === 0 || isPending(found, wanted)) return subscriptionSnapshot(stripe, found);
  // What was planned for the period's end was planned for other items.
  await release(stripe, found, key);
  const changed = await stripe.subscriptions.update(
    subscriptionId,
    {
      items,
      proration_behavior: "always_invoice",
      proration_date: secondsOf(prorationAt),
      // Beside these four Stripe allows nothing with it. An invoice that is sent is no payment that could be incomplete.
      ...(found.collection_method === "send_invoice" ? {} : { payment_behavior: "pending_if_incomplete" }),
      expand,
    },
    { idempotencyKey: key },
  );
  return subscriptionSnapshot(stripe, changed);
}

/** By a schedule of two phases: as it is until the period ends, then as wanted; then the schedule lets go. */
export async function changeAtPeriodEnd(
  stripe: Stripe,
  { subscriptionId, items: wanted }: Omit<SubscriptionChange, "prorationAt">,
  key: string,
): Promise<SubscriptionSnapshot> {
  const found = await retrieve(stripe, subscriptionId);
  const schedule =
    liveSchedule(found) ??
    received(
      "subscription_schedule",
      await stripe.subscriptionSchedules.create(
        { from_subscription: subscriptionId },
        { idempotencyKey: `${key}-schedule` },
      ),
    );
  const [present] = schedule.phases.filter(({ start_date }) => start_date === schedule.current_phase?.start_date);
  if (present === undefined) throw new DomainError("conflict", "The subscription's schedule has no present phase.");
  // A phase without them would take the discounts away.
  const discounts = present.discounts.flatMap(({ discount }) =>
    discount === null ? [] : [{ discount: idOf(discount) }],
  );
  const carried = discounts.length === 0 ? {} : { discounts };
  await stripe.subscriptionSchedules.update(
    schedule.id,
    {
      end_behavior: "release",
      phases: [
        {
          start_date: present.start_date,
          end_date: present.end_date,
          items: present.items.map(({ price, quantity }) => ({ price: idOf(price), quantity: quantity ?? 1 })),
          ...carried,
        },
        {
          // Long enough to begin; after it the schedule is over, and the items stay.
          duration: { interval: "month", interval_count: 1 },
          items: wanted.map(({ priceId, quantity }) => ({ price: priceId, quantity })),
          proration_behavior: "none",
          ...carried,
        },
      ],
    },
    { idempotencyKey: key },
  );
  return subscriptionSnapshot(stripe, await retrieve(stripe, subscriptionId));
}

/** Gives up what was to happen at the period's end. */
export async function forgetScheduledChange(
  stripe: Stripe,
  subscriptionId: string,
  key: string,
): Promise<SubscriptionSnapshot> {
  const found = await retrieve(stripe, subscriptionId);
  const released = await release(stripe, found, key);
  return subscriptionSnapshot(stripe, released ? await retrieve(stripe, subscriptionId) : found);
}

/** Takes the schedule off, which else forbids to change the subscription. @returns whether there was one */
export async function release(stripe: Stripe, subscription: Stripe.Subscription, key: string): Promise<boolean> {
  const schedule = liveSchedule(subscription);
  if (schedule === undefined) return false;
  await stripe.subscriptionSchedules.release(schedule.id, {}, { idempotencyKey: `${key}-release` });
  return true;
}

function liveSchedule({ schedule: reference }: Stripe.Subscription): Stripe.SubscriptionSchedule | undefined {
  const schedule = expanded(reference);
  return schedule?.status === "active" || schedule?.status === "not_started" ? schedule : undefined;
}

/** @returns undefined when no bill follows, as the subscription ends first */
async function unlessLast(preview: Promise<Stripe.Invoice>): Promise<Stripe.Invoice | undefined> {
  try {
    return await preview;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === NO_NEXT_BILL) return undefined;
    throw error;
  }
}

/** Whether the same change waits for its payment already. */
function isPending({ pending_update }: Stripe.Subscription, wanted: Wanted): boolean {
  const pending = pending_update?.subscription_items ?? [];
  return (
    pending.length === wanted.length &&
    wanted.every(({ priceId, quantity }) =>
      pending.some((item) => item.price.id === priceId && (item.quantity ?? 1) === quantity),
    )
  );
}

/** When the interval stays, the next bill comes when the period ends; when it changes, a whole new one after now. */
function nextBillAt({ lines }: Stripe.Invoice, now: number): Date | null {
  const periods = lines.data
    .filter(({ parent }) => parent?.subscription_item_details?.proration === false)
    .map(({ period }) => period);
  const [first] = periods.toSorted((one, other) => one.start - other.start);
  if (first === undefined) return null;
  return dateOf(first.start > now ? first.start : first.end);
}

/** Its lines as they come, and what the sum has beside them. */
function linesOf({ lines, total, currency }: Stripe.Invoice): ChangePreview["lines"] {
  const shown = lines.data.map(({ description, amount }) => ({ description: description ?? "Subscription", amount }));
  const rest = total - shown.reduce((sum, { amount }) => sum + amount, 0);
  const further = { description: lines.has_more ? "Further lines and discounts" : "Discounts", amount: rest };
  return [...shown, ...(rest === 0 ? [] : [further])].map(({ description, amount }) => ({
    description,
    amount: Money.fromMinor(amount, currency),
  }));
}
