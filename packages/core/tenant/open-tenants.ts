import { LRUCache } from "lru-cache";
import type { Clock } from "../kernel/clock.ts";
import { unavailable } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { RegistryEntry, RegistryReader } from "../registry/registry.ts";
import { KnownApiKeys } from "./api-keys/known-keys.ts";
import type { TenantConnection, TenantDatabases } from "./connection.ts";
import { KnownQuotas } from "./quotas/known-quotas.ts";
import { KnownSessions } from "./sessions/known-sessions.ts";
import { VerifiedTokens } from "./sessions/verified-tokens.ts";
import { KnownUsage } from "./usage/known-usage.ts";

export interface OpenTenantsOptions {
  readonly registry: RegistryReader;
  readonly databases: TenantDatabases;
  readonly clock: Clock;
  readonly log: Log;
  /** Tenants kept open in this process. */
  readonly tenantsMax: number;
  readonly ttlSeconds: number;
  /** How old the last look at the registry's counter may be when a request is served. */
  readonly checkSeconds: number;
  /** How long open tenants are served while the control database does not answer. */
  readonly graceSeconds: number;
}

/** One cache entry for everything known of an open tenant: dropping it is the only invalidation there is. */
export class OpenTenant {
  readonly entry: RegistryEntry;
  readonly sessions = new KnownSessions();
  readonly tokens = new VerifiedTokens();
  readonly quotas = new KnownQuotas();
  readonly apiKeys = new KnownApiKeys();
  readonly usage = new KnownUsage();
  readonly #open: (role: Role) => Promise<TenantConnection>;
  readonly #connections = new Map<Role, Promise<TenantConnection>>();
  #isRetired = false;

  constructor(entry: RegistryEntry, open: (role: Role) => Promise<TenantConnection>) {
    this.entry = entry;
    this.#open = open;
  }

