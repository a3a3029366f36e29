import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import Stripe from "stripe";

/** The API that the SDK's types describe. Webhook endpoints are made in it too, so that there is one to understand. */
export const API_VERSION = "2026-10-28.endive";
/** Of one try. Together with the pauses between them, three tries of an API Gateway's 30 seconds. */
const REQUEST_TIMEOUT_MS = 9000;
const MAX_RETRIES = 2;
const RETRY_SECONDS = 10;
const PAGE_SIZE = 100;

export interface StripeOptions {
  /** Asked on first use, and again after Stripe has refused the key. */
  readonly apiKey: () => Promise<string>;
  readonly apiUrl: string;
  /** Of one try. */
  readonly timeoutMs?: number;
}

/** The SDK for the time of one act. @throws DomainError `unavailable`, `invalid_input` or `conflict` for what Stripe says */
export type WithStripe = <T>(act: (stripe: Stripe) => Promise<T>) => Promise<T>;

/** The SDK with a key that may be rotated, and with errors in our words. */
export function stripeClient(options: StripeOptions): WithStripe {
  let client: Stripe | undefined;
  return async (act) => {
    client ??= connect(await options.apiKey(), options.apiUrl, options.timeoutMs ?? REQUEST_TIMEOUT_MS);
    try {
      return await act(client);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeAuthenticationError) client = undefined;
      throw translate(error);
    }
  };
}

/** What the provider says is not there, or no longer. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing";

/** @returns undefined when there is no such object */
export async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The SDK takes an error reply that lacks its `error` for a success, so what came back is checked.
 * @param kind as in the reply's `object`
 */
export function received<T extends { readonly object: string }>(kind: T["object"], reply: T): T {
  if (isOf(kind, reply)) return reply;
  throw unavailable(`Stripe sent a reply that is no ${kind}.`, RETRY_SECONDS);
}

interface Page<T> {
  readonly object: string;
  readonly data: readonly T[];
  readonly has_more: boolean;
}

/** All objects of a list, page by page. */
export async function everyOne<T extends { readonly id: string }>(
  list: (page: { readonly limit: number; readonly starting_after?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const found: T[] = [];
  let last: string | undefined;
  for (;;) {
    const page = receivedList(
      await list({ limit: PAGE_SIZE, ...(last === undefined ? {} : { starting_after: last }) }),
    );
    found.push(...page.data);
    last = page.data.at(-1)?.id;
    if (!page.has_more || last === undefined) return found;
  }
}

/** As `received`, for lists. */
export function receivedList<P extends Page<unknown>>(page: P): P {
  if (isOf("list", page) && Array.isArray(page.data)) return page;
  throw unavailable("Stripe sent a reply that is no list.", RETRY_SECONDS);
}

/** The id of what Stripe shows as an id or, when it was asked to, as the object. */
export const idOf = (reference: string | { readonly id: string }): string =>
  typeof reference === "string" ? reference : reference.id;

/** The object, where it was asked for. */
export function expanded<T extends { readonly id: string }>(reference: string | T | null | undefined): T | undefined {
  return typeof reference === "object" && reference !== null ? reference : undefined;
}

export const dateOf = (seconds: number): Date => new Date(seconds * 1000);
export const dateOrNull = (seconds: number | null): Date | null => (seconds === null ? null : dateOf(seconds));
export const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000);

/** The reply may be anything, whatever its type says. */
const isOf = (kind: string, reply: unknown): boolean =>
  typeof reply === "object" && reply !== null && "object" in reply && reply.object === kind;

function connect(apiKey: string, apiUrl: string, timeoutMs: number): Stripe {
  const url = new URL(apiUrl);
  const protocol = url.protocol === "http:" ? "http" : "https";
  return new Stripe(apiKey, {
    apiVersion: API_VERSION,
    host: url.hostname,
    port: url.port === "" ? (protocol === "http" ? 80 : 443) : Number(url.port),
    protocol,
    timeout: timeoutMs,
    maxNetworkRetries: MAX_RETRIES,
    telemetry: false,
  });
}

function translate(error: unknown): unknown {
  const { StripeError, StripeRateLimitError, StripeIdempotencyError, StripeInvalidRequestError, StripeCardError } =
    Stripe.errors;
  if (!(error instanceof StripeError)) return error;
  if (error instanceof StripeRateLimitError) {
    const seconds = Number.parseInt(String(error.headers?.["retry-after"] ?? ""), 10);
    return unavailable("Stripe asks to slow down.", seconds > 0 ? seconds : RETRY_SECONDS, error);
  }
  // 409: the same act is under way elsewhere. Without it, another act took the key before: what was read has changed.
  if (error instanceof StripeIdempotencyError && error.statusCode !== 409) {
    return new DomainError("conflict", "Something changed meanwhile: look again, then try again.", { cause: error });
  }
  if (error instanceof StripeCardError) {
    return new DomainError("conflict", `The payment was refused: ${error.message}`, { cause: error });
  }
  if (error instanceof StripeInvalidRequestError) {
    return new DomainError("invalid_input", `Stripe refused the request: ${error.message}`, { cause: error });
  }
  return unavailable("Stripe does not answer as it should.", RETRY_SECONDS, error);
}
