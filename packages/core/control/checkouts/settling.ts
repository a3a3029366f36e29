import type { SubscriptionSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";

/**
 * What became of the page for paying, as the provider shows it now. One that is still open while there is a subscription,
 * as after one that was made by an operator, is shut: it could be paid a second time.
 * @param tx that holds the subscription's row
 * @param own the tenant's subscription; undefined when there is none
 */
export async function settleCheckouts(
  tx: ControlScope,
  provider: Subscriptions,
  tenantId: string,
  own: SubscriptionSnapshot | undefined,
): Promise<void> {
  const open = await tx.db
    .selectFrom("checkouts")
    .select(["id", "stripeSessionId"])
    .where("tenantId", "=", tenantId)
    .where("state", "=", "open")
    .forUpdate()
    .execute();
  for (const { id, stripeSessionId } of open) {
    if (stripeSessionId === null) continue;
    const seen = await provider.readCheckout(stripeSessionId);
    const isBought = own !== undefined && own.endedAt === null;
    const session = seen.status === "open" && isBought ? await provider.shutCheckout(stripeSessionId) : seen;
    if (session.status === "open") continue;
    const state = session.status === "complete" ? "completed" : "expired";
    await tx.db.updateTable("checkouts").set({ state, updatedAt: tx.clock.now() }).where("id", "=", id).execute();
    await ControlAudit.append(tx, { action: `checkout.${state}`, tenantId, after: { checkoutId: id } });
  }
}
