import type { Clock } from "@pharmasight/core/kernel/clock";
import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import { parseJson } from "@pharmasight/core/kernel/json";
import type { PaymentNotice, PaymentNotices } from "@pharmasight/core/ports/payment-notices";
import Stripe from "stripe";
import * as z from "zod";
import { API_VERSION, dateOf, secondsOf } from "./client.ts";

/** How old a signature may be, and how far ahead of our clock: the SDK checks the first only. */
const AGE_SECONDS = 300;
const AHEAD_SECONDS = 30;

const reference = z.union([z.string(), z.object({ id: z.string() })]).nullish();
const noticeSchema = z.looseObject({
  id: z.string().min(1).max(255),
  // Events of the newer kind (`v2.core.event`) carry no object; no endpoint of ours asks for them.
  object: z.literal("event"),
  type: z.string().min(1).max(255),
  api_version: z.string().nullish(),
  created: z.number(),
  data: z.looseObject({
    object: z.looseObject({ object: z.string(), id: z.string().nullish(), customer: reference, charge: reference }),
  }),
});
type About = z.infer<typeof noticeSchema>["data"]["object"];

/**
 * Stripe's webhooks.
 * @param options.secrets of the endpoint: two while one takes the place of the other
 */
export function stripeNotices(options: {
  readonly secrets: () => Promise<readonly string[]>;
  readonly clock: Clock;
}): PaymentNotices {
  return {
    verify: async (body, signature) => {
      const now = options.clock.now();
      if (signature === undefined || isAhead(signature, now)) throw refused();
      // A secret that was copied with its line's end is the same secret. Without any, everything is refused.
      const secrets = (await options.secrets()).map((secret) => secret.trim()).filter((secret) => secret !== "");
      if (!secrets.some((secret) => isSigned(body, signature, secret, now))) throw refused();
      return noticeOf(body);
    },
  };
}

/** The SDK compares in constant time, and throws for whatever is wrong. */
function isSigned(body: Uint8Array, signature: string, secret: string, now: Date): boolean {
  try {
    Stripe.webhooks.signature?.verifyHeader(body, signature, secret, AGE_SECONDS, undefined, now.getTime());
    return Stripe.webhooks.signature !== null;
  } catch {
    return false;
  }
}

/** Whether the moment of signing lies in the future, by more than clocks differ. */
function isAhead(signature: string, now: Date): boolean {
  const [, seconds] = /(?:^|,)t=(\d{1,12})(?:,|$)/.exec(signature) ?? [];
  return seconds === undefined || Number(seconds) > secondsOf(now) + AHEAD_SECONDS;
}

const refused = () => new DomainError("unauthenticated", "The notice is not signed by the payment provider.");

function noticeOf(body: Uint8Array): PaymentNotice {
  const payload = parseJson(new TextDecoder().decode(body));
  const parsed = noticeSchema.safeParse(payload);
  if (!parsed.success) throw invalidInput("The body is signed, but it is no notice.");
  const { id, type, api_version, created, data } = parsed.data;
  return {
    id,
    type,
    apiVersion: api_version ?? null,
    isOurVersion: api_version === API_VERSION,
    customerId: customerOf(data.object),
    objectId: objectOf(data.object),
    createdAt: dateOf(created),
    payload: parsed.data,
  };
}

const customerOf = (about: About): string | null =>
  about.object === "customer" ? (about.id ?? null) : idOf(about.customer);

/** A dispute names the charge that it is about, and no customer. */
const objectOf = (about: About): string | null =>
  about.object === "dispute" ? idOf(about.charge) : (about.id ?? null);

const idOf = (of: z.infer<typeof reference>): string | null => (typeof of === "string" ? of : (of?.id ?? null));
