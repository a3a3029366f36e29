import type { MiddlewareHandler } from "hono";
import { secureHeaders as honoSecureHeaders } from "hono/secure-headers";

/**
 * Security headers of every response. Nothing inline is allowed, so nothing inline is written.
 * @param formTargets where else forms of these pages may post to
 */
export function secureHeaders(formTargets: readonly string[] = []): MiddlewareHandler {
  return honoSecureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'", ...formTargets],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    strictTransportSecurity: "max-age=31536000; includeSubDomains",
    // The origin of a form must reach the check of the pharmacy that it posts to.
    referrerPolicy: "strict-origin-when-cross-origin",
  });
}
