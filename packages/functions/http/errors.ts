import { log } from "@pharmasight/adapters/log";
import { DomainError, type ErrorCode } from "@pharmasight/core/kernel/errors";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { EdgeContext } from "./bindings.ts";

/** The one mapping of errors to status (RFC 9110). */
const statuses: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  invalid_input: 422,
  unauthenticated: 401,
  wrong_pharmacy: 401,
  forbidden: 403,
  module_required: 403,
  not_found: 404,
  conflict: 409,
  limit_reached: 409,
  gone: 410,
  payment_required: 402,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  maintenance: 503,
  internal: 500,
};

/** Turns whatever was thrown into a page for people or a problem document (RFC 9457) for programs. */
export async function onError(thrown: Error, c: EdgeContext): Promise<Response> {
  const error = closed(thrown);
  const status = statuses[error.code];
  if (status >= 500) log.error(error.message, thrown, { path: c.req.path });
  if (error.retryAfterSeconds !== undefined) c.header("retry-after", String(Math.ceil(error.retryAfterSeconds)));
  if (isProgram(c)) return problem(c, error, status);
  if (error.code === "unauthenticated" && c.req.method === "GET") return signIn(c);
  // Programs never see it, and neither do people on a good day: the start of a process does not wait for it.
  const { errorPage } = await import("./error-page.tsx");
  return c.html(errorPage(error, c), status);
}

/** The same for doors that only programs knock at: never a page. */
export function onProgramError(thrown: Error, c: EdgeContext): Response {
  const error = closed(thrown);
  const status = statuses[error.code];
  if (status >= 500) log.error(error.message, thrown, { path: c.req.path });
  return problem(c, error, status);
}

/** An unknown path, and an unknown address: the same answer. */
export const onNotFound = (c: EdgeContext): Response | Promise<Response> =>
  onError(new DomainError("not_found", "There is no such page."), c);

function closed(thrown: Error): DomainError {
  if (thrown instanceof DomainError) return thrown;
  if (thrown instanceof HTTPException && thrown.status === 403) {
    return new DomainError(
      "forbidden",
      "This form was sent from another page. Open the page again and send it from there.",
    );
  }
  if (thrown instanceof HTTPException && thrown.status === 413) {
    return new DomainError("too_large", "This is larger than can be sent in one piece.");
  }
  if (thrown instanceof HTTPException && thrown.status < 500) return new DomainError("invalid_input", thrown.message);
  return new DomainError("internal", "Something went wrong on our side.");
}

const isProgram = (c: EdgeContext): boolean =>
  c.req.path.startsWith("/api/") || (c.req.header("accept") ?? "").startsWith("application/json");

function problem(c: EdgeContext, error: DomainError, status: ContentfulStatusCode): Response {
  const fields = Object.keys(error.fields).length === 0 ? {} : { fields: error.fields };
  const body = {
    type: `urn:pharmasight:error:${error.code}`,
    title: error.message,
    status,
    code: error.code,
    requestId: c.env.origin.requestId,
    ...fields,
  };
  return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json" });
}

/** A fragment that a page asked for cannot show a sign-in page: htmx is told to go there. */
function signIn(c: EdgeContext): Response {
  if (c.req.header("hx-request") !== undefined) return c.body(null, 401, { "hx-redirect": "/auth/sign-in" });
  return c.redirect("/auth/sign-in", 303);
}
