import * as z from "zod";
import { invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

export const refundRoutes = [
  route("GET", "/v1/refunds/:id", z.strictObject({}), ({ world, id }) => world.get("refunds", id)),
  route(
    "GET",
    "/v1/refunds",
    z.strictObject({ ...listParameters, charge: z.string().optional(), payment_intent: z.string().optional() }),
    ({ world, params: { charge, payment_intent: intent, ...page } }) => {
      const found = world
        .all("refunds")
        .filter(
          (one) => (charge ?? one.charge) === one.charge && (intent ?? one.payment_intent) === one.payment_intent,
        );
      return listOf("/v1/refunds", found, page);
    },
  ),
];

/** Sends money back to the card. @throws Refusal when the charge has less left, or is disputed */
export function refund(world: World, chargeId: string, amount: number): Stored["refunds"] {
  const charge = world.get("charges", chargeId);
  const left = charge.amount_captured - charge.amount_refunded;
  if (charge.disputed) {
    throw invalid(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: "charge_disputed" });
  }
  if (left === 0) {
    throw invalid(`Charge ${charge.id} has already been refunded.`, { code: "charge_already_refunded" });
  }
  if (amount > left) {
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`, {
      param: "amount",
    });
  }
  const made = world.put("refunds", {
    id: world.id("re"),
    object: "refund",
    amount,
    balance_transaction: world.id("txn"),
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  });
  world.emit("refund.created", made);
  const refunded = charge.amount_refunded + amount;
  const after = { ...charge, amount_refunded: refunded, refunded: refunded === charge.amount_captured };
  world.change("charges", after, "charge.refunded");
  return made;
}
