import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { invalid, listOf, listParameters } from "./replies.ts";
import { route } from "./routes.ts";
import type { Stored, World } from "./world.ts";

export const disputeRoutes = [
  route("GET", "/v1/disputes/:id", z.strictObject({}), ({ world, id }) => world.get("disputes", id)),
  route(
    "GET",
    "/v1/disputes",
    z.strictObject({ ...listParameters, charge: z.string().optional() }),
    ({ world, params: { charge, ...page } }) =>
      listOf(
        "/v1/disputes",
        world.all("disputes").filter((one) => (charge ?? one.charge) === one.charge),
        page,
      ),
  ),
];

const EVIDENCE_DAYS = 7;

/** The holder of the card tells the bank that the charge was not theirs. */
export function dispute(world: World, chargeId: string, reason = "fraudulent"): Stored["disputes"] {
  const charge = world.get("charges", chargeId, "charge");
  if (!charge.paid || charge.disputed) throw invalid("Only a charge that was paid can be disputed, and once.");
  const made = world.put("disputes", {
    id: world.id("du"),
    object: "dispute",
    amount: charge.amount - charge.amount_refunded,
    balance_transactions: [],
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: world.now() + EVIDENCE_DAYS * DAY_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "manual",
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason,
    status: "needs_response",
  });
  world.change("charges", { ...charge, disputed: true }, "charge.updated");
  world.emit("charge.dispute.created", made);
  return made;
}

/** The bank has decided. */
export function closeDispute(world: World, disputeId: string, status: "won" | "lost"): Stored["disputes"] {
  const closed = world.put("disputes", { ...world.get("disputes", disputeId, "dispute"), status });
  world.emit("charge.dispute.closed", closed);
  return closed;
}

const noEvidence: Stored["disputes"]["evidence"] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
