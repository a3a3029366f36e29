import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import { DomainError, notFound, unavailable } from "../kernel/errors.ts";
import { newId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { RateLimits } from "../kernel/rate-limits.ts";
import { deriveKey } from "../kernel/tokens.ts";
import type { Effect } from "../ports/effects.ts";
import type { Jobs } from "../ports/jobs.ts";
import { Outbox } from "../ports/outbox.ts";
import { Modules } from "../registry/modules.ts";
import type { RegistryEntry } from "../registry/registry.ts";
import type { ApiKey, Job, Member, Operator, RequestOrigin, TenantActor, Visitor } from "./actors.ts";
import { hashKey, isKeyShaped } from "./api-keys/key.ts";
import { TenantConnection } from "./connection.ts";
import type { OpenTenant, OpenTenants } from "./open-tenants.ts";
import type { Counted } from "./quotas/known-quotas.ts";
import { Quotas } from "./quotas/quotas.ts";
import { type Capability, type CodeSchema, isSupported } from "./schema/capabilities.ts";
import type { TenantTables } from "./tables.generated.ts";

/** What the doors need: made once per process. */
export interface Tenancy {
  readonly openTenants: OpenTenants;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly log: Log;
  /** The stage's master key; everything is signed with keys derived from it. */
  readonly masterKey: () => Promise<Uint8Array>;
  /** The schemas that the running code can work with. */
  readonly schema: CodeSchema;
}

/** When the relay hint of a transaction is delivered if the process dies between its commit and its relay. */
const RELAY_HINT_SECONDS = 30;

/**
 * One pharmacy's own world, as one actor may see it: the first parameter of every operation of the tenant plane. Made
 * by the five doors below and by nothing else. Each checks the registry and the lifecycle, opens the database, has its
 * identity compared, and returns.
 */
export class TenantScope<A extends TenantActor = Member | Job> {
  readonly actor: A;
  readonly tenant: RegistryEntry;
  readonly clock: Clock;
  readonly log: Log;
  readonly db: Kysely<TenantTables>;
  readonly #open: OpenTenant;
  readonly #tenancy: Tenancy;
  #limits: RateLimits | undefined;
  #outbox: Outbox | undefined;
  readonly #emitted: { any: boolean } | undefined;

  private constructor(
    tenancy: Tenancy,
    open: OpenTenant,
    db: Kysely<TenantTables>,
    actor: A,
    emitted?: { any: boolean },
  ) {
    this.actor = actor;
    this.tenant = open.entry;
    this.clock = tenancy.clock;
    this.log = tenancy.log;
    this.db = db;
    this.#open = open;
    this.#tenancy = tenancy;
    this.#emitted = emitted;
  }

  /** Whether this pharmacy's database has what newer code can use; during an update some have it and some have not. */
  supports(capability: Capability): boolean {
    return isSupported(capability, this.tenant.schemaVersion ?? 0, this.#tenancy.schema);
  }

  /** Anybody at a pharmacy's address, before signing in: for the identity functions only. */
  static async forVisitor(tenancy: Tenancy, host: string, origin: RequestOrigin): Promise<TenantScope<Visitor>> {
    const open = await enterByHost(tenancy, host);
    return TenantScope.#enter(tenancy, open, { kind: "visitor", ...origin });
  }

  /**
   * A signed-in person. The session's token must be this tenant's and its row alive.
   * @param suspended whether a suspended pharmacy is entered too: for a person's own account, never for its records
   * @throws DomainError `unauthenticated`, `not_found`, `payment_required`, `maintenance` or `unavailable`
   */
  static async forMember(
    tenancy: Tenancy,
    host: string,
    token: string | undefined,
    origin: RequestOrigin,
    suspended: "refused" | "entered" = "refused",
  ): Promise<TenantScope<Member>> {
    const open = await enterByHost(tenancy, host);
    if (suspended === "refused") requireAccess(open.entry);
    if (token === undefined) throw signInFirst();
    const key = await sessionKey(tenancy, open);
    const claims = open.tokens.verify(token, key, tenancy.clock.now());
    if (claims === undefined || claims.tenantId !== open.entry.tenantId) throw signInFirst();
    const db = TenantConnection.queryBuilderOf(await open.connection());
    const session = await open.sessions.find(db, claims, tenancy.clock.now());
    if (session === undefined) throw signInFirst();
    return new TenantScope<Member>(tenancy, open, db, { kind: "member", ...session, ...origin });
  }

  /**
   * A program of the pharmacy, by a key that its people issued for this very pharmacy.
   * @throws DomainError `module_required`, and all that `forMember` throws
   */
  static async forApiKey(
    tenancy: Tenancy,
    host: string,
    key: string,
    origin: RequestOrigin,
  ): Promise<TenantScope<ApiKey>> {
    const open = await enterByHost(tenancy, host);
    requireAccess(open.entry);
    if (!isKeyShaped(key)) throw keyRefused();
    const db = TenantConnection.queryBuilderOf(await open.connection());
    const now = tenancy.clock.now();
    const found = await open.apiKeys.find(db, hashKey(open.entry.tenantId, key), now);
    if (found === undefined) throw keyRefused();
    if (!Modules.isEntitled(open.entry, "api_access", now)) {
      throw new DomainError("module_required", "API access is not part of this pharmacy's plan.");
    }
    const { keyId, scopes } = found;
    await open.apiKeys.recordUse(db, keyId, now);
    return new TenantScope<ApiKey>(tenancy, open, db, { kind: "api_key", keyId, scopes, ...origin });
  }

  /**
   * A message of a queue. A tenant that is gone or cannot be opened refuses; the message comes back.
   * @param suspended whether a suspended pharmacy is entered too: for the mails that signing in needs, never for its records
   * @throws DomainError `not_found`, `payment_required`, `maintenance` or `unavailable`
   */
  static async forJob(
    tenancy: Tenancy,
    tenantId: string,
    name: string,
    suspended: "refused" | "entered" = "entered",
  ): Promise<TenantScope<Job>> {
    const open = await tenancy.openTenants.findById(tenantId);
    if (open === undefined) throw notFound("pharmacy");
    requireOpen(tenancy, open.entry);
    if (suspended === "refused") requireAccess(open.entry);
    return TenantScope.#enter(tenancy, open, { kind: "job", name });
  }

  /**
   * Someone of PharmaSight, read-only by the database role. The visit is in the pharmacy's own audit log before the
   * first row is read; the caller has written the control plane's entry.
   */
  static async forOperator(
    tenancy: Tenancy,
    tenantId: string,
    operator: { readonly operatorId: string; readonly reason: string },
  ): Promise<TenantScope<Operator>> {
    if (operator.reason.trim().length < 10)
      throw new DomainError("invalid_input", "Say why, in at least 10 characters.");
    const open = await tenancy.openTenants.findById(tenantId);
    if (open === undefined) throw notFound("pharmacy");
    requireOpen(tenancy, open.entry);
    const writable = TenantConnection.queryBuilderOf(await open.connection());
    await writable
      .insertInto("auditLog")
      .values({
        id: newId(tenancy.clock),
        at: tenancy.clock.now(),
        actorKind: "operator",
        actorId: operator.operatorId,
        action: "support.entered",
        reason: operator.reason,
      })
      .execute();
    const reader = await open.connection("reader");
    return new TenantScope<Operator>(tenancy, open, TenantConnection.queryBuilderOf(reader), {
      kind: "operator",
      ...operator,
    });
  }

  static async #enter<B extends TenantActor>(tenancy: Tenancy, open: OpenTenant, actor: B): Promise<TenantScope<B>> {
    const connection = await open.connection();
    return new TenantScope<B>(tenancy, open, TenantConnection.queryBuilderOf(connection), actor);
  }

  /** Limits that all processes share, counted for this pharmacy alone. */
  get limits(): RateLimits {
    this.#limits ??= new RateLimits(this.db, ["rate_limits"], this.clock, () => this.key("rate-limits"));
    return this.#limits;
  }

  /**
   * Counts a request of this actor: the doors of the web do it once for each.
   * @returns what is left, and the refusal to throw when nothing is
   */
  countRequest(): Promise<Counted> {
    const quotas = Quotas.quotasOf(this.tenant, this.actor);
    return this.#open.quotas.take(this.db, quotas, this.clock.now(), () => this.key("request-quotas"));
  }

  /**
   * Runs `run` in one transaction; inside another one it joins. If `run` emitted effects, a delayed hint is sent before
   * the commit, so that a crash after it loses nothing, and the effects are relayed right after it.
   */
  async tx<R>(run: (tx: TenantScope<A>) => Promise<R>): Promise<R> {
    if (this.#emitted !== undefined) return run(this);
    const emitted = { any: false };
    const result = await this.db.transaction().execute(async (transaction: Transaction<TenantTables>) => {
      const value = await run(new TenantScope<A>(this.#tenancy, this.#open, transaction, this.actor, emitted));
      if (emitted.any) await this.#hint(RELAY_HINT_SECONDS);
      return value;
    });
    if (emitted.any) {
      await this.relay().catch((error: unknown) => this.log.warn("relay postponed", { error: String(error) }));
    }
    return result;
  }

  /** Records an effect of this transaction. The same `dedupeKey` again is the same effect. */
  async emit(effect: Effect): Promise<void> {
    if (this.#emitted === undefined) throw new Error("emit belongs inside tx: an effect commits with its change");
    await this.#effects.add(effect);
    this.#emitted.any = true;
  }

  /** Sends what was recorded and not sent yet. Sending twice is harmless: a message is a hint. */
  async relay(): Promise<void> {
    await this.#effects.relay();
  }

  /** Records that an effect has happened. @returns false when somebody had recorded it before */
  settle(outboxId: string): Promise<boolean> {
    return this.#effects.settle(outboxId);
  }

  /** Forgets a session in this process at once: it was ended here. Elsewhere its next look is at most 10 s away. */
  forgetSession(sessionId: string): void {
    this.#open.sessions.forget(sessionId);
  }

  /** As `forgetSession`, for all of a person: they were ended here, or what the person may do has changed. */
  forgetSessionsOf(userId: string): void {
    this.#open.sessions.forgetUser(userId);
  }

  /** As `forgetSession`, for everybody: what a role may do has changed. */
  forgetSessions(): void {
    this.#open.sessions.forgetAll();
  }

  /** Forgets an API key in this process at once: it was revoked here. Elsewhere its next look is at most 10 s away. */
  forgetApiKey(keyHash: string): void {
    this.#open.apiKeys.forget(keyHash);
  }

  /** Key of this tenant for one purpose. */
  async key(purpose: string): Promise<Uint8Array> {
    return deriveKey(await this.#tenancy.masterKey(), purpose, this.tenant.tenantId);
  }

  get #effects(): Outbox {
    const { jobs, clock, log } = this.#tenancy;
    const stamp = { tenantId: this.tenant.tenantId };
    this.#outbox ??= new Outbox({ db: this.db, table: ["outbox"], jobs, clock, log, stamp });
    return this.#outbox;
  }

  async #hint(delaySeconds: number): Promise<void> {
    await this.#tenancy.jobs.send("tenant-relay", { tenantId: this.tenant.tenantId }, delaySeconds);
  }
}

/** Purpose of the key that session tokens are signed with. */
export const SESSION_KEY_PURPOSE = "session";

/** Kept with the open tenant: deriving it costs more than verifying a token with it. */
const sessionKeys = new WeakMap<OpenTenant, Uint8Array>();

async function sessionKey(tenancy: Tenancy, open: OpenTenant): Promise<Uint8Array> {
  const known = sessionKeys.get(open);
  if (known !== undefined) return known;
  const key = deriveKey(await tenancy.masterKey(), SESSION_KEY_PURPOSE, open.entry.tenantId);
  sessionKeys.set(open, key);
  return key;
}

async function enterByHost(tenancy: Tenancy, host: string): Promise<OpenTenant> {
  const found = await tenancy.openTenants.findByHost(host);
  if (found === undefined) throw notFound("address");
  if (found.entry.hostKind === "redirect") throw notFound("address");
  requireOpen(tenancy, found.tenant.entry);
  return found.tenant;
}

/** Whether there is a database to enter, at a version that the code understands. */
function requireOpen(tenancy: Tenancy, entry: RegistryEntry): void {
  if (entry.state === "closed") throw notFound("address");
  if (entry.state === "provisioning" || entry.state === "provisioning_failed" || entry.appSecretArn === null) {
    throw unavailable("This pharmacy is being set up.", 5);
  }
  if (entry.schemaVersion === null || entry.schemaVersion < tenancy.schema.required) {
    throw new DomainError("maintenance", "This pharmacy is being updated.", { retryAfterSeconds: 60 });
  }
}

function requireAccess(entry: RegistryEntry): void {
  if (entry.state === "suspended") throw new DomainError("payment_required", "This pharmacy's subscription has ended.");
}

const signInFirst = (): DomainError => new DomainError("unauthenticated", "Sign in to go on.");

const keyRefused = (): DomainError =>
  new DomainError("unauthenticated", "This API key is unknown here, expired or revoked.");
