import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { postgresTenantSetup } from "@pharmasight/adapters/postgres/tenant-setup";
import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import { newId } from "@pharmasight/core/kernel/ids";
import type { Log } from "@pharmasight/core/kernel/log";
import { deriveKey, randomToken } from "@pharmasight/core/kernel/tokens";
import type { Jobs } from "@pharmasight/core/ports/jobs";
import type { Act } from "@pharmasight/core/registry/entitlements/entitlements";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import type { ApiKey, Job, Member, Visitor } from "@pharmasight/core/tenant/actors";
import { TenantConnection } from "@pharmasight/core/tenant/connection";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import { REQUIRED_SCHEMA_VERSION } from "@pharmasight/core/tenant/schema/capabilities";
import { SESSION_KEY_PURPOSE, type Tenancy, TenantScope } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import { startCluster } from "@pharmasight/local/postgres/cluster";
import postgres from "postgres";

const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };
const origin = { sourceIp: "192.0.2.7", requestId: "test" };

type Role = NonNullable<TenantTables["users"]["role"]>;

interface SentMessage {
  readonly queue: string;
  readonly message: Readonly<Record<string, string>>;
}

/** The queues of a test: everything that was sent, in order. */
class SentJobs implements Jobs {
  readonly sent: SentMessage[] = [];
  /** Makes the service fail. */
  refuse: (queue: string) => boolean = () => false;
  /** Makes the service take a message and the answer get lost. */
  loseReply: (queue: string) => boolean = () => false;

  async send(queue: string, message: Readonly<Record<string, string>>): Promise<void> {
    if (this.refuse(queue)) throw new Error("the queue does not answer");
    this.sent.push({ queue, message });
    if (this.loseReply(queue)) throw new Error("the queue took it and does not answer");
  }

  of(queue: string): SentMessage[] {
    return this.sent.filter((one) => one.queue === queue);
  }
}

export interface Pharmacy {
  readonly tenantId: string;
  readonly ownerId: string;
  readonly ownerEmail: string;
  readonly jobs: SentJobs;
  /** Anybody, from this network. */
  visitor(sourceIp?: string): Promise<TenantScope<Visitor>>;
  job(): Promise<TenantScope<Job>>;
  /** Somebody signed in, of this role, who comes to work unless another act is given. */
  member(role?: Role, act?: Act): Promise<TenantScope<Member>>;
  /** Whoever holds this token; `elsewhere` in another process. */
  holder(token: string | undefined, elsewhere?: "elsewhere", act?: Act): Promise<TenantScope<Member>>;
  /** A program with this key; `elsewhere` in another process. */
  program(key: string, elsewhere?: "elsewhere", act?: Act): Promise<TenantScope<ApiKey>>;
  /** Runs one statement as the superuser, in the schema of the pharmacy, after `settings`. */
  asSuperuser(statement: string, parameters?: readonly unknown[], settings?: string): Promise<readonly unknown[]>;
  token(session: { readonly userId: string; readonly sessionId: string }): Promise<string>;
  /** What the registry says of it from now on, to whoever comes through a door. */
  change(changes: Partial<RegistryEntry>): void;
}

export interface Pharmacies {
  /** A pharmacy with a database of its own, set up as provisioning does it. */
  open(host: string, modules?: string[], terms?: Partial<RegistryEntry>): Promise<Pharmacy>;
  stop(): Promise<void>;
}

