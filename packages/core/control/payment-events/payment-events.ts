export { discard, type EventFilter, type EventState, type ListedEvent, list, replay } from "./operating.ts";
export * as PaymentEvents from "./payment-events.ts";

import * as z from "zod";
import { MINUTE_SECONDS } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import type { PaymentNotice } from "../../ports/payment-notices.ts";
import type { Subscriptions } from "../../ports/subscriptions.ts";
import type { ControlScope } from "../scope.ts";
import { TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import { callFor } from "./calling.ts";
import { HANDLED_TYPES } from "./handled.ts";

/** How long after each failed attempt the next one comes; the last holds for all further ones. */
const RETRY_SECONDS = [5, 15, MINUTE_SECONDS, 5 * MINUTE_SECONDS, 15 * MINUTE_SECONDS] as const;
/** Some four hours; then an operator is woken, and the daily comparison finds what was missed. */
const ATTEMPTS_MAX = 20;

/** Where a notice says whose account it is of: only those that Stripe passes on for somebody else have it. */
const foreignSchema = z.looseObject({ account: z.string().min(1) });
/** Of a dispute, which names no customer. */
const chargeSchema = z.looseObject({ data: z.looseObject({ object: z.looseObject({ charge: z.string().min(1) }) }) });

/**
 * Keeps a notice, once however often it comes, and calls for a worker: one short transaction. After it nothing is lost.
 * Types that nothing follows from are kept as well.
 */
export async function record(control: ControlScope, notice: PaymentNotice): Promise<"new" | "known"> {
  const isFollowed = HANDLED_TYPES.has(notice.type) && !foreignSchema.safeParse(notice.payload).success;
  // Only the look counts, so a notice in another version is as good; but our endpoint should not be sending it.
  if (!notice.isOurVersion)
    control.log.warn("a notice in another version", { type: notice.type, apiVersion: notice.apiVersion });
  return control.tx(async (tx) => {
    const inserted = await tx.db
      .insertInto("paymentEvents")
      .values({
        id: notice.id,
        type: notice.type,
        apiVersion: notice.apiVersion,
        stripeCustomerId: notice.customerId,
        createdAt: notice.createdAt,
        receivedAt: tx.clock.now(),
        state: isFollowed ? "received" : "ignored",
        payload: notice.payload,
      })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted === undefined) return "known";
    if (isFollowed) await callFor(tx, notice.id, "0", 0);
    return "new";
  });
}

/**
 * Looks at the customer of a notice, and marks it in the same transaction: a worker that dies leaves it as it was. A
 * failure is kept with the notice, which comes again later; in the end it waits for an operator.
 * @throws whatever the database throws; never what the provider does
 */
export async function apply(control: ControlScope, provider: Subscriptions, eventId: string): Promise<void> {
  try {
    await control.tx((tx) => applyOnce(tx, provider, eventId));
  } catch (error) {
    control.log.error("a notice of the payment provider was not applied", error, { eventId });
    await recordFailure(control, eventId, error);
  }
}

async function applyOnce(tx: ControlScope, provider: Subscriptions, eventId: string): Promise<void> {
  const event = await tx.db
    .selectFrom("paymentEvents")
    .select(["stripeCustomerId", "payload"])
    .where("id", "=", eventId)
    .where("state", "=", "received")
    .forUpdate()
    .executeTakeFirst();
  if (event === undefined) return;
  const customerId = event.stripeCustomerId ?? (await customerOfCharge(provider, event.payload));
  if (customerId !== undefined) await TenantSubscriptions.convergeCustomer(tx, provider, customerId);
  await tx.db
    .updateTable("paymentEvents")
    .set((update) => ({
      state: customerId === undefined ? "ignored" : "applied",
      attempts: update("attempts", "+", 1),
      error: null,
      appliedAt: tx.clock.now(),
    }))
    .where("id", "=", eventId)
    .execute();
}

async function customerOfCharge(provider: Subscriptions, payload: unknown): Promise<string | undefined> {
  const charge = chargeSchema.safeParse(payload).data?.data.object.charge;
  const invoiceId = charge === undefined ? undefined : await provider.invoiceOfCharge(charge);
  return invoiceId === undefined ? undefined : (await provider.readInvoice(invoiceId)).customerId;
}

async function recordFailure(control: ControlScope, eventId: string, error: unknown): Promise<void> {
  const attempts = await control.tx(async (tx) => {
    const failed = await tx.db
      .updateTable("paymentEvents")
      .set((update) => ({ attempts: update("attempts", "+", 1), error: reasonOf(error) }))
      .where("id", "=", eventId)
      .where("state", "=", "received")
      .returning("attempts")
      .executeTakeFirst();
    if (failed === undefined) return 0;
    if (failed.attempts < ATTEMPTS_MAX)
      await callFor(tx, eventId, String(failed.attempts), delayAfter(failed.attempts));
    else await tx.db.updateTable("paymentEvents").set({ state: "failed" }).where("id", "=", eventId).execute();
    return failed.attempts;
  });
  if (attempts >= ATTEMPTS_MAX) control.log.alarm("payment-event-failed", { eventId });
}

const delayAfter = (attempts: number): number => RETRY_SECONDS[attempts - 1] ?? 15 * MINUTE_SECONDS;

/** What an operator may read of it. */
const reasonOf = (error: unknown): string =>
  error instanceof DomainError ? `${error.code}: ${error.message}` : error instanceof Error ? error.name : typeof error;
