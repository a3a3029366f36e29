import { DomainError } from "@pharmasight/core/kernel/errors";
import { Modules } from "@pharmasight/core/registry/modules";
import { ModuleRequiredPage, type ModuleRequiredPageProps } from "@pharmasight/views/tenant/errors.tsx";
import type { MiddlewareHandler } from "hono";
import type { EdgeEnv } from "../../http/bindings.ts";
import { caller, member } from "../door.ts";
import { shellFor } from "./shell.ts";

/** What the upgrade page says of each module. */
const modules = {
  inventory: {
    name: "Inventory",
    summary: "Every medicine on your shelves, found in a second.",
    points: [
      "Search by name, brand, number or barcode",
      "Import your list from a spreadsheet",
      "An API for your programs",
    ],
    planName: "Starter",
  },
  api_access: {
    name: "API access",
    summary: "Connect your web shop and your own programs.",
    points: [
      "Keys for your programs, each allowed only what it needs",
      "Read your items and prices, and add new ones",
      "See when each key was last used, and stop it at once",
    ],
    planName: "Professional",
  },
} as const satisfies Record<string, Omit<ModuleRequiredPageProps["module"], "points"> & { points: readonly string[] }>;

export type ModuleName = keyof typeof modules;

/** Lets a request through when the pharmacy's plan or a grant has the module: 403 to programs, the upgrade page to people. */
export const requireModule =
  (name: ModuleName): MiddlewareHandler<EdgeEnv> =>
  async (c, next) => {
    const module = modules[name];
    if (c.req.path.startsWith("/api/")) {
      const { tenant, clock } = await caller(c);
      if (Modules.isEntitled(tenant, name, clock.now())) return next();
      throw new DomainError("module_required", `${module.name} is not part of this pharmacy's plan.`);
    }
    const tenant = await member(c);
    if (Modules.isEntitled(tenant.tenant, name, tenant.clock.now())) return next();
    const page = (
      <ModuleRequiredPage
        shell={await shellFor(c, tenant)}
        module={{ ...module, points: [...module.points] }}
        upgradeHref="/billing"
      />
    );
    return c.html(page, 403);
  };
