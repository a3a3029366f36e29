import { Invoices } from "@pharmasight/core/control/invoices/invoices";
import { currentOf } from "@pharmasight/core/control/plan-changes/current";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import { AskOwnerPage } from "@pharmasight/views/tenant/billing/overview.tsx";
import type { BillingNews } from "@pharmasight/views/tenant/billing/props";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { anybody, billingShell, deskOf } from "../desk.ts";
import { overviewPage } from "../overview-page.tsx";
import { amountsFor, stateOf } from "../words.ts";

export const overview = new Hono<EdgeEnv>();

overview.get("/", async (c) => {
  const tenant = await anybody(c);
  const at = await deskOf(tenant);
  if (Permissions.may(tenant.actor, "billing.manage")) {
    const news = allNews.find((one) => one === c.req.query("news"));
    return c.html(await overviewPage(c, at, news === undefined ? {} : { news }));
  }
  const current = await currentOf(at.control, at.tenantId);
  const owed = await Invoices.findOpen(at.control, at.tenantId);
  // What is owed is the owner's to know.
  const {
    amountDue: _amount,
    payHref: _pay,
    ...state
  } = {
    amountDue: undefined,
    payHref: undefined,
    ...stateOf(current, owed, tenant.clock.now(), amountsFor(tenant.tenant.currency)),
  };
  return c.html(
    <AskOwnerPage
      shell={await billingShell(c, tenant)}
      state={state}
      planName={current.plan.name}
      ownerName={current.ownerName}
    />,
  );
});

const allNews: readonly BillingNews[] = [
  "changed",
  "scheduled",
  "unscheduled",
  "cancelled",
  "resumed",
  "trial_started",
  "checkout_left",
];
