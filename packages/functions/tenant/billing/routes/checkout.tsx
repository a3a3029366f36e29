import { Checkouts } from "@pharmasight/core/control/checkouts/checkouts";
import { currentOf, planOf } from "@pharmasight/core/control/plan-changes/current";
import { renewalOf } from "@pharmasight/core/control/plan-changes/planning";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import type { ReturnProps } from "@pharmasight/views/tenant/billing/props";
import { ReturnPage } from "@pharmasight/views/tenant/billing/return.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { readMemberForm } from "../../forms.ts";
import { blockedPage } from "../change-page.tsx";
import { billingShell, type Desk, desk, ownPage, usedBy } from "../desk.ts";
import { plansPage } from "../plans-page.tsx";
import { amountsFor } from "../words.ts";

export const checkout = new Hono<EdgeEnv>();

checkout.post("/checkout", async (c) => {
  const at = await desk(c);
  const { tenant, tenantId, control, provider: subscriptions, payments } = at;
  const form = await readMemberForm(c, tenant);
  try {
    const started = await Checkouts.start(
      control,
      { subscriptions, payments },
      {
        tenantId,
        priceId: form.text("price"),
        addOns: [],
        used: await usedBy(tenant),
        successUrl: ownPage(c, "/billing/return"),
        cancelUrl: ownPage(c, "/billing?news=checkout_left"),
      },
    );
    if (started.kind === "blocked") {
      return c.html(await blockedPage(c, at, [{ sold: started.plan, quantity: 1 }], started.excesses), 409);
    }
    await TenantAudit.append(tenant, { action: "billing.checkout_opened" });
    return c.redirect(started.url, 303);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return c.html(await plansPage(c, at, error.message), 409);
  }
});

/** How long somebody who comes back from paying waits for us to look. */
const LOOK_MS = 6000;
/** When the page looks again by itself. */
const AGAIN_SECONDS = 4;

checkout.get("/return", async (c) => {
  const at = await desk(c);
  await look(at);
  const props = await returned(at);
  return c.html(
    <ReturnPage shell={await billingShell(c, at.tenant)} {...props} />,
    200,
    props.kind === "waiting" ? { refresh: String(AGAIN_SECONDS) } : {},
  );
});

/** Looks at the provider now instead of waiting for its notice. What takes too long goes on without the page. */
async function look({ control, provider, tenantId, tenant }: Desk): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, LOOK_MS);
  const looked = TenantSubscriptions.converge(control, provider, tenantId).catch((error: unknown) =>
    tenant.log.warn("a payment was not seen at once", { error: String(error) }),
  );
  await Promise.race([looked, timer.promise]);
  clearTimeout(timeout);
}

async function returned({ control, tenantId, tenant }: Desk): Promise<ReturnProps> {
  const latest = await Checkouts.findLatest(control, tenantId);
  const current = await currentOf(control, tenantId);
  const plan = planOf(current.items);
  if (plan !== undefined && current.state === "active") {
    const { periodEnd, endsAt, discount, items, currency } = current;
    const write = amountsFor(tenant.tenant.currency);
    const next =
      periodEnd === null || endsAt !== null
        ? {}
        : { nextPayment: { amount: write(renewalOf(items, discount, periodEnd), currency), at: periodEnd } };
    return { kind: "done", planName: plan.name, ...next };
  }
  return { kind: latest === undefined || latest.state === "expired" ? "not_paid" : "waiting" };
}

const isRefusal = (error: unknown): error is DomainError =>
  error instanceof DomainError && ["conflict", "invalid_input"].includes(error.code);
