import { createHmac } from "node:crypto";
import type { StoredEvent, World } from "./world.ts";

/** The first version in which periods are on items, and an invoice's subscription in its `parent`. */
const BASIL = "2025-03-31";
/** What an event is in when its version is the wrong one. */
export const OLD_VERSION = "2020-08-27";

type Fields = Readonly<Record<string, unknown>>;

/** The bytes of a delivery: the event in the shape of this API version. */
export function payloadOf(event: StoredEvent, version: string): string {
  const object = version < BASIL ? inOldShape(event.data.object) : event.data.object;
  return JSON.stringify({ ...event, api_version: version, data: { ...event.data, object } }, undefined, 2);
}

/** The event with its object as earlier events showed it last while it was different; without any, as it is. */
export function staleCopy(world: World, event: StoredEvent): StoredEvent {
  const { object } = event.data;
  const { id } = read(object);
  const isNow = JSON.stringify(object);
  const all = world.all("events");
  const earlier = all
    .slice(all.findIndex((other) => other.id === event.id) + 1)
    .find(({ data }) => read(data.object).id === id && JSON.stringify(data.object) !== isNow);
  return { ...event, data: { ...event.data, object: earlier?.data.object ?? object } };
}

/**
 * The header `stripe-signature`.
 * @param seconds when it is signed; receivers refuse what is older than five minutes
 */
export function signatureOf(payload: string, secret: string, seconds: number): string {
  const signature = createHmac("sha256", secret).update(`${seconds}.${payload}`).digest("hex");
  return `t=${seconds},v1=${signature}`;
}

/** What an object that the product reads looked like: fields where they have not been for years. */
function inOldShape(object: object): object {
  const fields = read(object);
  if (fields.object === "subscription") {
    const { items, ...rest } = fields;
    const data = list(read(items).data).map(read);
    return {
      ...rest,
      current_period_start: data[0]?.current_period_start,
      current_period_end: data[0]?.current_period_end,
      plan: data[0]?.plan ?? data[0]?.price,
      items: {
        ...read(items),
        data: data.map(({ current_period_start: _start, current_period_end: _end, ...item }) => item),
      },
    };
  }
  if (fields.object === "invoice") {
    const { parent, payments: _payments, total_taxes: _taxes, confirmation_secret: _secret, ...rest } = fields;
    return {
      ...rest,
      subscription: read(read(parent).subscription_details).subscription ?? null,
      paid: fields.status === "paid",
      payment_intent: null,
      charge: null,
      tax: null,
    };
  }
  return object;
}

const read = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
