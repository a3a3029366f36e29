import { billingPlatform } from "@pharmasight/adapters/billing-platform";
import { log } from "@pharmasight/adapters/log";
import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import * as z from "zod";
import { sqsHandler } from "../../workers/batch.ts";

const outboxId = z.uuid();
const messageSchema = z.discriminatedUnion("work", [
  z.object({ work: z.literal("event"), eventId: z.string().min(1), outboxId }),
  z.object({ work: z.literal("converge"), tenantId: z.uuid(), outboxId }),
  Reconciliation.partSchema.extend({ work: z.literal("reconcile"), outboxId }),
  z.object({ work: z.literal("cancel_second"), tenantId: z.uuid(), subscriptionId: z.string().min(1), outboxId }),
]);
type Message = z.infer<typeof messageSchema>;

/** Brings tenants to what the payment provider says of them now. */
export const handler = sqsHandler(
  messageSchema,
  async (message) => {
    const { control: controlAs, subscriptions } = await billingPlatform();
    const control = controlAs({ kind: "system", name: "settle-billing" });
    if (await control.isSettled(message.outboxId)) return;
    await work(control, subscriptions, message);
    await control.settle(message.outboxId);
  },
  log,
);

function work(control: ControlScope, provider: Subscriptions, message: Message): Promise<void> {
  switch (message.work) {
    case "event":
      return PaymentEvents.apply(control, provider, message.eventId);
    case "converge":
      return TenantSubscriptions.converge(control, provider, message.tenantId);
    case "reconcile":
      return Reconciliation.step(control, provider, message);
    case "cancel_second":
      return TenantSubscriptions.cancelSecond(control, provider, message.tenantId, message.subscriptionId);
  }
}
