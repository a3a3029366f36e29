import { requireModule as requireModuleOf } from "@pharmasight/core/tenant/admission";
import { Usage } from "@pharmasight/core/tenant/usage/usage";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono/types";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onError } from "../../http/errors.ts";
import { actOf, caller } from "../door.ts";
import { admit } from "./admission.ts";
import type { ModuleName } from "./modules.ts";
import { api } from "./routes/api.ts";

/**
 * What programs call: an application of its own, because Hono's fastest router takes these paths and not the pages',
 * where a word and an id may stand in the same place.
 */
export const apiApp = new Hono<EdgeEnv>();
admit(apiApp, onError);
for (const path of ["/api/v1/items", "/api/v1/items/*"]) apiApp.use(path, requireModule("inventory"));
apiApp.route("/api/v1", api);

/** Lets a call through when the pharmacy may do this with the module. */
function requireModule(name: ModuleName): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    const tenant = await caller(c);
    requireModuleOf(tenant.tenant, name, actOf(c), tenant.clock.now());
    await Usage.note(tenant, { module: name, isCall: tenant.actor.kind === "api_key" });
    return next();
  };
}
