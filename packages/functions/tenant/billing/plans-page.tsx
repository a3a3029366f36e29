import { Invoices } from "@pharmasight/core/control/invoices/invoices";
import { currentOf, planOf } from "@pharmasight/core/control/plan-changes/current";
import { PlanChanges } from "@pharmasight/core/control/plan-changes/plan-changes";
import { Prices } from "@pharmasight/core/control/prices/prices";
import { PlansPage } from "@pharmasight/views/tenant/billing/plans.tsx";
import type { EdgeContext } from "../../http/bindings.ts";
import { shownCurrency } from "./add-on-cards.ts";
import { billingShell, type Desk } from "./desk.ts";
import { comparison, currenciesOf } from "./plan-cards.ts";
import { amountsFor, stateOf } from "./words.ts";

/** The page on which plans are compared and chosen. @param problem why what was asked for did not happen */
export async function plansPage(c: EdgeContext, at: Desk, problem?: string) {
  const { tenant, tenantId, control } = at;
  const write = amountsFor(tenant.tenant.currency);
  const current = await currentOf(control, tenantId);
  const offered = await Prices.offered(control, tenantId);
  const owed = await Invoices.findOpen(control, tenantId);
  const currencies = currenciesOf(current, offered);
  const asked = c.req.query("currency") ?? "";
  const currency = currencies.includes(asked) ? asked : shownCurrency(current, offered);
  const present = planOf(current.items)?.interval ?? "month";
  const wanted = c.req.query("interval");
  const interval = wanted === "year" || wanted === "month" ? wanted : present;
  const planned =
    current.scheduled === null ? undefined : await PlanChanges.findWaiting(control, tenantId, "at_period_end");
  const begins = current.scheduled?.at ?? current.periodEnd;
  const scheduled =
    planned === undefined || begins === null ? undefined : { priceId: planOf(planned.to)?.priceId, at: begins };
  return (
    <PlansPage
      shell={await billingShell(c, tenant)}
      state={stateOf(current, owed, tenant.clock.now(), write)}
      interval={interval}
      currency={currency}
      currencies={currencies}
      {...comparison({ current, offered, interval, currency, scheduled, write })}
      {...(problem === undefined ? {} : { problem })}
    />
  );
}
