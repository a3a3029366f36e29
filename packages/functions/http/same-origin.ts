import type { MiddlewareHandler } from "hono";
import { csrf } from "hono/csrf";
import { ownOrigin } from "./addresses.ts";

/**
 * Refuses forms that another site sent. Browsers say where a form comes from (Sec-Fetch-Site, Origin); cookies are
 * SameSite besides.
 * @param allowed further origins that may post here
 */
export function sameOrigin(allowed: () => readonly string[] = () => []): MiddlewareHandler {
  return csrf({
    origin: (origin, c) => origin === ownOrigin(new URL(c.req.url).hostname) || allowed().includes(origin),
  });
}
