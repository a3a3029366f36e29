import type { Act } from "@pharmasight/core/registry/entitlements/entitlements";
import { Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import { Usage } from "@pharmasight/core/tenant/usage/usage";
import { ModuleRequiredPage } from "@pharmasight/views/tenant/errors.tsx";
import type { MiddlewareHandler } from "hono";
import type { EdgeEnv } from "../../http/bindings.ts";
import { actOf, member } from "../door.ts";
import { type ModuleName, modules } from "./modules.ts";
import { shellFor } from "./shell.ts";

/**
 * Lets a request through when the pharmacy may do this with the module; people see why not, and what it would cost,
 * otherwise.
 * @param wanted what its requests do, where their method does not say it
 */
export const requireModule =
  (name: ModuleName, wanted?: Act): MiddlewareHandler<EdgeEnv> =>
  async (c, next) => {
    const tenant = await member(c);
    const terms = Entitlements.termsOf(tenant.tenant);
    const answer = Entitlements.module(terms, name, tenant.clock.now(), wanted ?? actOf(c));
    if (answer.isAllowed) {
      await Usage.note(tenant, { module: name });
      return next();
    }
    const title = Entitlements.titleOf(terms, name);
    const { timeZone, modulePrices } = tenant.tenant;
    const price = modulePrices.find(({ module }) => module === name);
    const { points, ...offered } = modules[name];
    const isOverdue = answer.because.rule === "payment_overdue";
    const page = (
      <ModuleRequiredPage
        shell={await shellFor(c, tenant)}
        module={{ ...offered, name: title, points: [...points], ...(price === undefined ? {} : { price }) }}
        reason={Entitlements.sentence(answer.because, title, timeZone)}
        way={isOverdue ? "pay" : "add"}
        {...(Permissions.may(tenant.actor, "billing.manage")
          ? { billingHref: isOverdue ? "/billing" : `/billing#module-${name}` }
          : {})}
      />
    );
    return c.html(page, 403);
  };
