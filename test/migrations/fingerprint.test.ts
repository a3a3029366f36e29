import { readFile } from "node:fs/promises";
import { SCHEMAS } from "@pharmasight/adapters/migrations/catalogue";
import { describeDifferences, differencesBetween } from "@pharmasight/adapters/migrations/differences";
import {
  expectedFingerprint,
  fingerprintHashOf,
  fingerprintOf,
  hashOf,
  tableSizesOf,
} from "@pharmasight/adapters/migrations/fingerprint";
import type { Migration, Plane } from "@pharmasight/adapters/migrations/migration";
import { migrations } from "@pharmasight/adapters/migrations/migrations.generated";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { tryMigration, unmeasured } from "@pharmasight/adapters/migrations/trial";
import type { Session } from "@pharmasight/adapters/postgres/client";
import { withSession } from "@pharmasight/adapters/postgres/session";
import { postgresServerHosts } from "@pharmasight/adapters/postgres-server/database-hosts";
import type { SchemaFingerprint } from "@pharmasight/core/ports/schemas";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FINGERPRINTS_MODULE, renderFingerprints } from "../../scripts/generate-fingerprints.ts";
import { startTestCluster, type TestCluster } from "../postgres/fixture.ts";

const NEWEST = schemaVersions.tenant;
let cluster: TestCluster;
let made = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.admin`create role pharmacy_app nologin`;
  await cluster.admin`create role pharmacy_reader nologin`;
  await cluster.admin.unsafe("create role other_owner login password 'other'");
  await inNew(async (session) => up(session, migrations.tenant), "migrated");
});
afterAll(() => cluster?.stop());

const inDatabase = <T>(database: string, work: (session: Session) => Promise<T>, credential = cluster.superuser) =>
  withSession(
    { endpoint: { host: cluster.host, port: cluster.port, database }, credential, applicationName: "test" },
    work,
  );

/** In a new database with an empty schema. */
async function inNew<T>(work: (session: Session) => Promise<T>, name?: string, credential = cluster.superuser) {
  made += 1;
  const database = name ?? `fingerprint_${made}`;
  await cluster.admin.unsafe(`create database ${database} owner ${credential.user}`);
  return inDatabase(
    database,
    async (session) => {
      await session.script(`
        create schema pharmacy;
        create table pharmacy.schema_migrations (version integer, name text, checksum text, applied_at timestamptz)`);
      return work(session);
    },
    credential,
  );
}

async function up(session: Session, steps: readonly Migration[]): Promise<void> {
  for (const step of steps) await tryMigration(session, step, "up", unmeasured);
}

const named = (wanted: SchemaFingerprint, found: SchemaFingerprint) =>
  differencesBetween(wanted, found).map(({ object, is }) => `${object} is ${is}`);

/** What differs once `change` has been made in a migrated database; nothing of it stays. */
const afterChange = (change: string): Promise<string[]> =>
  inDatabase("migrated", async (session) => {
    await session.script("begin");
    await session.script(`set local search_path to pharmacy, public; ${change}`);
    const found = await fingerprintOf(session, "tenant");
    await session.script("rollback");
    return named(expectedFingerprint("tenant", NEWEST), found);
  });

test("the bundled fingerprints are those of the migrations", async () => {
  const own = await startTestCluster();
  try {
    const message = 'stale: run "npm run generate"';
    expect(await readFile(FINGERPRINTS_MODULE, "utf8"), message).toBe(await renderFingerprints(own));
  } finally {
    await own.stop();
  }
});

test("there is one for every version, made up of its objects, and none for others", () => {
  for (const plane of ["control", "tenant"] satisfies Plane[]) {
    for (let version = 0; version <= schemaVersions[plane]; version += 1) {
      const { hash, objects } = expectedFingerprint(plane, version);
      expect(hashOf(objects)).toBe(hash);
    }
    expect(() => expectedFingerprint(plane, schemaVersions[plane] + 1)).toThrow("There is no such");
  }
});

test("every way leads to the same: one step or many, another owner, down and up again, a clone of the template", async () => {
  const wanted = expectedFingerprint("tenant", NEWEST);
  const credential = { user: "other_owner", password: "other" };
  const ofOther = await inNew(
    async (session) => {
      await up(session, migrations.tenant);
      return fingerprintOf(session, "tenant");
    },
    undefined,
    credential,
  );
  expect(named(wanted, ofOther)).toEqual([]);

  const hosts = postgresServerHosts({
    administrator: async () => ({ host: cluster.host, port: cluster.port, database: "postgres", ...cluster.superuser }),
    region: "here",
  });
  const { ref } = await hosts.create({ name: "cloned", ownerPassword: "password", region: "here", size: "any" });
  const cloned = await inDatabase(ref, (session) => fingerprintOf(session, "tenant"));
  expect(named(wanted, cloned)).toEqual([]);
  const { ownerUser } = await hosts.endpoints(ref);
  const asOwner = { user: ownerUser, password: "password" };
  expect(await inDatabase(ref, (session) => fingerprintHashOf(session, "tenant"), asOwner)).toBe(wanted.hash);
});

