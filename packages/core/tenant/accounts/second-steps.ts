export * as SecondSteps from "./second-steps.ts";

import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { Signed } from "../../kernel/signed.ts";
import type { Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { Credentials, type Proof } from "./credentials.ts";
import { TwoFactor } from "./two-factor.ts";

const MINUTES = 5;
const KEY_PURPOSE = "second-step";

const claimsSchema = z.object({
  tenantId: z.string(),
  userId: z.uuid(),
  stamp: z.string(),
  /** Unix time in seconds. */
  expiresAt: z.number().int(),
});

/**
 * What the browser keeps between the first step of signing in and the second: it says who passed the first, opens
 * nothing, and is worth nothing once the password is another.
 */
export async function begin(
  tenant: TenantScope<Visitor>,
  { userId, stamp }: Proof,
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const expiresAt = secondsAfter(tenant.clock.now(), MINUTES * MINUTE_SECONDS);
  const { tenantId } = tenant.tenant;
  const claims = { tenantId, userId, stamp, expiresAt: Math.floor(expiresAt.getTime() / 1000) };
  return { token: Signed.write(claims, await tenant.key(KEY_PURPOSE)), expiresAt };
}

/** Who passed the first step here, within the last five minutes. */
export async function read(tenant: TenantScope<Visitor>, token: string): Promise<Proof | undefined> {
  const claims = claimsSchema.safeParse(Signed.read(token, await tenant.key(KEY_PURPOSE)));
  if (!claims.success || claims.data.tenantId !== tenant.tenant.tenantId) return undefined;
  if (claims.data.expiresAt * 1000 <= tenant.clock.now().getTime()) return undefined;
  return { userId: claims.data.userId, stamp: claims.data.stamp };
}

/**
 * Whether the second step still leads in. Asked before a code is judged: one that could open nothing any more is not
 * used up, and whose factor was reset meanwhile is not told that their codes are wrong.
 */
export async function isDue(tenant: TenantScope<Visitor>, { userId, stamp }: Proof): Promise<boolean> {
  const account = await Credentials.findById(tenant, userId);
  if (account === undefined || Credentials.proofOf(account).stamp !== stamp) return false;
  return TwoFactor.isOn(tenant, userId);
}
