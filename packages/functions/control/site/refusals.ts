import { DomainError } from "@pharmasight/core/kernel/errors";
import { formatDuration } from "@pharmasight/views/shared/formats";
import type { EdgeContext } from "../../http/bindings.ts";

export interface Refusal {
  readonly status: 409 | 422 | 429;
  /** By field: what to change, or when to go on. */
  readonly errors: Readonly<Record<string, string>>;
}

/**
 * What a person can mend in the form itself, or has to wait for: then Retry-After is set too. Everything else is a page
 * of its own.
 */
export function refusalOf(c: EdgeContext, error: unknown): Refusal | undefined {
  if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) return undefined;
  const { code, fields, retryAfterSeconds } = error;
  if (code !== "rate_limited") return { status: code === "conflict" ? 409 : 422, errors: fields };
  if (retryAfterSeconds === undefined) return { status: 429, errors: fields };
  c.header("retry-after", String(retryAfterSeconds));
  const wait = `You can go on in ${formatDuration(retryAfterSeconds)}.`;
  const errors = Object.entries(fields).map(([name, message]) => [name, `${message} ${wait}`]);
  return { status: 429, errors: Object.fromEntries(errors) };
}