test.each(["control", "tenant"] as const)(
  "the way down from each version of the %s plane leads to the version before it, and up again to the same",
  async (plane) => {
    await cluster.admin.unsafe(`create database ways_${plane}`);
    await inDatabase(`ways_${plane}`, async (session) => {
      const schema = SCHEMAS[plane][0];
      await session.script(`create schema ${schema}; set search_path to ${schema}, public`);
      const found: [string, string, string[]][] = [];
      for (const step of migrations[plane]) {
        for (const direction of ["up", "down", "up"] as const) {
          // A batch takes parameters and leaves the schema as it is.
          const statements = direction === "up" && step.isBackfill ? [] : step[direction];
          for (const statement of statements) await session.script(statement);
          const version = direction === "up" ? step.version : step.version - 1;
          const differences = named(expectedFingerprint(plane, version), await fingerprintOf(session, plane));
          if (differences.length > 0) found.push([step.name, direction, differences]);
        }
      }
      expect(found).toEqual([]);
    });
  },
);

test("the hash alone is the same, and a search path in a transaction stays what it was", async () => {
  await inDatabase("migrated", async (session) => {
    await session.script("set search_path to public");
    const { hash } = await fingerprintOf(session, "tenant");
    await session.script("begin; set local search_path to pharmacy, public");
    expect(await fingerprintHashOf(session, "tenant")).toBe(hash);
    expect(await session.rows("show search_path")).toEqual([{ search_path: "pharmacy, public" }]);
    await session.script("commit");
    expect(await session.rows("show search_path")).toEqual([{ search_path: "public" }]);
  });
});

test("the order of columns does not matter, and neither do the executor's tables, rows or statistics", async () => {
  const of = (script: string) =>
    inNew(async (session) => {
      await session.script(`set search_path to pharmacy; ${script}`);
      return fingerprintHashOf(session, "tenant");
    });
  const one = await of("create table a (x integer not null, y text default 'b', check (x > 0))");
  const other = await of(`
    create table a (gone text, y text default 'b', x integer);
    alter table a drop column gone, alter column x set not null, add constraint a_x_check check (x > 0);
    create table schema_fence (only_row boolean primary key, fence bigint);
    create table schema_steps (version integer); create table schema_repairs (name text primary key);
    insert into a (x) values (1); analyze a`);
  expect(other).toBe(one);
});

const changes: readonly [change: string, ...differences: string[]][] = [
  ["alter table items add note text", "column pharmacy.items.note is unexpected"],
  [
    "alter table stock_movements alter unit_cost type numeric(22, 4)",
    "column pharmacy.stock_movements.unit_cost is different",
  ],
  ["alter table items alter name drop not null", "column pharmacy.items.name is different"],
  ["alter table items alter strength set default 'x'", "column pharmacy.items.strength is different"],
  ['alter table items alter strength type text collate "C"', "column pharmacy.items.strength is different"],
  [
    "alter table items drop column form",
    "column pharmacy.items.form is missing",
    "constraint pharmacy.items.items_form_check is missing",
  ],
  ["alter table items drop constraint items_name_check", "constraint pharmacy.items.items_name_check is missing"],
  [
    "alter table items add constraint odd check (name <> 'odd') not valid",
    "constraint pharmacy.items.odd is unexpected",
  ],
  ["create index odd on items (form)", "index pharmacy.odd is unexpected"],
  [
    "update pg_index set indisvalid = false where indexrelid = 'accounts_user'::regclass",
    "index pharmacy.accounts_user is different",
  ],
  ["create view odd as select name from items", "view pharmacy.odd is unexpected"],
  [
    "create or replace function refuse_audit_change() returns trigger language plpgsql as 'begin return null; end'",
    "function pharmacy.refuse_audit_change() is different",
  ],
  ["alter function refuse_audit_change() security definer", "function pharmacy.refuse_audit_change() is different"],
  [
    "alter function refuse_audit_change() set search_path = public",
    "function pharmacy.refuse_audit_change() is different",
  ],
  [
    "alter table audit_log disable trigger audit_log_append_only",
    "trigger pharmacy.audit_log.audit_log_append_only is different",
  ],
  ["drop trigger audit_log_append_only on audit_log", "trigger pharmacy.audit_log.audit_log_append_only is missing"],
  ["alter sequence item_sku_numbers increment 2", "sequence pharmacy.item_sku_numbers is different"],
  ["create type odd as enum ('a', 'b')", "type pharmacy.odd is unexpected"],
  ["create domain odd as text check (value <> '')", "type pharmacy.odd is unexpected"],
  ["create policy odd on items using (true)", "policy pharmacy.items.odd is unexpected"],
  ["alter table items enable row level security", "table pharmacy.items is different"],
  ["alter table items set (fillfactor = 80)", "table pharmacy.items is different"],
  ["alter table api_keys set unlogged", "table pharmacy.api_keys is different"],
  ["alter table items owner to other_owner", "table pharmacy.items is different"],
  ["create rule odd as on delete to items do nothing", "rule pharmacy.items.odd is unexpected"],
  ["create statistics odd on name, form from items", "statistics pharmacy.odd is unexpected"],
  ["grant truncate on items to pharmacy_app", "grant pharmacy.items to pharmacy_app is different"],
  ["revoke select on items from pharmacy_reader", "grant pharmacy.items to pharmacy_reader is missing"],
  ["grant select (name) on items to other_owner", "grant pharmacy.items.name to other_owner is unexpected"],
  ["grant select on items to public", "grant pharmacy.items to public is unexpected"],
  [
    "revoke execute on function refuse_audit_change() from pharmacy_app",
    "grant pharmacy.refuse_audit_change() to pharmacy_app is missing",
  ],
  ["grant create on schema pharmacy to pharmacy_app", "grant schema pharmacy to pharmacy_app is different"],
  [
    "alter default privileges in schema pharmacy grant truncate on tables to pharmacy_app",
    "default grant of tables in pharmacy to pharmacy_app is different",
  ],
  ["create extension ltree schema pharmacy", "extension ltree is unexpected"],
  ["drop table api_keys", "index pharmacy.api_keys_hash is missing", "table pharmacy.api_keys is missing"],
];

