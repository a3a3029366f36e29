import { unavailable } from "@pharmasight/core/kernel/errors";

/**
 * How long every AWS client waits. Shorter than the SDK's own: the caller is a request that a person waits for, or a
 * message that comes again.
 */
export const requestSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
} as const;

const RETRY_SECONDS = 5;

/** Name of the error as AWS calls it, or of whatever else was thrown. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : "");

/**
 * What to throw when a call has failed after the SDK's own attempts: `unavailable` where a later one may succeed. A
 * refusal that no retry mends, such as AccessDeniedException, is a fault of ours and stays as it is.
 * @param service as an operator knows it
 */
export function translate(error: unknown, service: string): unknown {
  const isRefusal = error instanceof Error && "$fault" in error && error.$fault === "client" && !isThrottling(error);
  return isRefusal ? error : unavailable(`${service} does not answer.`, RETRY_SECONDS, error);
}

const isThrottling = (error: Error): boolean => /Throttl|TooManyRequests|LimitExceeded|SlowDown/.test(error.name);
