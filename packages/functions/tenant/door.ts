import { log } from "@pharmasight/adapters/log";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { DomainError, notFound } from "@pharmasight/core/kernel/errors";
import { withLogFields } from "@pharmasight/core/kernel/log";
import type { Act } from "@pharmasight/core/registry/entitlements/entitlements";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import type { ApiKey, Member, Visitor } from "@pharmasight/core/tenant/actors";
import { TenantAudit } from "@pharmasight/core/tenant/audit/audit";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import { createMiddleware } from "hono/factory";
import { LRUCache } from "lru-cache";
import { pharmacyUrl } from "../http/addresses.ts";
import type { EdgeContext, EdgeEnv } from "../http/bindings.ts";
import { sessionToken, setHostCookie } from "./cookies.ts";
import { countRequest } from "./quotas.ts";

/** Headers by which other systems choose a tenant. Here the host does; one that disagrees is refused. */
const tenantHeaders = ["x-tenant-id", "x-tenant", "x-tenant-subdomain"] as const;

/** Answers for every address that is no pharmacy's, and sends an old name on to the new one. */
export const pharmacyHost = createMiddleware<EdgeEnv>(async (c, next) => {
  const { tenancy } = await tenantPlatform();
  const entry = await pharmacyAt(c);
  if (entry.hostKind === "redirect") {
    if (entry.hostUntil === null || entry.hostUntil <= tenancy.clock.now()) throw notFound("page");
    const url = new URL(c.req.url);
    return c.redirect(`${pharmacyUrl(entry.primaryHost)}${url.pathname}${url.search}`, 308);
  }
  const claimed = claimedTenant(c);
  if (claimed.some((value) => value !== entry.tenantId && value !== entry.primaryHost)) {
    await auditRefusal(c, entry.tenantId, "named another pharmacy");
    throw new DomainError("wrong_pharmacy", "This request names another pharmacy than its address does.");
  }
  return withLogFields({ tenantId: entry.tenantId }, next);
});

/** What is known of the pharmacy at the address, without a look at its database. */
export async function pharmacyAt(c: EdgeContext): Promise<RegistryEntry> {
  const { tenancy } = await tenantPlatform();
  const found = await tenancy.openTenants.findByHost(hostKey(c));
  if (found === undefined) throw notFound("page");
  return found.entry;
}

/**
 * What a request is taken for unless its route says otherwise: it reads records, or it works. So a route that writes is
 * shut while a pharmacy is suspended, and nobody has to think of it.
 */
export const actOf = (c: EdgeContext): "read_records" | "work" =>
  c.req.method === "GET" || c.req.method === "HEAD" ? "read_records" : "work";

/** Anybody at the address, before signing in. */
export async function visitor(c: EdgeContext): Promise<TenantScope<Visitor>> {
  const { tenancy } = await tenantPlatform();
  const tenant = await TenantScope.forVisitor(tenancy, hostKey(c), c.env.origin);
  await countRequest(c, tenant);
  return tenant;
}

/**
 * The signed-in person. A session that is used goes on: when half of its time is over, the browser gets a later token.
 * @param act what they come for, where the method does not say it
 * @throws DomainError `unauthenticated` and what else keeps somebody out
 */
export async function member(c: EdgeContext, act: Act = actOf(c)): Promise<TenantScope<Member>> {
  const { tenancy } = await tenantPlatform();
  const token = sessionToken(c);
  const tenant = await TenantScope.forMember(tenancy, hostKey(c), token, c.env.origin, act);
  await countRequest(c, tenant);
  if (token !== undefined) await renewSession(c, tenant, token);
  return tenant;
}

/**
 * Whoever calls the API: a program by its key, or else the signed-in person. Looked up once a request, however often it
 * is asked, so that a call is counted once.
 * @throws DomainError as `member`
 */
export function caller(c: EdgeContext): Promise<TenantScope<Member | ApiKey>> {
  const known = callers.get(c.req.raw);
  if (known !== undefined) return known;
  const found = enterAsCaller(c);
  callers.set(c.req.raw, found);
  return found;
}

function hostKey(c: EdgeContext): string {
  const { target } = c.env;
  if (target.kind === "subdomain" || target.kind === "custom") return target.key;
  throw notFound("page");
}

/** Requests whose session was renewed: a page may ask for its person more than once. */
const renewed = new WeakSet<Request>();

async function renewSession(c: EdgeContext, tenant: TenantScope<Member>, token: string): Promise<void> {
  if (renewed.has(c.req.raw)) return;
  renewed.add(c.req.raw);
  try {
    const later = await Sessions.renew(tenant, token);
    if (later !== undefined) setHostCookie(c, "session", later.token, later.expiresAt);
  } catch (error) {
    // The token in hand still works, and the next page tries again.
    log.warn("a session was not renewed", { error: String(error) });
  }
}

const callers = new WeakMap<Request, Promise<TenantScope<Member | ApiKey>>>();

async function enterAsCaller(c: EdgeContext): Promise<TenantScope<Member | ApiKey>> {
  const authorization = c.req.header("authorization");
  if (authorization === undefined) return member(c);
  const { tenancy } = await tenantPlatform();
  const host = hostKey(c);
  const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  try {
    const tenant = await TenantScope.forApiKey(tenancy, host, key, c.env.origin, actOf(c));
    await countRequest(c, tenant);
    return tenant;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "unauthenticated") throw error;
    c.header("www-authenticate", "Bearer");
    const found = await tenancy.openTenants.findByHost(host);
    if (found !== undefined) await auditRefusal(c, found.entry.tenantId, "API key that is not valid here");
    // Whoever guesses at keys is a stranger, and counts as one.
    await visitor(c);
    throw error;
  }
}

/** Everything in the request that names a tenant. */
function claimedTenant(c: EdgeContext): string[] {
  const token = sessionToken(c);
  const ofToken = token === undefined ? undefined : SessionTokens.claimsOf(token)?.tenantId;
  const ofHeaders = tenantHeaders.map((name) => c.req.header(name));
  return [ofToken, ...ofHeaders].filter((value) => value !== undefined);
}

/** One entry a minute, reason and address is enough to see an attempt, and cannot flood the pharmacy's log. */
const audited = new LRUCache<string, true>({ max: 1000, ttl: 60_000 });

async function auditRefusal(c: EdgeContext, tenantId: string, reason: string): Promise<void> {
  const key = `${tenantId} ${c.env.origin.sourceIp} ${reason}`;
  if (audited.has(key)) return;
  const { tenancy } = await tenantPlatform();
  try {
    const tenant = await TenantScope.forVisitor(tenancy, hostKey(c), c.env.origin);
    await TenantAudit.append(tenant, { action: "access.refused", reason });
    audited.set(key, true);
  } catch (error) {
    // The refusal stands, whether or not it could be written down.
    log.error("a refusal was not audited", error, { tenantId });
  }
}
