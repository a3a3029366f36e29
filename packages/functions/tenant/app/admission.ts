import type { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { onNotFound } from "../../http/errors.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { pharmacyHost } from "../door.ts";

/** What holds for every request of a pharmacy, of people and of programs. */
export function admit(
  to: Hono<EdgeEnv>,
  onError: (error: Error, c: EdgeContext) => Response | Promise<Response>,
): void {
  to.onError(onError);
  to.notFound(onNotFound);
  to.use((c, next) => {
    // A page is of this moment and of this person; what may be kept says so itself.
    c.env.headers["cache-control"] = "no-store";
    return next();
  });
  to.use(pharmacyHost, sameOrigin());
}
