import { PlanChanges, type Wish } from "@pharmasight/core/control/plan-changes/plan-changes";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { blockedPage, changePage } from "../change-page.tsx";
import { desk, usedBy } from "../desk.ts";
import { overviewPage } from "../overview-page.tsx";
import { plansPage } from "../plans-page.tsx";
import { changesInWords } from "../words.ts";

export const changes = new Hono<EdgeEnv>();

changes.post("/quote", async (c) => {
  const at = await desk(c);
  const { tenant, tenantId, control, provider } = at;
  const wish = wishOf(await readMemberForm(c, tenant));
  try {
    const quoted = await PlanChanges.quote(control, provider, { tenantId, wish, used: await usedBy(tenant) });
    if (quoted.kind === "blocked") return c.html(await blockedPage(c, at, quoted.to, quoted.excesses), 409);
    return c.redirect(`/billing/changes/${quoted.changeId}`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || !(error.code === "conflict" || error.code === "invalid_input")) throw error;
    const { message } = error;
    const page = wish.kind === "plan" ? plansPage(c, at, message) : overviewPage(c, at, { problem: message });
    return c.html(await page, 409);
  }
});

changes.get("/changes/:id", async (c) => c.html(await changePage(c, await desk(c), c.req.param("id"))));

changes.post("/changes/:id/confirm", async (c) => {
  const at = await desk(c);
  const { tenant, tenantId, control, provider } = at;
  await readMemberForm(c, tenant);
  const changeId = c.req.param("id");
  try {
    const change = await PlanChanges.confirm(control, provider, { tenantId, changeId, used: await usedBy(tenant) });
    const after = { changes: changesInWords(change.from, change.to), state: change.state };
    await TenantAudit.append(tenant, { action: "billing.plan_changed", after });
    if (change.state === "applied") return c.redirect("/billing?news=changed", 303);
    const isScheduled = change.state === "waiting" && change.kind === "at_period_end";
    return c.redirect(isScheduled ? "/billing?news=scheduled" : `/billing/changes/${changeId}`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || !(error.code === "gone" || error.code === "conflict")) throw error;
    return c.html(await changePage(c, at, changeId, error.message), 409);
  }
});

changes.post("/scheduled/cancel", async (c) => {
  const { tenant, tenantId, control, provider } = await desk(c);
  await readMemberForm(c, tenant);
  await PlanChanges.cancelScheduled(control, provider, { tenantId });
  await TenantAudit.append(tenant, { action: "billing.planned_change_given_up" });
  return c.redirect("/billing?news=unscheduled", 303);
});

/** What a form asks for: a plan by its price, or so many of an addition. */
function wishOf(form: PostedForm): Wish {
  const code = form.text("addOn");
  if (code === "") return { kind: "plan", priceId: form.text("price") };
  const quantity = /^\d{1,3}$/.test(form.text("quantity")) ? Number(form.text("quantity")) : Number.NaN;
  return { kind: "add_on", code, quantity };
}
