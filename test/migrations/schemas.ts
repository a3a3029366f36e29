import { randomUUID } from "node:crypto";
import { type LeadOptions, type LeadOutcome, leadSchema, migrate } from "@pharmasight/adapters/migrations/executor";
import type { Migration } from "@pharmasight/adapters/migrations/migration";
import type { SchemaLead } from "@pharmasight/core/ports/schemas";
import { parseMigration } from "../../scripts/migrations/parse.ts";
import type { TestCluster } from "../postgres/fixture.ts";

/** Small schemas in databases of their own, and leads over them. */

export const LOCK_KEY = 1885888882;

/** A migration from the text of its files. */
export const migrationOf = (
  version: number,
  up: string,
  { down = "select 1", verify = "select 1", name = "step" } = {},
): Promise<Migration> => parseMigration({ name: `${String(version).padStart(4, "0")}_${name}`, up, down, verify });

/** A lead that is not lost and has time, unless it is said otherwise. */
export const leadOf = (fence: number, changes: Partial<SchemaLead> = {}): SchemaLead => ({
  deploymentId: randomUUID(),
  fence: String(fence),
  mayGoDown: true,
  signal: new AbortController().signal,
  timeLeftMs: () => 900_000,
  isStopping: () => false,
  pace: async () => ({ batchSize: 10, delayMs: 0 }),
  progressed: async () => {},
  ...changes,
});

/** Leads a schema of tenants. */
const leadTo = (
  at: Pick<LeadOptions<void>, "endpoint" | "credential">,
  migrations: readonly Migration[],
  toVersion: number,
  lead: SchemaLead,
  options: Partial<LeadOptions<void>> = {},
): Promise<LeadOutcome<void>> =>
  leadSchema({ ...at, plane: "tenant", migrations, toVersion, lead, look: async () => {}, ...options });

export class TestSchema {
  readonly #cluster: TestCluster;
  readonly database: string;

  private constructor(cluster: TestCluster, database: string) {
    this.#cluster = cluster;
    this.database = database;
  }

  static async make(cluster: TestCluster, database: string): Promise<TestSchema> {
    await cluster.admin.unsafe(`create database ${database}`);
    return new TestSchema(cluster, database);
  }

  get endpoint() {
    return { host: this.#cluster.host, port: this.#cluster.port, database: this.database };
  }

  connect() {
    return this.#cluster.connect(this.database);
  }

  lead(
    migrations: readonly Migration[],
    toVersion: number,
    lead: SchemaLead = leadOf(1),
    options: Partial<LeadOptions<void>> = {},
  ): Promise<LeadOutcome<void>> {
    return leadTo(
      { endpoint: this.endpoint, credential: this.#cluster.superuser },
      migrations,
      toVersion,
      lead,
      options,
    );
  }

  migrate(migrations: readonly Migration[], toVersion?: number) {
    const credential = this.#cluster.superuser;
    return migrate({ endpoint: this.endpoint, credential, plane: "tenant", migrations, toVersion });
  }

  async rows(text: string): Promise<Record<string, unknown>[]> {
    const sql = this.connect();
    try {
      await sql`set search_path to pharmacy`;
      const answer: unknown = await sql.unsafe(text);
      const results = Array.isArray(answer) && Array.isArray(answer.at(-1)) ? answer.at(-1) : answer;
      return [...(results as Record<string, unknown>[])];
    } finally {
      await sql.end();
    }
  }

  async versions(): Promise<unknown[]> {
    const rows = await this.rows("select version from schema_migrations order by version");
    return rows.map(({ version }) => version);
  }

  /** Whether somebody holds, or waits for, an advisory lock in this database. */
  async locks(): Promise<number> {
    const [row] = await this.#cluster.admin`
      select count(*)::int as n from pg_locks l join pg_database d on d.oid = l.database
      where l.locktype = 'advisory' and d.datname = ${this.database}`;
    return Number(row?.n);
  }
}
