import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { parseJson } from "@pharmasight/core/kernel/json";
import * as z from "zod";

export interface ManagementApi {
  /**
   * One call. Undefined on 404, which each caller reads in its own way.
   * @throws DomainError `rate_limited` on 429, `unavailable` on 5xx, timeouts, lost connections, replies that cannot be read, and a token
   * that is refused, which an operator mends; `conflict` on the request's `notYet`; `invalid_input` with Supabase's
   * message on any other refusal
   */
  call<T extends z.ZodType>(request: ManagementRequest, reply: T): Promise<z.output<T> | undefined>;
}

interface ManagementRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Statuses that mean: not in the state that the project is in now. */
  readonly notYet?: readonly number[];
  /** Values that may come back in an error message and must not be shown. */
  readonly secrets?: readonly string[];
}

const RETRY_SECONDS = 10;
/** The window of Supabase's rate limit: what to wait when a 429 does not say. */
const RATE_LIMIT_SECONDS = 60;

/** Supabase's Management API over `fetch`. It has no idempotency keys: nothing is repeated here. */
export function managementApi(options: {
  readonly apiUrl: string;
  readonly token: () => Promise<string>;
  readonly timeoutMs: number;
}): ManagementApi {
  return {
    call: async (request, reply) => {
      const token = await options.token();
      const url = new URL(`${options.apiUrl}${request.path}`);
      for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
      const response = await exchange(url, request, token, options.timeoutMs);
      if (response.status === 404) return undefined;
      if (!response.ok) throw refusal(response, request.notYet ?? [], [token, ...(request.secrets ?? [])]);
      const parsed = reply.safeParse(parseJson(response.text));
      if (parsed.success) return parsed.data;
      throw unavailable("Supabase sent a reply that cannot be read.", RETRY_SECONDS, parsed.error);
    },
  };
}

interface Exchange {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

async function exchange(url: URL, request: ManagementRequest, token: string, timeoutMs: number): Promise<Exchange> {
  const headers = new Headers({ authorization: `Bearer ${token}` });
  if (request.body !== undefined) headers.set("content-type", "application/json");
  try {
    const response = await fetch(url, {
      method: request.method,
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      // Covers the body too, which is why it is read in here.
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, ok: response.ok, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw unavailable("Supabase does not answer.", RETRY_SECONDS, error);
  }
}

function refusal(response: Exchange, notYet: readonly number[], secrets: readonly string[]): DomainError {
  if (response.status === 429) {
    const retryAfterSeconds = secondsToWait(response.headers);
    return new DomainError("rate_limited", "Supabase asks to slow down.", { retryAfterSeconds });
  }
  if (response.status === 401) return unavailable("Supabase refuses our token.", RETRY_SECONDS);
  if (response.status >= 500) return unavailable(`Supabase answered ${response.status}.`, RETRY_SECONDS);
  const body = z.object({ message: z.string() }).safeParse(parseJson(response.text));
  let message = body.success ? body.data.message : `status ${response.status}`;
  for (const secret of secrets) message = message.replaceAll(secret, "[hidden]");
  const code = notYet.includes(response.status) ? "conflict" : "invalid_input";
  return new DomainError(code, `Supabase refused the request: ${message}`);
}

/** `Retry-After` where it is given in seconds, else Supabase's own header, else a whole window. */
function secondsToWait(headers: Headers): number {
  for (const name of ["retry-after", "x-ratelimit-reset"]) {
    const seconds = Number.parseInt(headers.get(name) ?? "", 10);
    if (seconds > 0) return seconds;
  }
  return RATE_LIMIT_SECONDS;
}
