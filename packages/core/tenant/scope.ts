import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import { DomainError, notFound } from "../kernel/errors.ts";
import { newId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { RateLimits } from "../kernel/rate-limits.ts";
import { deriveKey } from "../kernel/tokens.ts";
import type { Effect } from "../ports/effects.ts";
import type { Jobs } from "../ports/jobs.ts";
import { Outbox } from "../ports/outbox.ts";
import { type Act, Entitlements } from "../registry/entitlements/entitlements.ts";
import type { RegistryEntry } from "../registry/registry.ts";
import type { ApiKey, Job, Member, Operator, RequestOrigin, TenantActor, Visitor } from "./actors.ts";
import { requireAct, requireModule, requireOpen } from "./admission.ts";
import { hashKey, isKeyShaped } from "./api-keys/key.ts";
import { TenantConnection } from "./connection.ts";
import type { OpenTenant, OpenTenants } from "./open-tenants.ts";
import type { Counted } from "./quotas/known-quotas.ts";
import { Quotas } from "./quotas/quotas.ts";
import { type Capability, type CodeSchema, isSupported } from "./schema/capabilities.ts";
import type { TenantTables } from "./tables.generated.ts";
import type { KnownUsage } from "./usage/known-usage.ts";

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
  readonly #act: Act;
  readonly #emitted: { any: boolean } | undefined;

  private constructor(
    tenancy: Tenancy,
    open: OpenTenant,
    db: Kysely<TenantTables>,
    actor: A,
    act: Act,
    emitted?: { any: boolean },
  ) {
    this.actor = actor;
    this.tenant = open.entry;
    this.clock = tenancy.clock;
    this.log = tenancy.log;
    this.db = db;
    this.#open = open;
    this.#tenancy = tenancy;
    this.#act = act;
    this.#emitted = emitted;
  }

  /** Whether this pharmacy's database has what newer code can use; during an update some have it and some have not. */
  supports(capability: Capability): boolean {
    return isSupported(capability, this.tenant.schemaVersion ?? 0, this.#tenancy.schema);
  }

  /** Anybody at a pharmacy's address, before signing in: for the identity functions only. */
  static async forVisitor(tenancy: Tenancy, host: string, origin: RequestOrigin): Promise<TenantScope<Visitor>> {
    const open = await enterByHost(tenancy, host);
    return TenantScope.#enter(tenancy, open, { kind: "visitor", ...origin }, "sign_in");
  }

  /**
   * A signed-in person. The session's token must be this tenant's and its row alive.
   * @param act what they come for: what is paid for may let them do that and nothing more
   * @throws DomainError `unauthenticated`, `not_found`, `payment_required`, `maintenance` or `unavailable`
   */
  static async forMember(
    tenancy: Tenancy,
    host: string,
    token: string | undefined,
    origin: RequestOrigin,
    act: Act,
  ): Promise<TenantScope<Member>> {
    const open = await enterByHost(tenancy, host);
    requireAct(open.entry, act);
    if (token === undefined) throw signInFirst();
    const key = await sessionKey(tenancy, open);
    const claims = open.tokens.verify(token, key, tenancy.clock.now());
    if (claims === undefined || claims.tenantId !== open.entry.tenantId) throw signInFirst();
    const db = TenantConnection.queryBuilderOf(await open.connection());
    const session = await open.sessions.find(db, claims, tenancy.clock.now());
    if (session === undefined) throw signInFirst();
    return new TenantScope<Member>(tenancy, open, db, { kind: "member", ...session, ...origin }, act);
  }

  /**
   * A program of the pharmacy, by a key that its people issued for this very pharmacy.
   * @param act as `forMember`
   * @throws DomainError `module_required`, and all that `forMember` throws
   */
  static async forApiKey(
    tenancy: Tenancy,
    host: string,
    key: string,
    origin: RequestOrigin,
    act: Act,
  ): Promise<TenantScope<ApiKey>> {
    const open = await enterByHost(tenancy, host);
    requireAct(open.entry, act);
    if (!isKeyShaped(key)) throw keyRefused();
    const db = TenantConnection.queryBuilderOf(await open.connection());
    const now = tenancy.clock.now();
    const found = await open.apiKeys.find(db, hashKey(open.entry.tenantId, key), now);
    if (found === undefined) throw keyRefused();
    requireModule(open.entry, "api_access", act, now);
    const { keyId, scopes } = found;
    await open.apiKeys.recordUse(db, keyId, now);
    return new TenantScope<ApiKey>(tenancy, open, db, { kind: "api_key", keyId, scopes, ...origin }, act);
  }

  /**
   * A message of a queue. A tenant that is gone or cannot be opened refuses; the message comes back.
   * @param act what it is for: `sign_in` for what signing in needs, such as its mails; `work` for the pharmacy's records
   * @throws DomainError `not_found`, `payment_required`, `maintenance` or `unavailable`
   */
  static async forJob(tenancy: Tenancy, tenantId: string, name: string, act: Act): Promise<TenantScope<Job>> {
    const open = await tenancy.openTenants.findById(tenantId);
    if (open === undefined) throw notFound("pharmacy");
    requireOpen(open.entry, tenancy.schema);
    requireAct(open.entry, act);
    return TenantScope.#enter(tenancy, open, { kind: "job", name }, act);
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
    requireOpen(open.entry, tenancy.schema);
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
    const actor: Operator = { kind: "operator", ...operator };
    return new TenantScope<Operator>(tenancy, open, TenantConnection.queryBuilderOf(reader), actor, "read_records");
  }

  static async #enter<B extends TenantActor>(
    tenancy: Tenancy,
    open: OpenTenant,
    actor: B,
    act: Act,
  ): Promise<TenantScope<B>> {
    const connection = await open.connection();
    return new TenantScope<B>(tenancy, open, TenantConnection.queryBuilderOf(connection), actor, act);
  }

  /** Whether records may be changed: a suspended pharmacy's are only read. */
  get mayWork(): boolean {
    return Entitlements.act(Entitlements.termsOf(this.tenant), "work").isAllowed;
  }

  /** Limits that all processes share, counted for this pharmacy alone. */
  get limits(): RateLimits {
    this.#limits ??= new RateLimits(this.db, ["rate_limits"], this.clock, () => this.key("rate-limits"));
    return this.#limits;
  }

  /** What this process has counted of this pharmacy's use. */
  get usage(): KnownUsage {
    return this.#open.usage;
  }

  /**
   * Counts a request of this actor: the doors of the web do it once for each.
   * @returns what is left, and the refusal to throw when nothing is
   */
  countRequest(): Promise<Counted> {
    const quotas = Quotas.quotasOf(this.tenant, this.actor, this.clock.now());
    return this.#open.quotas.take(this.db, quotas, this.clock.now(), () => this.key("request-quotas"));
  }

  /**
   * Runs `run` in one transaction; inside another one it joins. If `run` emitted effects, a delayed hint is sent before
   * the commit, so that a crash after it loses nothing, and the effects are relayed right after it. Where the pharmacy
   * was entered to read and may do no more, nothing can be written in it.
   */
  async tx<R>(run: (tx: TenantScope<A>) => Promise<R>): Promise<R> {
    if (this.#emitted !== undefined) return run(this);
    const emitted = { any: false };
    const any = this.db.transaction();
    const begun = this.mayWork || !readingActs.has(this.#act) ? any : any.setAccessMode("read only");
    const result = await begun.execute(async (transaction: Transaction<TenantTables>) => {
      const value = await run(
        new TenantScope<A>(this.#tenancy, this.#open, transaction, this.actor, this.#act, emitted),
      );
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

const readingActs: ReadonlySet<Act> = new Set(["read_records", "export"] as const);

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
  requireOpen(found.tenant.entry, tenancy.schema);
  return found.tenant;
}

const signInFirst = (): DomainError => new DomainError("unauthenticated", "Sign in to go on.");

const keyRefused = (): DomainError =>
  new DomainError("unauthenticated", "This API key is unknown here, expired or revoked.");
