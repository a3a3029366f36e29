import type { ProviderStatus, SubscriptionSnapshot } from "../../ports/subscriptions.ts";

/** How good a claim each status is to be the tenant's subscription: the lower the better. */
const ranks: Readonly<Record<ProviderStatus, number>> = {
  active: 0,
  trialing: 0,
  past_due: 1,
  unpaid: 2,
  paused: 2,
  incomplete: 3,
  canceled: 4,
  incomplete_expired: 5,
};

/** Statuses that are paid for, or will be asked to be. */
const RUNNING_RANK = 2;

const isRunning = ({ status }: SubscriptionSnapshot): boolean => ranks[status] <= RUNNING_RANK;

/**
 * Which of a customer's subscriptions is the tenant's. One that is paid comes before one that is not: who pays must get
 * in. Of several equals the oldest that runs, so that a second one never takes the place of the first; of those that have
 * ended the newest, which says how it ended.
 */
export function ownSubscription(subscriptions: readonly SubscriptionSnapshot[]): SubscriptionSnapshot | undefined {
  const [own] = subscriptions.toSorted((one, other) => ranks[one.status] - ranks[other.status] || byAge(one, other));
  return own;
}

/** Those that run beside the tenant's own: nobody wants to pay twice. */
export function secondSubscriptions(subscriptions: readonly SubscriptionSnapshot[]): readonly SubscriptionSnapshot[] {
  const own = ownSubscription(subscriptions);
  return subscriptions.filter((one) => isRunning(one) && one !== own);
}

/** Ids decide where two were made in the same second, so that every look chooses alike. */
function byAge(one: SubscriptionSnapshot, other: SubscriptionSnapshot): number {
  const older =
    one.createdAt.getTime() - other.createdAt.getTime() || (one.subscriptionId < other.subscriptionId ? -1 : 1);
  return isRunning(one) ? older : -older;
}
