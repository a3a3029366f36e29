import { Invoices } from "@pharmasight/core/control/invoices/invoices";
import { InvoicesPage } from "@pharmasight/views/tenant/billing/invoices.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { billingShell, desk } from "../desk.ts";
import { invoiceRow } from "../invoice-rows.ts";
import { amountsFor } from "../words.ts";

export const invoices = new Hono<EdgeEnv>();

const PAGE_SIZE = 20;

invoices.get("/", async (c) => {
  const { tenant, tenantId, control } = await desk(c);
  const after = c.req.query("after");
  const asked = { limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) };
  const { invoices: found, next } = await Invoices.list(control, tenantId, asked);
  const write = amountsFor(tenant.tenant.currency);
  return c.html(
    <InvoicesPage
      shell={await billingShell(c, tenant)}
      invoices={found.map((invoice) => invoiceRow(invoice, tenant.clock.now(), write))}
      {...(next === undefined ? {} : { olderHref: `/billing/invoices?after=${encodeURIComponent(next)}` })}
      {...(after === undefined ? {} : { newestHref: "/billing/invoices" })}
    />,
  );
});

invoices.get("/:id/pdf", (c) => leadTo(c, "pdf"));
invoices.get("/:id/pay", (c) => leadTo(c, "pay"));

async function leadTo(c: EdgeContext, purpose: "pdf" | "pay"): Promise<Response> {
  const { tenantId, control, provider } = await desk(c);
  const invoiceId = c.req.param("id") ?? "";
  return c.redirect(await Invoices.addressOf(control, provider, { tenantId, invoiceId, purpose }), 303);
}
