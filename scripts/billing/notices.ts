import { type EventState, PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { countOf, reasonOf, textOf } from "../operators/options.ts";
import { table } from "../operators/tables.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, done, type Outcome } from "./command.ts";

/** What the payment provider told us. */

const states: readonly EventState[] = ["received", "applied", "ignored", "failed", "discarded"];
const PAGE = { default: 50, max: 500 } as const;

export async function list({ operator, options }: Call): Promise<Outcome> {
  const wanted = textOf(options, "state");
  const state = states.find((one) => one === wanted);
  if (wanted !== undefined && state === undefined) {
    throw new UsageError(`There is no state "${wanted}". Known are ${states.join(", ")}.`);
  }
  const customerId = textOf(options, "customer");
  const found = await PaymentEvents.list(operator, {
    ...(state === undefined ? {} : { state }),
    ...(customerId === undefined ? {} : { customerId }),
    limit: countOf(options, "limit", PAGE.default, PAGE.max),
  });
  if (found.length === 0) return done(found, "No such notices.");
  const rows = found.map((event) => [
    event.id,
    event.type,
    event.state,
    event.attempts,
    event.stripeCustomerId,
    event.receivedAt.toISOString(),
    event.error,
  ]);
  return done(found, table(["NOTICE", "TYPE", "STATE", "TRIES", "CUSTOMER", "RECEIVED", "ERROR"], rows));
}

export async function replay({ operator, word = "", options }: Call): Promise<Outcome> {
  await PaymentEvents.replay(operator, word, { reason: reasonOf(options) });
  return done({ eventId: word }, "It is looked into again, in the background. See: npm run billing -- notices");
}

export async function discard({ operator, word = "", options }: Call): Promise<Outcome> {
  await PaymentEvents.discard(operator, word, { reason: reasonOf(options) });
  return done({ eventId: word }, "It is given up. The daily comparison finds what it was about.");
}
