import { SecondSteps } from "@pharmasight/core/tenant/accounts/second-steps";
import { TwoFactor } from "@pharmasight/core/tenant/accounts/two-factor";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { TwoFactorStepPage } from "@pharmasight/views/tenant/two-factor-step.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { clearHostCookie, hostCookie } from "../../cookies.ts";
import { visitor } from "../../door.ts";
import { readForm } from "../../forms.ts";
import { enter } from "../entering.ts";
import { mistakeOf, visitorContext } from "../mistakes.ts";

export const secondStep = new Hono<EdgeEnv>();

const WRONG_CODE = "This code is not right, or was used already. Wait for the next one and type that.";
const WRONG_RECOVERY_CODE = "This is none of your recovery codes, or it was used already.";

secondStep.get("/", async (c) => {
  const tenant = await visitor(c);
  return (await firstStep(c, tenant)) === undefined ? again(c) : page(c, tenant, {}, 200);
});

secondStep.post("/", async (c) => {
  const tenant = await visitor(c);
  const proof = await firstStep(c, tenant);
  if (proof === undefined) return again(c);
  const form = await readForm(c);
  const { userId, stamp } = proof;
  const recoveryCode = form.text("recoveryCode").trim().slice(0, 100);
  const byRecovery = recoveryCode !== "";
  const field = byRecovery ? "recoveryCode" : "code";
  try {
    const answer = byRecovery ? { recoveryCode } : { code: form.text("code").slice(0, 100) };
    if (!(await TwoFactor.pass(tenant, userId, answer))) {
      return page(c, tenant, { [field]: byRecovery ? WRONG_RECOVERY_CODE : WRONG_CODE }, 422);
    }
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, field);
    return page(c, tenant, errors, status);
  }
  await enter(c, tenant, userId, { stamp, factorPassed: true });
  clearHostCookie(c, "second-step");
  // Who needed a recovery code has probably lost the phone: the next thing to look at.
  return c.redirect(byRecovery ? "/auth/two-factor?recovered=1" : "/", 303);
});

async function firstStep(c: EdgeContext, tenant: TenantScope<Visitor>) {
  const token = hostCookie(c, "second-step");
  const proof = token === undefined ? undefined : await SecondSteps.read(tenant, token);
  return proof !== undefined && (await SecondSteps.isDue(tenant, proof)) ? proof : undefined;
}

/** It was too long ago or in another browser, or the password or the factor has changed since. */
function again(c: EdgeContext): Response {
  clearHostCookie(c, "second-step");
  return c.redirect("/auth/sign-in", 303);
}

function page(c: EdgeContext, tenant: TenantScope<Visitor>, errors: FieldErrors, status: 200 | 409 | 422 | 429) {
  const { companyName } = tenant.tenant;
  return c.html(<TwoFactorStepPage context={visitorContext(c)} companyName={companyName} errors={errors} />, status);
}
