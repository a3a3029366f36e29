import { Portal } from "@pharmasight/core/control/portal/portal";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { readMemberForm } from "../../forms.ts";
import { desk, ownPage } from "../desk.ts";

export const portal = new Hono<EdgeEnv>();

portal.post("/", async (c) => {
  const { tenant, tenantId, control, provider } = await desk(c);
  const form = await readMemberForm(c, tenant);
  const purpose = form.text("purpose") === "payment_method" ? "payment_method" : "overview";
  const { url } = await Portal.open(control, provider, { tenantId, purpose, returnUrl: ownPage(c, "/billing") });
  return c.redirect(url, 303);
});
