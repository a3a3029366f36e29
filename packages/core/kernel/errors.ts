/**
 * The closed set of errors that the product raises on purpose. `functions/http/errors.tsx` is the only
 * place that turns one into a status, a page or a problem document.
 */
export type ErrorCode =
  | "invalid_input"
  | "unauthenticated"
  | "wrong_pharmacy"
  | "forbidden"
  | "module_required"
  | "not_found"
  | "conflict"
  /** There is no room for one more of what the plan counts. */
  | "limit_reached"
  | "gone"
  | "payment_required"
  | "too_large"
  | "rate_limited"
  | "unavailable"
  | "maintenance"
  | "internal";

export interface ErrorDetails {
  /** Messages by form field, in words that say what to do. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Seconds after which the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** The error underneath: logged, never shown. */
  readonly cause?: unknown;
}

/** An error whose message a person may read. Anything else that is thrown is a bug and shown as `internal`. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "DomainError";
    this.code = code;
    this.fields = details.fields ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

export const invalidInput = (message: string, fields: Readonly<Record<string, string>> = {}): DomainError =>
  new DomainError("invalid_input", message, { fields });

export const notFound = (what: string): DomainError => new DomainError("not_found", `There is no such ${what}.`);

export const unavailable = (message: string, retryAfterSeconds: number, cause?: unknown): DomainError =>
  new DomainError("unavailable", message, { retryAfterSeconds, cause });
