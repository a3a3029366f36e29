import { billingOperatorPlatform } from "@pharmasight/adapters/billing-operator-platform";
import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";

/**
 * What an operator does once at the payment provider of a stage: everything that is sold is published, and notices are
 * sent here. Each start finds what an earlier one made.
 */
export async function preparePayments(): Promise<void> {
  const { control: controlAs, catalogue, secrets, endpoint } = await billingOperatorPlatform();
  const control = controlAs({ kind: "system", name: "start" });
  // In a stage the stack makes it, with a value that nobody signs with.
  await secrets.create(endpoint.reference, "not told yet");
  await Catalogue.publish(control, catalogue);
  await Catalogue.announceEndpoint(control, { catalogue, secrets }, endpoint);
}
