import { Enquiries } from "@pharmasight/core/control/enquiries/enquiries";
import { currentOf } from "@pharmasight/core/control/plan-changes/current";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { EnterprisePage } from "@pharmasight/views/tenant/billing/enterprise.tsx";
import type { EnterpriseProps, EnterpriseValues } from "@pharmasight/views/tenant/billing/props";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { billingShell, type Desk, desk } from "../desk.ts";

export const enterprise = new Hono<EdgeEnv>();

enterprise.get("/", async (c) => c.html(await page(c, await desk(c), { values: empty, errors: {} })));

enterprise.post("/", async (c) => {
  const at = await desk(c);
  const { tenant, tenantId, control } = at;
  const values = valuesOf(await readMemberForm(c, tenant));
  const { ownerEmail } = await currentOf(control, tenantId);
  const email = tenant.actor.email ?? ownerEmail;
  try {
    await Enquiries.send(control, { tenantId, name: tenant.actor.name, email }, values);
    return c.html(await page(c, at, { values: empty, errors: {}, sentFor: email }));
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    return c.html(await page(c, at, { values, errors: error.fields }), 422);
  }
});

const empty: EnterpriseValues = { phone: "", branches: "", message: "" };

const valuesOf = (form: PostedForm): EnterpriseValues => ({
  phone: form.text("phone").slice(0, 200),
  branches: form.text("branches").slice(0, 200),
  message: form.text("message").slice(0, 5000),
});

const page = async (c: EdgeContext, { tenant }: Desk, props: EnterpriseProps) => (
  <EnterprisePage shell={await billingShell(c, tenant)} {...props} />
);