test.each(changes)("changed by hand: %s", async (change, ...differences) => {
  const found = await afterChange(change);
  if (/^(drop table|create type|create domain|alter table items owner)/.test(change)) {
    // With rights that come along, or go.
    for (const difference of differences.slice(-1)) expect(found).toContain(difference);
  } else {
    expect(found).toEqual(differences);
  }
});

/** Each can be made and undone in any order with the others. */
const acts: readonly [make: string, undo: string][] = [
  ["alter table items add extra_1 text", "alter table items drop column extra_1"],
  ["alter table items add extra_2 integer not null default 7", "alter table items drop column extra_2"],
  ["create index extra_3 on batches (batch_number)", "drop index extra_3"],
  ["create table extra_4 (id uuid primary key, note text unique)", "drop table extra_4"],
  ["alter table branches alter name type varchar(999)", "alter table branches alter name type text"],
  ["grant references on companies to pharmacy_app", "revoke references on companies from pharmacy_app"],
  ["create type extra_7 as enum ('a')", "drop type extra_7"],
  ["create function extra_8(a text) returns text language sql as 'select a'", "drop function extra_8"],
  ["alter table users add constraint extra_9 check (name <> '!')", "alter table users drop constraint extra_9"],
  ["create sequence extra_10 start 5", "drop sequence extra_10"],
  ["alter table users enable row level security", "alter table users disable row level security"],
  ["alter table items set (autovacuum_enabled = false)", "alter table items reset (autovacuum_enabled)"],
];

test("whatever is changed shows, and what is undone in another order does not", async () => {
  const wanted = expectedFingerprint("tenant", NEWEST).hash;
  await inDatabase("migrated", async (session) => {
    await session.script("set search_path to pharmacy, public");
    const some = fc.shuffledSubarray([...acts], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        some.chain((chosen) =>
          fc.tuple(fc.constant(chosen), fc.shuffledSubarray(chosen, { minLength: chosen.length })),
        ),
        async ([chosen, undone]) => {
          const seen = new Set([wanted]);
          await session.script("begin");
          try {
            for (const [make] of chosen) {
              await session.script(make);
              seen.add(await fingerprintHashOf(session, "tenant"));
            }
            for (const [, undo] of undone) await session.script(undo);
            expect(await fingerprintHashOf(session, "tenant")).toBe(wanted);
          } finally {
            await session.script("rollback");
          }
          expect(seen.size).toBe(chosen.length + 1);
        },
      ),
      { numRuns: 15 },
    );
  });
});

test("differences are told in order, at most 200, and of a missing table not each column", () => {
  const fingerprint = (objects: Record<string, string>): SchemaFingerprint => ({ hash: hashOf(objects), objects });
  const some = fingerprint({ "column s.b.x": "1", "table s.b": "1", "grant s.b to app": "1", "table s.a": "1" });
  const none = fingerprint({ "table s.a": "2" });
  const differences = differencesBetween(some, none);
  expect(differences).toEqual([
    { object: "table s.a", is: "different" },
    { object: "table s.b", is: "missing" },
  ]);
  expect(describeDifferences(differences)).toBe("table s.a is different, table s.b is missing");
  expect(differencesBetween(some, some)).toEqual([]);
  const many = fingerprint(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`index s.i${index}`, "1"])));
  expect(differencesBetween(fingerprint({}), many)).toHaveLength(200);
});

test("sizes of tables are told by name, without the executor's", async () => {
  const sizes = await inDatabase("migrated", (session) => tableSizesOf(session, "tenant"));
  expect(sizes["pharmacy.items"]).toBeGreaterThan(0);
  expect(Object.keys(sizes).filter((name) => name.includes("schema_"))).toEqual([]);
});
