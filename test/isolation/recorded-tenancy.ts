import type { Log } from "@pharmasight/core/kernel/log";
import { deriveKey } from "@pharmasight/core/kernel/tokens";
import type { RegistryEntry } from "@pharmasight/core/registry/registry";
import { TenantConnection } from "@pharmasight/core/tenant/connection";
import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import { SESSION_KEY_PURPOSE, type Tenancy } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";

const silent: Log = { info() {}, warn() {}, error() {}, alarm() {} };

export const ALFA = "019ab000-0000-7000-8000-00000000000a";
export const BRAVO = "019ab000-0000-7000-8000-00000000000b";
/** One id at both pharmacies, as copied databases have. */
export const PERSON = "019ab000-0000-7000-8000-0000000000aa";
export const SESSION = "019ab000-0000-7000-8000-0000000000ab";
export const origin = { sourceIp: "192.0.2.7", requestId: "test" };

interface Statement {
  readonly tenantId: string;
  readonly role: string;
  readonly text: string;
}

/**
 * The doors over databases that only write down what they are asked, and of whom: which pharmacy's database a statement
 * reaches, and that a refusal came before any, is seen at once and without a server.
 */
export class RecordedTenancy {
  now = new Date("2026-11-24T08:00:00Z");
  readonly entries = new Map<string, RegistryEntry>();
  readonly statements: Statement[] = [];
  readonly sent: { readonly queue: string; readonly message: Readonly<Record<string, string>> }[] = [];
  /** Rows that a database answers with. */
  answer: (statement: Statement) => Promise<readonly unknown[]> | readonly unknown[] = () => [];
  readonly masterKey = new Uint8Array(32).fill(1);
  readonly tenancy: Tenancy;

  constructor() {
    this.entries.set("alfa", entryOf("alfa", ALFA));
    this.entries.set("bravo", entryOf("bravo", BRAVO));
    const clock = { now: () => this.now };
    const all = () => [...this.entries.values()];
    this.tenancy = {
      openTenants: new OpenTenants({
        registry: {
          findByHost: async (host) => this.entries.get(host),
          findByTenant: async (id) => all().find(({ tenantId }) => tenantId === id),
          changesSince: async () => ({ version: 1n, tenantIds: [] }),
        },
        databases: { open: async ({ tenantId }, role) => this.#open(tenantId, role) },
        clock,
        log: silent,
        tenantsMax: 10,
        ttlSeconds: 300,
        checkSeconds: 5,
        graceSeconds: 60,
      }),
      jobs: { send: async (queue, message) => void this.sent.push({ queue, message }) },
      clock,
      log: silent,
      masterKey: async () => this.masterKey,
      schema: { required: 1, known: 1 },
    };
  }

  change(host: string, changes: Partial<RegistryEntry>): void {
    const entry = this.entries.get(host);
    if (entry !== undefined) this.entries.set(host, { ...entry, ...changes });
  }

  /** A token that names `claimed`, signed with the key of `signer` for `purpose`. */
  token(signer: string, claimed = signer, purpose = SESSION_KEY_PURPOSE): string {
    const expiresAt = Math.floor(this.now.getTime() / 1000) + 3600;
    const claims = { tenantId: claimed, userId: PERSON, sessionId: SESSION, expiresAt };
    return SessionTokens.sign(claims, deriveKey(this.masterKey, purpose, signer));
  }

  /** The row that a look at a living session finds. */
  sessionRow() {
    const later = new Date(this.now.getTime() + 86_400_000);
    const seen = { signedInAt: this.now, lastSeenAt: this.now, personSeenAt: this.now, expiresAt: later };
    return { ...seen, name: "Amina", email: null, username: "amina", role: "owner", branchRoles: [], overrides: [] };
  }

  #open(tenantId: string, role: string): TenantConnection {
    const driver = new (class extends DummyDriver {
      readonly #ask: (text: string) => Promise<readonly unknown[]>;
      constructor(ask: (text: string) => Promise<readonly unknown[]>) {
        super();
        this.#ask = ask;
      }
      override async acquireConnection() {
        const ask = this.#ask;
        return {
          executeQuery: async ({ sql }: { readonly sql: string }) => ({ rows: (await ask(sql)) as never[] }),
          async *streamQuery() {},
        };
      }
    })(async (text) => {
      const statement = { tenantId, role, text };
      this.statements.push(statement);
      return this.answer(statement);
    });
    const db = new Kysely<TenantTables>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => driver,
        createIntrospector: (kysely) => new PostgresIntrospector(kysely),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
    return new TenantConnection(tenantId, { db, close: async () => {}, retire: async () => {} });
  }
}

function entryOf(host: string, tenantId: string): RegistryEntry {
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
    schemaVersion: 1,
    flags: {},
    settings: {},
    registryVersion: 1n,
    appSecretArn: `arn:${tenantId}`,
    planCode: "starter",
    planName: "Starter",
    modulePrices: [],
    raises: [],
    graceEndsAt: null,
    accessEndsAt: null,
    suspension: null,
    includedModules: ["inventory", "api_access"],
    grantedModules: [],
    maxBranches: 1,
    maxUsers: 5,
    maxItems: null,
    apiRequestsPerMinute: 600,
  };
}
