import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import { type Call, type HttpServer, type Reply, serveVendor } from "../http.ts";
import { perform } from "./acts.ts";
import { type Dispatcher, startDispatcher } from "./dispatcher.ts";
import { EventFaults } from "./event-faults.ts";
import { Memory } from "./memory.ts";
import { failure } from "./replies.ts";
import { answerApi, answerPage } from "./server.ts";
import { apiRoutes, includables, pageRoutes } from "./table.ts";
import { letTimePass } from "./time.ts";
import { ACCOUNT_VERSION, openWorld, type Stored, type StoredEvent, type World } from "./world.ts";

/** A customer as the API shows it; `created` in seconds since 1970. */
export type StripeCustomer = Readonly<Stored["customers"]>;

export interface Stripe extends HttpServer {
  readonly apiKey: string;
  /** Oldest first. */
  customers(): readonly StripeCustomer[];
  /** To look into; what changes it, the API and the acts do. */
  readonly world: World;
  readonly events: StripeEvents;
  /** Moves the stand-in's clock ahead of the one that it was given, and lets happen what happens meanwhile. */
  advance(seconds: number): void;
}

/** What goes wrong with events, and waiting for them. */
export interface StripeEvents extends Pick<EventFaults, "add" | "clear"> {
  /** Resolves when no event is due any more. One that an endpoint refused is due again only later. */
  deliverAll(): Promise<void>;
}

const ACTS_PATH = "/_acts";
const LOOK_EVERY_MS = 1000;

/**
 * Stands in for Stripe: the calls and the pages that the product uses, in Stripe's form encoding, error shape, test cards
 * and idempotency rules, with signed events. Anything else is refused.
 * @param options.searchLagSeconds how long a new customer stays unknown to search, as Stripe's index is up to a minute
 * late
 */
export async function startStripe(options: {
  readonly file: string;
  readonly port: number;
  readonly clock?: Clock;
  readonly searchLagSeconds?: number;
}): Promise<Stripe> {
  const clock = options.clock ?? systemClock;
  const memory = new Memory(options.file, {
    apiKey: `sk_test_${randomBytes(24).toString("hex")}`,
    offsetSeconds: 0,
  });
  const faults = new EventFaults();
  const requestIds = new WeakMap<Call, string>();
  let url = "";
  let answering: StoredEvent["request"] = null;
  const world: World = openWorld({
    memory,
    clock,
    url: () => url,
    request: () => answering,
    queue: (event) => dispatcher.queue(event),
  });
  const dispatcher: Dispatcher = startDispatcher({
    memory,
    world: () => world,
    faults,
    now: () => Math.floor(clock.now().getTime() / 1000),
  });
  const served = {
    world,
    memory,
    routes: apiRoutes({ searchLagSeconds: options.searchLagSeconds ?? 0 }),
    pages: pageRoutes,
    includables,
  };

  const look = (): void => {
    memory.attempt(() => letTimePass(world));
    dispatcher.wake();
  };
  const advance = (seconds: number): void => {
    const { offsetSeconds } = memory.account();
    memory.attempt(() => memory.changeAccount({ offsetSeconds: offsetSeconds + seconds }));
    look();
  };
  const stage = {
    advance,
    faults,
    deliverAll: () => dispatcher.deliverAll(),
    change: (run: (world: World) => unknown) => memory.attempt(() => run(world)),
  };
  const answer = (call: Call): Reply | Promise<Reply> => {
    if (call.path === ACTS_PATH) return perform(stage, call);
    if (!call.path.startsWith("/v1/")) return answerPage(served, call);
    const key = call.headers["idempotency-key"];
    answering = { id: requestIds.get(call) ?? null, idempotency_key: typeof key === "string" ? key : null };
    return answerApi(served, call);
  };
  const server = await serveVendor(options.port, {
    headers: (call) => {
      const id = `req_${randomBytes(7).toString("hex")}`;
      requestIds.set(call, id);
      return { "request-id": id, "stripe-version": String(call.headers["stripe-version"] ?? ACCOUNT_VERSION) };
    },
    handle: (call) => {
      look();
      try {
        return answer(call);
      } finally {
        answering = null;
        dispatcher.wake();
      }
    },
    refuse,
  });
  url = server.url;
  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      console.error("The stand-in for Stripe failed:", error);
    }
  }, LOOK_EVERY_MS).unref();
  return {
    ...server,
    apiKey: memory.account().apiKey,
    customers: () => memory.rows("customers"),
    world,
    events: {
      add: (...list) => faults.add(...list),
      clear: () => faults.clear(),
      deliverAll: () => dispatcher.deliverAll(),
    },
    advance,
    stop: async () => {
      clearInterval(timer);
      await dispatcher.stop();
      await server.stop();
    },
  };
}

function refuse(status: 409 | 429 | 500, retryAfterSeconds: number): Reply {
  if (status === 500) return failure(500, "api_error", "An unknown error occurred.");
  if (status === 409) {
    const message = "This object cannot be accessed right now because another API request is accessing it.";
    return failure(409, "invalid_request_error", message, { code: "lock_timeout" });
  }
  return failure(429, "invalid_request_error", "Too many requests hit the API too quickly.", {
    code: "rate_limit",
    headers: { "retry-after": String(retryAfterSeconds) },
  });
}
