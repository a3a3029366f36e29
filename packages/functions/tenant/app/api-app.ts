import { DomainError } from "@pharmasight/core/kernel/errors";
import { Modules } from "@pharmasight/core/registry/modules";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono/types";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onError } from "../../http/errors.ts";
import { caller } from "../door.ts";
import { admit } from "./admission.ts";
import { type ModuleName, modules } from "./modules.ts";
import { api } from "./routes/api.ts";

/**
 * What programs call: an application of its own, because Hono's fastest router takes these paths and not the pages',
 * where a word and an id may stand in the same place.
 */
export const apiApp = new Hono<EdgeEnv>();
admit(apiApp, onError);
for (const path of ["/api/v1/items", "/api/v1/items/*"]) apiApp.use(path, requireModule("inventory"));
apiApp.route("/api/v1", api);

/** Lets a call through when the pharmacy's plan or a grant has the module. */
function requireModule(name: ModuleName): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    const { tenant, clock } = await caller(c);
    if (Modules.isEntitled(tenant, name, clock.now())) return next();
    throw new DomainError("module_required", `${modules[name].name} is not part of this pharmacy's plan.`);
  };
}
