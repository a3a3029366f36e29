import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import type { EventFaults } from "./event-faults.ts";
import { OLD_VERSION, payloadOf, signatureOf, staleCopy } from "./event-payload.ts";
import { matches } from "./events.ts";
import type { Memory } from "./memory.ts";
import { signingSecretOf } from "./webhook-endpoints.ts";
import type { Stored, StoredEvent, World } from "./world.ts";

/** One event on its way to one endpoint; gone once it has arrived or was given up. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly endpoint: string;
  /** By the stand-in's clock. */
  readonly dueAt: number;
  readonly tries: number;
  /** Waits for another delivery to go first. */
  readonly isHeld: boolean;
  /** A second copy, which the event does not count. */
  readonly isCopy: boolean;
  readonly isStale: boolean;
  readonly isOldVersion: boolean;
}

export interface Dispatcher {
  /** Queues a new event for every endpoint that wants it. @returns how many there are */
  queue(event: StoredEvent): number;
  /** Starts sending what is due. */
  wake(): void;
  /** Sends what is due and what is held, and what becomes due by that; resolves when nothing is left. */
  deliverAll(): Promise<void>;
  /** Cuts off what is under way. It is sent again after the next start. */
  stop(): Promise<void>;
}

/** After each failed try; after the last one, which is three days after the first, the delivery is given up. */
const RETRY_AFTER_SECONDS = [60, 300, 1800, 7200, 18_000, 36_000, DAY_SECONDS / 2, DAY_SECONDS / 2, DAY_SECONDS];
const HELD_SECONDS = 60;
const TIMEOUT_MS = 10_000;

/**
 * Sends events to the endpoints, to each one after another. Anything but a 2xx is tried again later; a redirect is not
 * followed.
 * @param now of the real world, in seconds: signatures are as old as their delivery, wherever the stand-in's clock is
 */
export function startDispatcher(parts: {
  readonly memory: Memory;
  readonly world: () => World;
  readonly faults: EventFaults;
  readonly now: () => number;
}): Dispatcher {
  const { memory, faults } = parts;
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  const due = (endpoint: string): Delivery | undefined => {
    const now = parts.world().now();
    return memory
      .rows("deliveries")
      .filter((one) => one.endpoint === endpoint && one.dueAt + (one.isHeld ? HELD_SECONDS : 0) <= now)
      .toSorted((a, b) => a.dueAt - b.dueAt)[0];
  };

  const send = async (delivery: Delivery): Promise<void> => {
    const world = parts.world();
    const event = world.find("events", delivery.event);
    const endpoint = world.find("webhookEndpoints", delivery.endpoint);
    if (event === undefined || endpoint?.status !== "enabled") {
      memory.attempt(() => memory.remove("deliveries", delivery.id));
      return;
    }
    const shown = delivery.isStale ? staleCopy(world, event) : event;
    const version = delivery.isOldVersion ? OLD_VERSION : (endpoint.api_version ?? event.api_version);
    const payload = payloadOf(shown, version);
    const signature = signatureOf(payload, signingSecretOf(world, endpoint.id), parts.now());
    const isReceived = await post(endpoint.url, payload, signature, stopping.signal);
    if (!stopping.signal.aborted) memory.attempt(() => settle(delivery, isReceived));
  };

  const settle = (delivery: Delivery, isReceived: boolean): void => {
    const world = parts.world();
    const wait = RETRY_AFTER_SECONDS[delivery.tries];
    if (isReceived || wait === undefined) memory.remove("deliveries", delivery.id);
    else {
      memory.put("deliveries", delivery.id, {
        ...delivery,
        isHeld: false,
        dueAt: world.now() + wait,
        tries: delivery.tries + 1,
      });
    }
    const event = world.find("events", delivery.event);
    if (isReceived && !delivery.isCopy && event !== undefined) {
      world.put("events", { ...event, pending_webhooks: event.pending_webhooks - 1 });
    }
    release((held) => held.endpoint === delivery.endpoint && held.id !== delivery.id);
  };

  const release = (isMeant: (held: Delivery) => boolean): void => {
    for (const held of memory.rows("deliveries").filter((one) => one.isHeld && isMeant(one))) {
      memory.put("deliveries", held.id, { ...held, isHeld: false });
    }
  };

  const sendAllTo = async (endpoint: string): Promise<void> => {
    for (let next = due(endpoint); next !== undefined && !stopping.signal.aborted; next = due(endpoint)) {
      await send(next);
    }
  };

  const wake = (): void => {
    if (stopping.signal.aborted) return;
    for (const endpoint of new Set(memory.rows("deliveries").map((one) => one.endpoint))) {
      if (running.has(endpoint) || due(endpoint) === undefined) continue;
      const run = sendAllTo(endpoint).then(
        () => {
          running.delete(endpoint);
          // An event may have come since the last look.
          wake();
        },
        (error: unknown) => {
          running.delete(endpoint);
          console.error("The stand-in for Stripe could not deliver an event:", error);
        },
      );
      running.set(endpoint, run);
    }
  };

  return {
    queue: (event) => {
      const world = parts.world();
      const endpoints = memory.rows("webhookEndpoints").filter((endpoint) => wants(endpoint, event));
      for (const endpoint of endpoints) {
        for (const delivery of plan(world, faults, event, endpoint.id)) {
          memory.put("deliveries", delivery.id, delivery);
        }
      }
      return endpoints.length;
    },
    wake,
    deliverAll: async () => {
      for (;;) {
        wake();
        if (running.size === 0) {
          const now = parts.world().now();
          memory.attempt(() => release(({ dueAt }) => dueAt <= now));
          wake();
        }
        if (running.size === 0) return;
        await Promise.all(running.values());
      }
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(running.values());
    },
  };
}

const wants = (endpoint: Stored["webhookEndpoints"], event: StoredEvent): boolean =>
  endpoint.status === "enabled" && endpoint.enabled_events.some((pattern) => matches(pattern, event.type));

/** The deliveries of an event to one endpoint: one, unless a fault says otherwise. */
function plan(world: World, faults: EventFaults, event: StoredEvent, endpoint: string): readonly Delivery[] {
  const fault = faults.take(event.type);
  const one: Delivery = {
    id: world.id("del"),
    event: event.id,
    endpoint,
    dueAt: world.now() + (fault?.action === "delay" ? fault.seconds : 0),
    tries: 0,
    isHeld: fault?.action === "reorder",
    isCopy: false,
    isStale: fault?.action === "stale",
    isOldVersion: fault?.action === "wrong_version",
  };
  if (fault?.action === "drop") return [];
  return fault?.action === "duplicate" ? [one, { ...one, id: world.id("del"), isCopy: true }] : [one];
}

/** Whether the endpoint took it. Names under `localhost` are this machine, as in a browser. */
function post(address: string, payload: string, signature: string, signal: AbortSignal): Promise<boolean> {
  const url = new URL(address);
  const isLocal = url.hostname === "localhost" || url.hostname.endsWith(".localhost");
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const request = send(
      {
        hostname: isLocal ? "127.0.0.1" : url.hostname,
        port: url.port,
        path: `${url.pathname}${url.search}`,
        method: "POST",
        servername: url.hostname,
        headers: {
          host: url.host,
          "content-type": "application/json; charset=utf-8",
          "content-length": Buffer.byteLength(payload),
          "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
          "stripe-signature": signature,
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        resolve(status >= 200 && status < 300);
      },
    );
    request.on("error", () => resolve(false));
    request.end(payload);
  });
}
