import { ModuleTrials } from "@pharmasight/core/control/module-trials/module-trials";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { readMemberForm } from "../../forms.ts";
import { desk } from "../desk.ts";
import { overviewPage } from "../overview-page.tsx";

export const modules = new Hono<EdgeEnv>();

modules.post("/:name/trial", async (c) => {
  const at = await desk(c);
  const { tenant, tenantId, control } = at;
  await readMemberForm(c, tenant);
  try {
    const { module, endsAt } = await ModuleTrials.start(control, tenantId, c.req.param("name"));
    await TenantAudit.append(tenant, { action: "billing.trial_started", after: { module, endsAt } });
    return c.redirect("/billing?news=trial_started", 303);
  } catch (error) {
    if (!(error instanceof DomainError) || !(error.code === "conflict" || error.code === "invalid_input")) throw error;
    return c.html(await overviewPage(c, at, { problem: error.message }), 409);
  }
});
