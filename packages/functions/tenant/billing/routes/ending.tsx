import { PlanChanges } from "@pharmasight/core/control/plan-changes/plan-changes";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { type Desk, desk } from "../desk.ts";
import { overviewPage } from "../overview-page.tsx";

export const ending = new Hono<EdgeEnv>();

ending.post("/cancel", (c) =>
  act(c, "cancelled", async ({ control, provider, tenantId, tenant }, form) => {
    const reason = form.text("reason").trim().slice(0, 500);
    await PlanChanges.cancel(control, provider, { tenantId, reason });
    await TenantAudit.append(tenant, { action: "billing.cancelled", ...(reason === "" ? {} : { reason }) });
  }),
);

ending.post("/cancel/undo", (c) =>
  act(c, "resumed", async ({ control, provider, tenantId, tenant }) => {
    await PlanChanges.undoCancel(control, provider, { tenantId });
    await TenantAudit.append(tenant, { action: "billing.cancel_undone" });
  }),
);

async function act(
  c: EdgeContext,
  news: "cancelled" | "resumed",
  run: (at: Desk, form: PostedForm) => Promise<void>,
): Promise<Response> {
  const at = await desk(c);
  const form = await readMemberForm(c, at.tenant);
  try {
    await run(at, form);
    return c.redirect(`/billing?news=${news}`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "conflict") throw error;
    return c.html(await overviewPage(c, at, { problem: error.message }), 409);
  }
}