/** A Postgres in memory for one test file, and pharmacies on it. */
export async function startPharmacies(clock: Clock = systemClock): Promise<Pharmacies> {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-tenant-"));
  await chmod(folder, 0o755);
  const cluster = await startCluster({ dataDir: join(folder, "data"), inMemory: true, log: () => {} });
  const setup = postgresTenantSetup({ log: silent });
  const masterKey = randomBytes(32);
  const closers: (() => Promise<void>)[] = [];

  async function asSuperuser(database: string, statement: string, parameters: readonly unknown[] = [], settings = "") {
    const { user: username, password } = cluster.superuser;
    const superuser = postgres({ host: cluster.host, port: cluster.port, username, password, database, max: 1 });
    try {
      await superuser.unsafe(`set search_path = pharmacy; ${settings}`);
      return await superuser.unsafe(statement, parameters.map(String));
    } finally {
      await superuser.end();
    }
  }

  const open: Pharmacies["open"] = async (host, modules = ["inventory"], terms = {}) => {
    const tenantId = randomUUID();
    const ownerId = newId(clock);
    const ownerEmail = "amina@example.com";
    const database = `tenant_${host}`;
    await asSuperuser("postgres", `create database ${database}`);
    const endpoint = { host: cluster.host, port: cluster.port, database };
    const owner = { tenantId, session: endpoint, ...cluster.superuser };
    const app = { user: `${host}_app`, password: randomToken() };
    const reader = { user: `${host}_reader`, password: randomToken() };
    await setup.createRoles(owner, { app: app.user, reader: reader.user });
    await setup.setPasswords(owner, { app, reader });
    const { schemaVersion } = await setup.migrate(owner, setup.newestSchemaVersion);
    await setup.claimIdentity(owner);
    const at = clock.now();
    await setup.seed(owner, { companyName: host, currency: "KES", timeZone: "Africa/Nairobi", at });
    const link = { linkHash: randomToken(), linkExpiresAt: at };
    await setup.addOwner(owner, { userId: ownerId, name: "Amina", email: ownerEmail, at, ...link });

    const handle = openDatabase<TenantTables>({
      endpoint,
      credential: async () => app,
      poolSize: 4,
      idleSeconds: 60,
      maxAgeSeconds: 600,
      connectTimeoutMs: 10_000,
      queryTimeoutMs: 30_000,
      transactionTimeoutMs: 30_000,
      applicationName: "test",
      log: silent,
    });
    closers.push(() => handle.close());
    let entry = { ...entryOf(host, tenantId, schemaVersion), includedModules: modules, ...terms };
    // Tests move their clocks, by which open tenants are given up: the connections stay until the file ends.
    const lasting = { db: handle.db, close: async () => {}, retire: () => {} };
    const databases = { open: async () => new TenantConnection(tenantId, lasting) };
    const registry = {
      findByHost: async (asked: string) => (asked === host ? entry : undefined),
      findByTenant: async (asked: string) => (asked === tenantId ? entry : undefined),
      changesSince: async () => ({ version: 1n, tenantIds: [] }),
    };
    const limits = { tenantsMax: 5, ttlSeconds: 300, checkSeconds: 5, graceSeconds: 60 };
    const jobs = new SentJobs();
    const process = (): Tenancy => ({
      openTenants: new OpenTenants({ registry, databases, clock, log: silent, ...limits }),
      jobs,
      clock,
      log: silent,
      masterKey: async () => masterKey,
      schema: { required: REQUIRED_SCHEMA_VERSION, known: schemaVersions.tenant },
    });
    let [tenancy, elsewhere] = [process(), process()];
    const visitor: Pharmacy["visitor"] = (sourceIp = origin.sourceIp) =>
      TenantScope.forVisitor(tenancy, host, { ...origin, sourceIp });
    const holder: Pharmacy["holder"] = (token, where, act = "work") =>
      TenantScope.forMember(where ? elsewhere : tenancy, host, token, origin, act);
    const token: Pharmacy["token"] = async (session) =>
      SessionTokens.sign(
        { ...session, tenantId, expiresAt: Math.floor(clock.now().getTime() / 1000) + 3600 },
        deriveKey(masterKey, SESSION_KEY_PURPOSE, tenantId),
      );
    const member: Pharmacy["member"] = async (role = "owner", act = "work") => {
      const { db } = await visitor();
      const now = clock.now();
      const stamps = { createdAt: now, updatedAt: now };
      const userId = role === "owner" ? ownerId : newId(clock);
      if (role !== "owner") {
        const person = { id: userId, name: role, email: `${userId}@example.com`, role, ...stamps };
        await db.insertInto("users").values(person).execute();
      }
      const session = { id: newId(clock), userId, token: randomToken(), ...stamps };
      const expiresAt = new Date(now.getTime() + 3_600_000);
      await db
        .insertInto("sessions")
        .values({ ...session, expiresAt })
        .execute();
      return holder(await token({ userId, sessionId: session.id }), undefined, act);
    };
    return {
      tenantId,
      ownerId,
      ownerEmail,
      jobs,
      visitor,
      member,
      holder,
      token,
      program: (key, where, act = "work") => TenantScope.forApiKey(where ? elsewhere : tenancy, host, key, origin, act),
      asSuperuser: (...asked) => asSuperuser(database, ...asked),
      change(changes) {
        entry = { ...entry, ...changes };
        [tenancy, elsewhere] = [process(), process()];
      },
      job: () => TenantScope.forJob(tenancy, tenantId, "test", "work"),
    };
  };

  return {
    open,
    async stop() {
      await Promise.all(closers.map((close) => close()));
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function entryOf(host: string, tenantId: string, schemaVersion: number): RegistryEntry {
  return {
    host,
    hostKind: "primary",
    hostUntil: null,
    primaryHost: host,
    tenantId,
    companyName: host,
    state: "trial",
    currency: "KES",
    timeZone: "Africa/Nairobi",
    trialEndsAt: null,
    schemaVersion,
    flags: {},
    settings: {},
    registryVersion: 1n,
    appSecretArn: "arn:test",
    planCode: "starter",
    planName: "Starter",
    modulePrices: [],
    raises: [],
    graceEndsAt: null,
    accessEndsAt: null,
    suspension: null,
    includedModules: ["inventory"],
    grantedModules: [],
    maxBranches: null,
    maxUsers: null,
    maxItems: null,
    apiRequestsPerMinute: 600,
  };
}
