import { randomBytes } from "node:crypto";
import type { Clock } from "@pharmasight/core/kernel/clock";
import type Sdk from "stripe";
import type { AsStored } from "./as-stored.ts";
import { previousAttributes } from "./changes.ts";
import type { Kept, Memory } from "./memory.ts";
import { missing } from "./replies.ts";

/** Kind → object as the API shows it, with every reference as an id. */
export interface Stored {
  customers: AsStored<Sdk.Customer>;
  taxIds: AsStored<Sdk.TaxId>;
  paymentMethods: AsStored<Sdk.PaymentMethod>;
  products: AsStored<Sdk.Product>;
  prices: AsStored<Sdk.Price>;
  coupons: AsStored<Sdk.Coupon>;
  promotionCodes: AsStored<Sdk.PromotionCode>;
  discounts: AsStored<Sdk.Discount>;
  webhookEndpoints: AsStored<Sdk.WebhookEndpoint>;
  portalConfigurations: AsStored<Sdk.BillingPortal.Configuration>;
  subscriptions: AsStored<Sdk.Subscription>;
  subscriptionItems: AsStored<Sdk.SubscriptionItem>;
  schedules: AsStored<Sdk.SubscriptionSchedule>;
  invoices: AsStored<Sdk.Invoice>;
  invoiceItems: AsStored<Sdk.InvoiceItem>;
  invoicePayments: AsStored<Sdk.InvoicePayment>;
  paymentIntents: AsStored<Sdk.PaymentIntent>;
  setupIntents: AsStored<Sdk.SetupIntent>;
  charges: AsStored<Sdk.Charge>;
  refunds: AsStored<Sdk.Refund>;
  creditNotes: AsStored<Sdk.CreditNote>;
  disputes: AsStored<Sdk.Dispute>;
  checkoutSessions: AsStored<Sdk.Checkout.Session>;
  portalSessions: AsStored<Sdk.BillingPortal.Session>;
  events: StoredEvent;
}
export type Kind = keyof Stored;

/** An event of any type; its object is what the API showed at that moment. */
export interface StoredEvent {
  readonly id: string;
  readonly object: "event";
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: object; readonly previous_attributes?: object };
  readonly livemode: false;
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null } | null;
  readonly type: EventType;
}
export type EventType = Sdk.Event["type"];

/** Everything that the stand-in knows. What it hands out is frozen: change by putting another object. */
export interface World {
  /** Of the stand-in, for its hosted pages. */
  readonly url: string;
  /** Seconds since 1970, by the stand-in's clock. */
  now(): number;
  /** Runs what happened at an earlier moment that nobody has looked at yet: `now()` is that moment inside. */
  at<T>(seconds: number, run: () => T): T;
  /** A new id such as `sub_…`. */
  id(prefix: string): string;
  /** Newest first. */
  all<K extends Kind>(kind: K): readonly Kept[K][];
  find<K extends Kind>(kind: K, id: string): Kept[K] | undefined;
  /** @throws Refusal 404 `resource_missing`, naming `param` */
  get<K extends Kind>(kind: K, id: string, param?: string): Kept[K];
  /** Inserts, or replaces by id. @returns what is kept: a frozen copy */
  put<K extends Kind>(kind: K, object: Kept[K]): Kept[K];
  /** Replaces and sends an event that says what changed; nothing when nothing did. */
  change<K extends Kind>(kind: K, object: Kept[K], type: EventType): Kept[K];
  remove<K extends Kind>(kind: K, id: string): void;
  /** Facts that the API does not show, such as which test card a payment method is. */
  secretOf(id: string): Readonly<Record<string, string>>;
  /** Adds to the facts of this id. */
  keepSecret(id: string, facts: Readonly<Record<string, string>>): void;
  /** Stores an event with a copy of the object as it is now, and queues its delivery. */
  emit(type: EventType, object: object, previous?: object): void;
}

/** The API version of the account, which events are in unless an endpoint asked for another. */
export const ACCOUNT_VERSION = "2026-10-28.endive";

/** What the server knows beyond `World`. */
export interface WorldOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly url: () => string;
  /** The request that is being answered, for the events that it makes. */
  readonly request: () => StoredEvent["request"];
  /** Queues the deliveries of a new event. @returns how many there are */
  readonly queue: (event: StoredEvent) => number;
}

/** The world in this memory. */
export function openWorld({ memory, clock, url, request, queue }: WorldOptions): World {
  let past: number | undefined;
  const world: World = {
    get url() {
      return url();
    },
    now: () => past ?? Math.floor(clock.now().getTime() / 1000) + memory.account().offsetSeconds,
    at: (seconds, run) => {
      const outer = past;
      past = seconds;
      try {
        return run();
      } finally {
        past = outer;
      }
    },
    id: (prefix) => `${prefix}_${randomBytes(12).toString("hex")}`,
    all: (kind) => memory.rows(kind).toReversed(),
    find: (kind, id) => memory.find(kind, id),
    get: (kind, id, param = "id") => {
      const found = memory.find(kind, id);
      if (found === undefined) throw missing(nouns[kind], id, param);
      return found;
    },
    put: (kind, object) => memory.put(kind, object.id, object),
    change: (kind, object, type) => {
      const previous = previousAttributes(memory.find(kind, object.id) ?? {}, object);
      if (Object.keys(previous).length === 0) return object;
      const kept = memory.put(kind, object.id, object);
      world.emit(type, kept, previous);
      return kept;
    },
    remove: (kind, id) => memory.remove(kind, id),
    secretOf: (id) => memory.find("facts", id) ?? {},
    keepSecret: (id, facts) => void memory.put("facts", id, { ...memory.find("facts", id), ...facts }),
    emit: (type, object, previous) => {
      const event: StoredEvent = {
        id: world.id("evt"),
        object: "event",
        api_version: ACCOUNT_VERSION,
        created: world.now(),
        data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
        livemode: false,
        pending_webhooks: 0,
        request: request(),
        type,
      };
      const kept = memory.put("events", event.id, event);
      memory.put("events", event.id, { ...kept, pending_webhooks: queue(kept) });
    },
  };
  return world;
}

/** What Stripe's own sentences call them. */
const nouns: Readonly<Record<Kind, string>> = {
  customers: "customer",
  taxIds: "tax_id",
  paymentMethods: "PaymentMethod",
  products: "product",
  prices: "price",
  coupons: "coupon",
  promotionCodes: "promotion code",
  discounts: "discount",
  webhookEndpoints: "webhook endpoint",
  portalConfigurations: "configuration",
  subscriptions: "subscription",
  subscriptionItems: "subscription item",
  schedules: "subscription schedule",
  invoices: "invoice",
  invoiceItems: "invoiceitem",
  invoicePayments: "invoice payment",
  paymentIntents: "payment_intent",
  setupIntents: "setupintent",
  charges: "charge",
  refunds: "refund",
  creditNotes: "credit note",
  disputes: "dispute",
  checkoutSessions: "checkout.session",
  portalSessions: "billing portal session",
  events: "event",
};
