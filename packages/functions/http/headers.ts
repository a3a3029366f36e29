import { once } from "@pharmasight/core/kernel/once";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";

/**
 * Security headers of every response. Nothing inline is allowed, so nothing inline is written. Hono's middleware makes
 * them, once: they are the same for all, and setting a dozen headers on each response costs more than most requests.
 * @param formTargets where else forms of these pages may post to
 */
export function securityHeaders(formTargets: readonly string[]): () => Promise<Readonly<Record<string, string>>> {
  return once(async () => {
    const app = new Hono();
    app.use(
      secureHeaders({
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
      }),
    );
    app.get("/", (c) => c.body(null));
    return Object.fromEntries((await app.request("/")).headers);
  });
}
