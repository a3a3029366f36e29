import * as z from "zod";
import { Refusal, type Reply } from "../http.ts";

/** What an error carries beside its message. */
export interface FailureDetails {
  readonly code?: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly payment_intent?: object;
  readonly headers?: Readonly<Record<string, string>>;
}
type FailureType = "invalid_request_error" | "api_error" | "card_error" | "idempotency_error";

/**
 * To be thrown: refuses the call in Stripe's shape. What the call has changed so far is undone, unless the status is 402:
 * a card that declines leaves its attempt behind.
 */
export const refusal = (status: number, type: FailureType, message: string, more?: FailureDetails): Refusal =>
  new Refusal(failure(status, type, message, more));

/** 400 with `invalid_request_error`, the usual one. */
export const invalid = (message: string, more?: FailureDetails): Refusal =>
  refusal(400, "invalid_request_error", message, more);

/** 404 as for an id that nobody knows. */
export const missing = (noun: string, id: string, param: string): Refusal =>
  refusal(404, "invalid_request_error", `No such ${noun}: '${id}'`, { code: "resource_missing", param });

/** 402: the card was asked and said no. */
export const declined = (code: string, message: string, more?: FailureDetails): Refusal =>
  refusal(402, "card_error", message, { code, ...more });

export function failure(status: number, type: FailureType, message: string, more: FailureDetails = {}): Reply {
  const { headers = {}, ...details } = more;
  return { status, body: { error: { type, message, ...details } }, headers };
}

/** 400 that names the first parameter that is unknown, missing or wrong: `items[0][price]`. */
export function invalidParameter(error: z.ZodError): Refusal {
  const issue = error.issues[0];
  if (issue === undefined) return invalid("The request is invalid.");
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const param = parameterName([...issue.path, ...unknown]);
  if (unknown.length > 0) return invalid(`Received unknown parameter: ${param}`, { code: "parameter_unknown", param });
  if (issue.code === "invalid_type" && issue.input === undefined && issue.message.includes("received undefined")) {
    return invalid(`Missing required param: ${param}.`, { code: "parameter_missing", param });
  }
  return invalid(`${param}: ${issue.message}`, { param });
}

const parameterName = (path: readonly PropertyKey[]): string =>
  path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join("");

/** The parameters of every list, to be spread into a `z.strictObject`. */
export const listParameters = {
  limit: z.coerce.number().int().min(1).max(100).default(10),
  starting_after: z.string().min(1).optional(),
  ending_before: z.string().min(1).optional(),
};
interface ListAsked {
  readonly limit: number;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

/**
 * One page of a list.
 * @param objects all that match, newest first
 */
export function listOf<T extends { readonly id: string }>(url: string, objects: readonly T[], asked: ListAsked) {
  const { limit, starting_after: after, ending_before: before } = asked;
  if (after !== undefined && before !== undefined) {
    throw invalid("You may only specify one of these parameters: ending_before, starting_after.");
  }
  const cursor = after ?? before;
  const at = objects.findIndex(({ id }) => id === cursor);
  if (cursor !== undefined && at < 0) {
    throw missing("object", cursor, after === undefined ? "ending_before" : "starting_after");
  }
  const data =
    before === undefined ? objects.slice(at + 1, at + 1 + limit) : objects.slice(Math.max(0, at - limit), at);
  const hasMore = before === undefined ? at + 1 + limit < objects.length : at > limit;
  return { object: "list" as const, data, has_more: hasMore, url };
}

/** A whole list inside an object, such as an invoice's lines. */
export const wholeList = <T>(url: string, data: T[]) => ({ object: "list" as const, data, has_more: false, url });

/** The reply to a deletion. */
export const deletion = <O extends string>(object: O, id: string) => ({ id, object, deleted: true as const });
