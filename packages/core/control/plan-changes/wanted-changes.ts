import { DomainError } from "../../kernel/errors.ts";
import type { SubscriptionChange } from "../../ports/subscriptions.ts";
import type { Item } from "../prices/prices.ts";
import type { CurrentSubscription } from "./current.ts";

/**
 * A change as the provider has to know it.
 * @throws DomainError `unavailable` for a price that is not published, `conflict` without a subscription
 */
export function changeOf(current: CurrentSubscription, items: readonly Item[], prorationAt: Date): SubscriptionChange {
  if (current.subscriptionId === null) throw new DomainError("conflict", "Choose a plan first.");
  return {
    subscriptionId: current.subscriptionId,
    prorationAt,
    items: items.map(({ sold: { stripePriceId }, quantity }) => {
      if (stripePriceId === null) throw new DomainError("unavailable", "This price is not on sale yet.");
      return { priceId: stripePriceId, quantity };
    }),
  };
}

export const scheduledFirst = (): DomainError =>
  new DomainError("conflict", "Another change is planned for the end of the period. Give that one up first.");
