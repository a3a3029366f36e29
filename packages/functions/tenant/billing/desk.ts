import { tenantBillingPlatform } from "@pharmasight/adapters/tenant-billing-platform";
import type { ControlScope } from "@pharmasight/core/control/scope";
import type { Payments } from "@pharmasight/core/ports/payments";
import type { Subscriptions } from "@pharmasight/core/ports/subscriptions";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { ownOrigin } from "../../http/addresses.ts";
import type { EdgeContext } from "../../http/bindings.ts";
import { shellFor } from "../app/shell.ts";
import { member } from "../door.ts";

/**
 * What a request of somebody who looks after the subscription may touch: their pharmacy, and at the control plane what is
 * that pharmacy's. The tenant's id comes from the door and from nowhere else.
 */
export interface Desk {
  readonly tenant: TenantScope<Member>;
  readonly tenantId: string;
  readonly control: ControlScope;
  readonly provider: Subscriptions;
  readonly payments: Payments;
}

/** People of a pharmacy that has not paid come in too: they are the ones who want to. */
export const anybody = (c: EdgeContext): Promise<TenantScope<Member>> => member(c, "see_billing");

/** @throws DomainError `unauthenticated`, or `forbidden` without `billing.manage` */
export async function desk(c: EdgeContext): Promise<Desk> {
  const tenant = await anybody(c);
  Permissions.requireEverywhere(tenant.actor, "billing.manage");
  return deskOf(tenant);
}

/** The desk of somebody whose permission was looked at. */
export async function deskOf(tenant: TenantScope<Member>): Promise<Desk> {
  const { tenantId } = tenant.tenant;
  const { userId, name, sourceIp, requestId } = tenant.actor;
  const { control, subscriptions, payments } = await tenantBillingPlatform();
  return {
    tenant,
    tenantId,
    control: control({ kind: "member", tenantId, userId, name, sourceIp, requestId }),
    provider: subscriptions,
    payments,
  };
}

/** How many there are of what has a limit. */
export async function usedBy(tenant: TenantScope<Member>): Promise<Record<"branches" | "users" | "items", number>> {
  const { branches, users, items } = await Limits.used(tenant);
  return { branches: branches.used, users: users.used, items: items.used };
}

/** A page of this address, as the provider has to know it to lead back. */
export const ownPage = (c: EdgeContext, path: string): string => `${ownOrigin(new URL(c.req.url).hostname)}${path}`;

/** What surrounds these pages: without the banner and the badge that lead to them, which lag behind by some seconds. */
export async function billingShell(c: EdgeContext, tenant: TenantScope<Member>): Promise<TenantShell> {
  const { overdue: _overdue, trialDaysLeft: _trialDaysLeft, ...shell } = await shellFor(c, tenant);
  return shell;
}
