import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Migration } from "@pharmasight/adapters/migrations/migration";
import { migrations } from "@pharmasight/adapters/migrations/migrations.generated";
import type { DatabaseConnection } from "@pharmasight/local/control-database";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { runner } from "node-pg-migrate";
import { Client, Pool } from "pg";
import postgres from "postgres";
import { Umzug } from "umzug";
import { parseMigration } from "../../scripts/migrations/parse.ts";

/** One way of bringing a database to its newest migration: from connecting until the connection is closed. */
export interface Arm {
  readonly name: string;
  /** Databases at once. */
  readonly workers: number;
  up(target: DatabaseConnection): Promise<void>;
}

interface Script {
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly verify: string;
}

/** What every arm applies: a table with an index and a reference, a column, a view. */
const scripts: readonly Script[] = [
  {
    name: "bench_notes",
    up: `create table pharmacy.bench_notes (
  id uuid primary key,
  item_id uuid not null references pharmacy.items,
  body text not null,
  created_at timestamptz not null default now()
);
create index bench_notes_item on pharmacy.bench_notes (item_id);`,
    down: "drop table pharmacy.bench_notes;",
    verify: "select item_id from pharmacy.bench_notes limit 0;",
  },
  {
    name: "bench_shelf",
    up: "-- @lock-timeout 1s\nalter table pharmacy.items add column bench_shelf text;",
    down: "alter table pharmacy.items drop column bench_shelf;",
    verify: "select bench_shelf from pharmacy.items limit 0;",
  },
  {
    name: "bench_items",
    up: `create view pharmacy.bench_items with (security_invoker = true) as
select id, name, bench_shelf from pharmacy.items;`,
    down: "drop view pharmacy.bench_items;",
    verify: "select bench_shelf from pharmacy.bench_items limit 0;",
  },
];

/** Those that a tenant's database has already, and the three of the bench. */
export async function migrationsOfOurs(): Promise<readonly Migration[]> {
  const newest = Math.max(...migrations.tenant.map(({ version }) => version));
  const added = scripts.map(({ name, ...files }, index) => {
    const version = String(newest + index + 1).padStart(4, "0");
    return parseMigration({ name: `${version}_${name}`, ...files });
  });
  return [...migrations.tenant, ...(await Promise.all(added))];
}

/** @param folder for the runner that wants files */
export async function othersArms(folder: string): Promise<readonly Arm[]> {
  const files = join(folder, "node-pg-migrate");
  await mkdir(files, { recursive: true });
  for (const [index, { name, up, down }] of scripts.entries()) {
    const text = `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`;
    await writeFile(join(files, `17000000000${String(index).padStart(2, "0")}_${name}.sql`), text);
  }
  return [
    { name: "Kysely Migrator", workers: 1, up: byKysely },
    { name: "node-pg-migrate", workers: 1, up: (target) => byNodePgMigrate(target, files) },
    { name: "umzug", workers: 1, up: byUmzug },
    { name: "minimal loop", workers: 1, up: byHand },
  ];
}

async function byKysely(target: DatabaseConnection): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ ...target, max: 1 }) }) });
  const known = Object.fromEntries(
    scripts.map(({ name, up }, index) => [
      `${index}_${name}`,
      {
        up: async (inside: Kysely<unknown>) => {
          await sql.raw(up).execute(inside);
        },
      },
    ]),
  );
  try {
    const { error } = await new Migrator({ db, provider: { getMigrations: async () => known } }).migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

async function byNodePgMigrate(target: DatabaseConnection, dir: string): Promise<void> {
  await runner({ databaseUrl: { ...target }, dir, direction: "up", migrationsTable: "pgmigrations", log: () => {} });
}

async function byUmzug(target: DatabaseConnection): Promise<void> {
  const client = new Client(target);
  await client.connect();
  try {
    await client.query("create table if not exists public.umzug (name text primary key)");
    await new Umzug({
      context: client,
      logger: undefined,
      migrations: scripts.map(({ name, up }, index) => ({ name: `${index}_${name}`, up: () => client.query(up) })),
      storage: {
        executed: async () => (await client.query("select name from public.umzug order by name")).rows.map(nameOf),
        logMigration: async ({ name }) => {
          await client.query("insert into public.umzug (name) values ($1)", [name]);
        },
        unlogMigration: async ({ name }) => {
          await client.query("delete from public.umzug where name = $1", [name]);
        },
      },
    }).up();
  } finally {
    await client.end();
  }
}

const nameOf = (row: Readonly<Record<string, unknown>>): string => String(row["name"]);

/** The least that a runner has to do: connect, lock, apply, insert. */
async function byHand(target: DatabaseConnection): Promise<void> {
  const session = postgres({ ...target, max: 1, prepare: false, fetch_types: false, onnotice: () => {} });
  try {
    await session.unsafe("select pg_advisory_lock(1)");
    await session.unsafe("create table if not exists public.minimal_history (name text primary key)");
    const applied = new Set((await session.unsafe("select name from public.minimal_history")).map(({ name }) => name));
    for (const { name, up } of scripts.filter((script) => !applied.has(script.name))) {
      await session.unsafe(`begin; ${up}; insert into public.minimal_history (name) values ('${name}'); commit`);
    }
  } finally {
    await session.end();
  }
}
