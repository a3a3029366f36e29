import type { Proof } from "@pharmasight/core/tenant/accounts/credentials";
import { SecondSteps } from "@pharmasight/core/tenant/accounts/second-steps";
import { type BeginOptions, Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { TwoFactor } from "@pharmasight/core/tenant/accounts/two-factor";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { EdgeContext } from "../../http/bindings.ts";
import { setHostCookie } from "../cookies.ts";

/**
 * Begins a session for somebody who has proved who they are, and gives the browser its token.
 * @throws DomainError as `Sessions.begin`
 */
export async function enter(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  userId: string,
  proved: Omit<BeginOptions, "userAgent"> = {},
): Promise<void> {
  const session = await Sessions.begin(tenant, userId, { userAgent: c.req.header("user-agent"), ...proved });
  setHostCookie(c, "session", session.token, session.expiresAt);
}

/**
 * After the first step of signing in: on to the second, for those who have one, or else in.
 * @param to the page that they see first
 */
export async function proceed(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  proof: Proof,
  to: string,
): Promise<Response> {
  if (await TwoFactor.isOn(tenant, proof.userId)) {
    const { token, expiresAt } = await SecondSteps.begin(tenant, proof);
    setHostCookie(c, "second-step", token, expiresAt);
    return c.redirect("/auth/second-step", 303);
  }
  await enter(c, tenant, proof.userId, { stamp: proof.stamp });
  return c.redirect(to, 303);
}