  /** The proved connection of a role, opened on first use; a failed attempt is not remembered. */
  connection(role: Role = "app"): Promise<TenantConnection> {
    const known = this.#connections.get(role);
    if (known !== undefined) return known;
    const opening = this.#open(role).catch((error: unknown) => {
      this.#connections.delete(role);
      throw error;
    });
    this.#connections.set(role, opening);
    if (this.#isRetired) retireOnceOpen(opening);
    return opening;
  }

  /**
   * Nobody finds it any more. Requests that use it go on, but hold no connection between their queries: however many
   * tenants come and go, idle connections are those of the open ones.
   */
  retire(): void {
    this.#isRetired = true;
    for (const opening of this.#connections.values()) retireOnceOpen(opening);
  }

  async close(): Promise<void> {
    const closing = [...this.#connections.values()].map((opening) => opening.then((open) => open.close()));
    await Promise.allSettled(closing);
  }
}

/** `reader` can only select. */
type Role = "app" | "reader";

/** No request outlives the gateway's 30 seconds. */
const DRAIN_SECONDS = 35;
const MISSING_TTL_MS = 5000;
const RETRY_AFTER_SECONDS = 5;
/** How long a request waits for a look at the registry when it can be served with what is known. */
const PATIENCE_MS = 500;

/** Gives up what is idle at once, and everything when nobody can have it in use any more. */
function retireOnceOpen(opening: Promise<TenantConnection>): void {
  // One whose opening fails has nothing to give up, and its caller hears of it.
  void opening.then(
    (connection) => connection.retire(DRAIN_SECONDS),
    () => {},
  );
}

/**
 * The tenants that this process serves: bounded, single-flight, and at most `checkSeconds` behind the registry. A load
 * that a change overtakes is used once and never cached.
 */
export class OpenTenants {
  readonly #options: OpenTenantsOptions;
  readonly #tenants: LRUCache<string, OpenTenant>;
  readonly #entries: LRUCache<string, RegistryEntry>;
  readonly #missing: LRUCache<string, true>;
  readonly #loads = new Map<string, Promise<RegistryEntry | undefined>>();
  #version: bigint | undefined;
  #checkedAt: number | undefined;
  #triedAt: number | undefined;
  #failure: unknown;
  #checking: Promise<void> | undefined;
  #patience: Promise<void> | undefined;
  #generation = 0;

  constructor(options: OpenTenantsOptions) {
    this.#options = options;
    const now = () => options.clock.now().getTime();
    const bounded = { ttl: options.ttlSeconds * 1000, ttlResolution: 0, perf: { now } };
    this.#tenants = new LRUCache({
      ...bounded,
      max: options.tenantsMax,
      dispose: (tenant) => tenant.retire(),
    });
    this.#entries = new LRUCache({ ...bounded, max: options.tenantsMax * 2 });
    this.#missing = new LRUCache({ ...bounded, max: 10_000, ttl: MISSING_TTL_MS });
  }

  /** @throws DomainError `unavailable` when the registry cannot be asked */
  async findByHost(host: string): Promise<{ entry: RegistryEntry; tenant: OpenTenant } | undefined> {
    const entry = await this.#find(`host:${host}`, () => this.#options.registry.findByHost(host));
    return entry === undefined ? undefined : { entry, tenant: this.#tenantOf(entry) };
  }

  /** @throws DomainError `unavailable` when the registry cannot be asked */
  async findById(tenantId: string): Promise<OpenTenant | undefined> {
    const entry = await this.#find(`id:${tenantId}`, () => this.#options.registry.findByTenant(tenantId));
    return entry === undefined ? undefined : this.#tenantOf(entry);
  }

  /** Closes every connection; for the end of a process. */
  async close(): Promise<void> {
    const open = [...this.#tenants.values()];
    this.#entries.clear();
    await Promise.all(open.map((tenant) => tenant.close()));
    this.#tenants.clear();
  }

  async #find(key: string, load: () => Promise<RegistryEntry | undefined>): Promise<RegistryEntry | undefined> {
    if (this.#isDue() || this.#checking !== undefined) await this.#checkForAWhile();
    this.#requireFresh();
    // While the control database is silent, what was known stays known: the minute of grace is for that.
    const isSilent = this.#failure !== undefined;
    const known = this.#entries.get(key, { allowStale: isSilent, noDeleteOnStaleGet: isSilent });
    if (known !== undefined) return known;
    if (this.#missing.has(key)) return undefined;
    const running = this.#loads.get(key);
    if (running !== undefined) return running;
    const loading = this.#load(key, load).finally(() => {
      // A change may have dropped this load and somebody begun a newer one.
      if (this.#loads.get(key) === loading) this.#loads.delete(key);
    });
    this.#loads.set(key, loading);
    return loading;
  }

  async #load(key: string, load: () => Promise<RegistryEntry | undefined>): Promise<RegistryEntry | undefined> {
    const generation = this.#generation;
    const entry = await load().catch((error: unknown) => {
      throw unavailable("The service is not available at the moment.", RETRY_AFTER_SECONDS, error);
    });
    if (generation !== this.#generation) return entry;
    if (entry === undefined) this.#missing.set(key, true);
    else this.#entries.set(key, entry);
    return entry;
  }

  /** One open tenant per registry version: an entry that was read before a change never meets a newer connection. */
  #tenantOf(entry: RegistryEntry): OpenTenant {
    const known = this.#tenants.get(entry.tenantId);
    if (known !== undefined && known.entry.registryVersion >= entry.registryVersion) return known;
    const tenant = new OpenTenant(entry, (role) => this.#options.databases.open(entry, role));
    this.#tenants.set(entry.tenantId, tenant);
    return tenant;
  }

  #isDue(): boolean {
    const now = this.#options.clock.now().getTime();
    return this.#triedAt === undefined || now - this.#triedAt > this.#options.checkSeconds * 1000;
  }

  /** @throws DomainError `unavailable` when the last look that succeeded is too long ago */
  #requireFresh(): void {
    if (this.#isFresh()) return;
    throw unavailable("The service is not available at the moment.", RETRY_AFTER_SECONDS, this.#failure);
  }

  #isFresh(): boolean {
    const limitMs = (this.#options.checkSeconds + this.#options.graceSeconds) * 1000;
    return this.#checkedAt !== undefined && this.#options.clock.now().getTime() - this.#checkedAt <= limitMs;
  }

  /**
   * Looks at the counter. A control database that hangs instead of refusing keeps nobody waiting who can be served with
   * what is known: the look goes on beside the request.
   */
  async #checkForAWhile(): Promise<void> {
    this.#checking ??= this.#lookAtCounter().finally(() => {
      this.#checking = undefined;
      this.#patience = undefined;
    });
    if (!this.#isFresh()) return this.#checking;
    this.#patience ??= new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    await Promise.race([this.#checking, this.#patience]);
  }

  async #lookAtCounter(): Promise<void> {
    const startedAt = this.#options.clock.now().getTime();
    // One try in `checkSeconds`, also while it fails: requests do not queue for a database that is silent.
    this.#triedAt = startedAt;
    try {
      const changes = await this.#options.registry.changesSince(this.#version);
      // A counter that went back is that of a restored database: nothing that was read before it is to be trusted.
      if (this.#version !== undefined && changes.version < this.#version) this.#dropAll();
      else if (changes.version !== this.#version) this.#drop(new Set(changes.tenantIds));
      this.#version = changes.version;
      this.#checkedAt = startedAt;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      // From its end on, however long it took to fail.
      this.#triedAt = this.#options.clock.now().getTime();
      this.#options.log.alarm("control-database-unreachable");
    }
  }

  #dropAll(): void {
    const open = [...this.#tenants.keys()];
    const known = [...this.#entries.values()].map(({ tenantId }) => tenantId);
    this.#drop(new Set([...open, ...known]));
  }

  #drop(tenantIds: ReadonlySet<string>): void {
    this.#generation += 1;
    this.#loads.clear();
    this.#missing.clear();
    for (const [key, entry] of this.#entries.entries()) {
      if (tenantIds.has(entry.tenantId)) this.#entries.delete(key);
    }
    for (const tenantId of tenantIds) this.#tenants.delete(tenantId);
  }
}
