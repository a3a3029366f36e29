import type { TenantActor } from "@pharmasight/core/tenant/actors";
import type { QuotaState } from "@pharmasight/core/tenant/quotas/quota";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { EdgeContext } from "../http/bindings.ts";

const counted = new WeakSet<Request>();

/**
 * Counts a request, once however often its person is asked for, and says in the response what is left
 * (draft-ietf-httpapi-ratelimit-headers-10).
 * @throws DomainError `rate_limited`
 */
export async function countRequest<A extends TenantActor>(c: EdgeContext, tenant: TenantScope<A>): Promise<void> {
  if (counted.has(c.req.raw)) return;
  counted.add(c.req.raw);
  const { states, refusal } = await tenant.countRequest();
  c.env.headers["ratelimit-policy"] = states.map(policy).join(", ");
  c.env.headers.ratelimit = states.map(left).join(", ");
  if (refusal !== undefined) throw refusal;
}

const policy = ({ quota }: QuotaState): string => `"${quota.name}";q=${quota.perMinute};w=60`;

const left = ({ quota, remaining, resetSeconds }: QuotaState): string =>
  `"${quota.name}";r=${remaining};t=${resetSeconds}`;
