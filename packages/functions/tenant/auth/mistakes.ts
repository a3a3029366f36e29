import { DomainError } from "@pharmasight/core/kernel/errors";
import type { FieldErrors, FormContext } from "@pharmasight/views/shared/context";
import { formatDuration } from "@pharmasight/views/shared/formats";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext } from "../../http/bindings.ts";

/** Before signing in there is no session that a form could be bound to; its origin is checked all the same. */
export const visitorContext = (c: EdgeContext): FormContext => ({ ...pageContext(c), formToken: "" });

export interface Mistake {
  readonly errors: FieldErrors;
  readonly status: 409 | 422 | 429;
}

/**
 * What the form shows again, for an error that its person can do something about. Any other is thrown on.
 * @param field beside which it stands that there were too many attempts
 * @param wayOut what else they can do then
 */
export function mistakeOf(c: EdgeContext, error: unknown, field: string, wayOut = ""): Mistake {
  if (!(error instanceof DomainError)) throw error;
  if (error.code === "rate_limited") {
    const seconds = error.retryAfterSeconds ?? 60;
    c.header("retry-after", String(seconds));
    const message = `${error.message} Try again in ${formatDuration(seconds)}${wayOut}.`;
    return { errors: { [field]: message }, status: 429 };
  }
  if (Object.keys(error.fields).length === 0) throw error;
  return { errors: error.fields, status: error.code === "conflict" ? 409 : 422 };
}
