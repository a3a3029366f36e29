import { createHash, randomBytes } from "node:crypto";
import { type Clock, DAY_SECONDS, systemClock } from "@pharmasight/core/kernel/clock";
import * as z from "zod";
import { type Call, describeIssue, type HttpServer, Refusal, type Reply, serveVendor } from "./http.ts";
import { openStateFile } from "./state-file.ts";

const customerSchema = z.object({
  id: z.string(),
  created: z.number(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
});
/** A customer as the stand-in keeps it; `created` in seconds since 1970. */
export type StripeCustomer = Readonly<z.infer<typeof customerSchema>>;

const stateSchema = z.object({
  apiKey: z.string(),
  customers: z.array(customerSchema),
  /** Replies by idempotency key. */
  replies: z.record(z.string(), z.object({ at: z.number(), request: z.string(), customer: customerSchema })),
});
type State = z.infer<typeof stateSchema>;

export interface Stripe extends HttpServer {
  readonly apiKey: string;
  customers(): readonly StripeCustomer[];
}

const createParameters = z.strictObject({
  name: z.string().max(256).optional(),
  email: z.string().max(512).optional(),
  metadata: z.record(z.string().min(1).max(40), z.string().max(500)).optional(),
});
const searchParameters = z.strictObject({
  query: z.string(),
  limit: z.coerce.number().int().min(1).max(100).default(10),
});

const IDEMPOTENCY_KEY_MAX_LENGTH = 255;
const DEFAULT_VERSION = "2026-10-28.endive";

/**
 * Stands in for Stripe: making and deleting a customer and searching customers by one metadata value, in Stripe's form encoding,
 * error shape and idempotency rules. Anything else is refused.
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
  const apiKey = `sk_test_${randomBytes(24).toString("hex")}`;
  const state = openStateFile<State>(options.file, stateSchema, { apiKey, customers: [], replies: {} });
  const server = await serveVendor(options.port, {
    headers: (call) => ({
      "request-id": `req_${randomBytes(7).toString("hex")}`,
      "stripe-version": String(call.headers["stripe-version"] ?? DEFAULT_VERSION),
    }),
    handle: (call) => {
      const seconds = Math.floor(clock.now().getTime() / 1000);
      const reply = act(state.value, call, seconds, options.searchLagSeconds ?? 0);
      if (call.method !== "GET") state.save();
      return reply;
    },
    refuse,
  });
  return { ...server, apiKey: state.value.apiKey, customers: () => state.value.customers };
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

function act(state: State, call: Call, seconds: number, searchLagSeconds: number): Reply {
  if (call.headers.authorization !== `Bearer ${state.apiKey}`) {
    throw refusal(401, "invalid_request_error", "Invalid API Key provided.");
  }
  const route = `${call.method} ${call.path}`;
  if (route === "POST /v1/customers") return createOnce(state, call, seconds);
  if (route === "GET /v1/customers/search") {
    return search(
      state.customers.filter(({ created }) => created + searchLagSeconds <= seconds),
      call,
    );
  }
  const id = /^DELETE \/v1\/customers\/(\w+)$/.exec(route)?.[1];
  if (id !== undefined) return remove(state, id);
  throw refusal(404, "invalid_request_error", `Unrecognized request URL (${call.method}: ${call.path}).`);
}

/**
 * The same key within 24 hours gives the same reply, or an error when the parameters differ. Refused parameters are not
 * remembered, as with Stripe.
 */
function createOnce(state: State, call: Call, seconds: number): Reply {
  const key = call.headers["idempotency-key"];
  if (typeof key !== "string") return shown(create(state, call, seconds));
  if (key.length > IDEMPOTENCY_KEY_MAX_LENGTH) {
    throw refusal(400, "invalid_request_error", "The idempotency key is longer than 255 characters.");
  }
  const headers = { "idempotency-key": key };
  const request = createHash("sha256").update(call.body).digest("hex");
  const earlier = state.replies[key];
  if (earlier !== undefined && earlier.at + DAY_SECONDS > seconds) {
    if (earlier.request !== request) {
      throw refusal(
        400,
        "idempotency_error",
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        { headers },
      );
    }
    return shown(earlier.customer, { ...headers, "idempotent-replayed": "true" });
  }
  const customer = create(state, call, seconds);
  state.replies[key] = { at: seconds, request, customer };
  return shown(customer, headers);
}

function create(state: State, call: Call, seconds: number): StripeCustomer {
  const parsed = createParameters.safeParse(nested(new URLSearchParams(call.body)));
  if (!parsed.success) throw invalidParameter(parsed.error);
  const { name, email, metadata } = parsed.data;
  if (email !== undefined && !/^[^@\s]+@[^@\s]+$/.test(email)) {
    throw refusal(400, "invalid_request_error", `Invalid email address: ${email}`, {
      code: "email_invalid",
      param: "email",
    });
  }
  const customer = {
    id: `cus_${randomBytes(7).toString("hex")}`,
    created: seconds,
    name: name ?? null,
    email: email ?? null,
    metadata: metadata ?? {},
  };
  state.customers.push(customer);
  return customer;
}

/** A key that made the customer goes on answering with it, as with Stripe. */
function remove(state: State, id: string): Reply {
  if (!state.customers.some((customer) => customer.id === id)) {
    throw refusal(404, "invalid_request_error", `No such customer: '${id}'`, { code: "resource_missing", param: "id" });
  }
  state.customers = state.customers.filter((customer) => customer.id !== id);
  return { status: 200, body: { id, object: "customer", deleted: true } };
}

/** Knows one form of Stripe's query language: `metadata['key']:'value'`, in either kind of quotes. */
function search(customers: readonly StripeCustomer[], call: Call): Reply {
  const parsed = searchParameters.safeParse(nested(call.query));
  if (!parsed.success) throw invalidParameter(parsed.error);
  const match = /^metadata\[(['"])([^'"]{1,40})\1\]:(['"])([^'"]{1,500})\3$/.exec(parsed.data.query);
  const [, , key, , value] = match ?? [];
  if (key === undefined) {
    throw refusal(400, "invalid_request_error", "We were unable to parse your search query.", { param: "query" });
  }
  const found = customers.filter(({ metadata }) => metadata[key] === value);
  return {
    status: 200,
    body: {
      object: "search_result",
      data: found.slice(0, parsed.data.limit).map(present),
      has_more: found.length > parsed.data.limit,
      next_page: null,
      url: "/v1/customers/search",
    },
  };
}

/** Form fields with brackets as nested objects: `metadata[tenant_id]=1` is `{ metadata: { tenant_id: "1" } }`. */
function nested(form: URLSearchParams): Record<string, unknown> {
  const groups = new Map<string, Map<string, string> | string>();
  for (const [field, value] of form) {
    const [, group, key] = /^([^[\]]+)\[([^[\]]*)\]$/.exec(field) ?? [];
    if (group === undefined || key === undefined) {
      groups.set(field, value);
      continue;
    }
    const members = groups.get(group);
    groups.set(group, (members instanceof Map ? members : new Map<string, string>()).set(key, value));
  }
  return Object.fromEntries(
    [...groups].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

const shown = (customer: StripeCustomer, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 200,
  body: present(customer),
  headers,
});

/** The customer object of the API, with what the stand-in does not keep at its value for a new customer. */
function present(customer: StripeCustomer) {
  return {
    ...customer,
    object: "customer",
    address: null,
    balance: 0,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
}

function invalidParameter(error: z.ZodError): Refusal {
  const { parameter, message, unknown } = describeIssue(error);
  const param = parameter.replace(/\.(.+)$/, "[$1]");
  return unknown
    ? refusal(400, "invalid_request_error", `Received unknown parameter: ${param}`, {
        code: "parameter_unknown",
        param,
      })
    : refusal(400, "invalid_request_error", `${param}: ${message}`, { param });
}

interface FailureDetails {
  readonly code?: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const refusal = (status: number, type: string, message: string, more?: FailureDetails): Refusal =>
  new Refusal(failure(status, type, message, more));

function failure(status: number, type: string, message: string, more: FailureDetails = {}): Reply {
  const { headers = {}, ...details } = more;
  return { status, body: { error: { type, message, ...details } }, headers };
}
