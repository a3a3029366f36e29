import { DomainError, notFound } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import type { PaymentEventsTable } from "../tables.generated.ts";
import { callFor } from "./calling.ts";

export type EventState = "received" | "applied" | "ignored" | "failed" | "discarded";

export interface EventFilter {
  readonly state?: EventState;
  readonly customerId?: string;
  /** 1 to 1000. */
  readonly limit: number;
}

export type ListedEvent = Readonly<
  Pick<
    PaymentEventsTable,
    "id" | "type" | "apiVersion" | "stripeCustomerId" | "createdAt" | "receivedAt" | "error" | "appliedAt"
  >
> & { readonly state: EventState; readonly attempts: number };

/** The newest first. @throws DomainError `forbidden` for anybody but an operator */
export async function list(
  control: ControlScope,
  { state, customerId, limit }: EventFilter,
): Promise<readonly ListedEvent[]> {
  requireOperator(control);
  return control.db
    .selectFrom("paymentEvents")
    .select([
      "id",
      "type",
      "apiVersion",
      "stripeCustomerId",
      "createdAt",
      "receivedAt",
      "state",
      "attempts",
      "error",
      "appliedAt",
    ])
    .$if(state !== undefined, (query) => query.where("state", "=", state ?? "failed"))
    .$if(customerId !== undefined, (query) => query.where("stripeCustomerId", "=", customerId ?? ""))
    .orderBy("receivedAt", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/**
 * Has a notice looked into again, whatever became of it before: a look is harmless however often it is had.
 * @throws DomainError `forbidden`, `not_found`, `invalid_input` on `reason`
 */
export async function replay(control: ControlScope, eventId: string, reasoned: Reasoned): Promise<void> {
  await change(control, eventId, reasoned, "payment_event.replayed", async (tx) => {
    await tx.db
      .updateTable("paymentEvents")
      .set({ state: "received", attempts: 0, error: null, appliedAt: null })
      .where("id", "=", eventId)
      .execute();
    await callFor(tx, eventId, `replay:${tx.clock.now().toISOString()}`, 0);
  });
}

/**
 * Gives up a notice that was not applied.
 * @throws as `replay`, and `conflict` for one that was applied
 */
export async function discard(control: ControlScope, eventId: string, reasoned: Reasoned): Promise<void> {
  await change(control, eventId, reasoned, "payment_event.discarded", async (tx, state) => {
    if (state === "applied") throw new DomainError("conflict", "This notice was applied already.");
    await tx.db.updateTable("paymentEvents").set({ state: "discarded" }).where("id", "=", eventId).execute();
  });
}

async function change(
  control: ControlScope,
  eventId: string,
  reasoned: Reasoned,
  action: string,
  run: (tx: ControlScope, state: EventState) => Promise<void>,
): Promise<void> {
  requireOperator(control);
  const reason = reasonOfOperator(reasoned);
  await control.tx(async (tx) => {
    const event = await tx.db
      .selectFrom("paymentEvents")
      .select("state")
      .where("id", "=", eventId)
      .forUpdate()
      .executeTakeFirst();
    if (event === undefined) throw notFound("notice of the payment provider");
    await run(tx, event.state);
    await ControlAudit.append(tx, { action, reason, before: { eventId, state: event.state } });
  });
}
