import { Modules } from "@pharmasight/core/registry/modules";
import { ModuleRequiredPage } from "@pharmasight/views/tenant/errors.tsx";
import type { MiddlewareHandler } from "hono";
import type { EdgeEnv } from "../../http/bindings.ts";
import { member } from "../door.ts";
import { type ModuleName, modules } from "./modules.ts";
import { shellFor } from "./shell.ts";

/** Lets a request through when the pharmacy's plan or a grant has the module; people see the upgrade page otherwise. */
export const requireModule =
  (name: ModuleName): MiddlewareHandler<EdgeEnv> =>
  async (c, next) => {
    const tenant = await member(c);
    if (Modules.isEntitled(tenant.tenant, name, tenant.clock.now())) return next();
    const module = modules[name];
    const page = (
      <ModuleRequiredPage
        shell={await shellFor(c, tenant)}
        module={{ ...module, points: [...module.points] }}
        upgradeHref="/billing"
      />
    );
    return c.html(page, 403);
  };
