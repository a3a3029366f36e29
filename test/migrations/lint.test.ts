import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plane } from "@pharmasight/adapters/migrations/migration";
import { expect, test } from "vitest";
import { MIGRATIONS_ROOT } from "../../scripts/migrations/folders.ts";
import { checkRules, lintMigrations, withoutWaived } from "../../scripts/migrations/lint.ts";
import { type ParsedMigration, parseMigrationFiles } from "../../scripts/migrations/parse.ts";

/** A table of before: every row has a code, which 0003 has proved; that it has a name, nobody has. */
const BEFORE = [
  "create table items (id uuid, name varchar(40), price numeric(10, 2), code text); create view prices as select 1; " +
    "create view priced as select name, price from items; create view everything as select * from items; " +
    "create function fill() returns void language sql as 'update items set code = 1'; " +
    "create function fold(text) returns text immutable language sql as 'select lower($1)'",
  "alter table items add constraint items_coded check (code is not null) not valid, " +
    "add constraint items_named check (name is not null) not valid",
  "-- @transaction none\nalter table items validate constraint items_coded",
];
const CONTRACT = "-- @phase contract\n-- @code-knows 3\n";
const OUTSIDE = "-- @transaction none\n";

interface Trial {
  readonly down?: string;
  readonly verify?: string;
  readonly plane?: Plane;
  readonly later?: readonly string[];
}

async function parseAll(ups: readonly string[], { down = "select", verify = "select 1" }: Trial = {}) {
  return Promise.all(
    ups.map((up, index) => {
      const name = `000${index + 1}_step`;
      return parseMigrationFiles(`migrations/tenant/${name}`, { name, up, down, verify });
    }),
  );
}

/** Names of the rules that find something in the fourth migration. */
async function rulesThatFind(up: string, trial: Trial = {}): Promise<string[]> {
  const before = await parseAll(BEFORE);
  const after = await parseAll([...BEFORE, up, ...(trial.later ?? [])], trial);
  const migrations: ParsedMigration[] = [...before, ...after.slice(BEFORE.length)];
  const found = checkRules(trial.plane ?? "tenant", migrations).filter(({ path }) => path.includes("0004_step"));
  return [...new Set(found.map(({ rule }) => rule))];
}

test("the migrations of the project keep the rules, or say why not", async () => {
  expect(await lintMigrations(MIGRATIONS_ROOT)).toEqual([]);
});

const VALIDATED = { later: ["alter table items validate constraint k"] };

/** Rule, what it finds, and what else the migration is. */
const BAD: readonly (readonly [rule: string, up: string, trial?: Trial])[] = [
  ["contract-phase", "drop table items"],
  ["contract-phase", "drop table items; create table items (id uuid)"],
  ["contract-phase", "drop view prices"],
  ["contract-phase", "drop function f(int)"],
  ["contract-phase", "drop trigger t on items"],
  ["contract-phase", "drop index i"],
  ["contract-phase", "alter table items drop column code"],
  ["contract-phase", "alter table items drop column code, add column code text"],
  ["contract-phase", "alter table items drop constraint items_coded"],
  ["contract-phase", "alter table items rename column code to codes"],
  ["contract-phase", "alter table items rename to things"],
  ["contract-phase", "alter table items set schema elsewhere"],
  ["contract-phase", "alter type t rename value 'a' to 'b'"],
  ["contract-phase", "alter table items alter column code set not null"],
  ["contract-phase", "alter table items alter column code drop default"],
  ["contract-phase", "alter table items alter column name type varchar(20)"],
  ["contract-phase", "truncate items"],
  ["contract-phase", "revoke select on items from pharmacy_app"],
  // What goes by cascade does not come back, and a view that comes back with fewer columns is another one.
  ["contract-phase", "drop function f() cascade; create function f() returns int stable language sql as 'select 1'"],
  ["contract-phase", "create view v as select 1 as one; drop view v cascade; create view v as select 1 as one"],
  ["contract-phase", "drop view priced; create view priced as select price from items"],
  ["contract-phase", "drop view priced; create view priced as select * from items"],
  ["contract-phase", "drop view everything; create view everything as select name from items"],
  ["contract-phase", `${OUTSIDE}create unique index concurrently if not exists i on items (name)`],
  ["contract-phase", "alter table items enable row level security"],
  ["contract-phase", "alter table items force row level security"],
  ["contract-phase", "create policy p on items as restrictive using (false)"],
  ["contract-phase", "create trigger t before insert on items for each row execute function refuse()"],
  ["contract-phase", "create rule r as on insert to items do instead nothing"],
  ["contract-only", `${CONTRACT}drop table items; create table other (id uuid)`],
  ["contract-only", `${CONTRACT}alter table items add column other text`],
  ["contract-only", `${CONTRACT}insert into items values (null)`],
  ["table-rewrite", `${CONTRACT}alter table items alter column code type jsonb using code::jsonb`],
  ["table-rewrite", `${CONTRACT}alter table items alter column name type varchar(20)`],
  ["table-rewrite", `${CONTRACT}alter table items alter column price type numeric(10, 4)`],
  ["table-rewrite", "alter table items add column key uuid default gen_random_uuid()"],
  ["table-rewrite", "alter table items add column seen timestamptz default clock_timestamp()"],
  ["table-rewrite", "alter table items add column number bigserial"],
  ["table-rewrite", "alter table items add column number bigint generated always as identity"],
  ["table-rewrite", "alter table items add column folded text generated always as (lower(name)) stored"],
  ["table-rewrite", "alter table items set unlogged"],
  ["table-rewrite", `${OUTSIDE}vacuum full items`],
  ["table-rewrite", "cluster items using i"],
  ["index-concurrently", "create index i on items (code)"],
  ["index-concurrently", "create unique index i on pharmacy.items (code)"],
  ["index-concurrently", "alter table items add constraint k unique (code)"],
  ["index-concurrently", "alter table items add column other text unique"],
  ["index-concurrently", "reindex table items"],
  ["constraint-not-valid", "alter table items add constraint k check (price > 0)", VALIDATED],
  ["constraint-not-valid", "alter table items add constraint k foreign key (code) references codes", VALIDATED],
  ["constraint-not-valid", "alter table items add check (price > 0) not valid"],
  ["constraint-not-valid", "alter table items add constraint k check (price > 0) not valid"],
  [
    "constraint-not-valid",
    "alter table items add constraint k check (price > 0) not valid; alter table items validate constraint k",
  ],
  ["constraint-not-valid", "alter table items add column other int check (other > 0)"],
  ["constraint-not-valid", "alter table items add column other uuid default '0' references codes"],
  ["not-null-proved", `${CONTRACT}alter table items alter column name set not null`],
  ["repeatable-outside-transaction", `${OUTSIDE}create table other (id uuid)`],
  ["repeatable-outside-transaction", `${OUTSIDE}create index concurrently on items (code)`],
  ["repeatable-outside-transaction", `${OUTSIDE}drop index concurrently i`],
  ["repeatable-outside-transaction", `${OUTSIDE}alter type t add value 'a'`],
  ["repeatable-outside-transaction", `${OUTSIDE}alter table items validate constraint k, add column other text`],
  ["repeatable-outside-transaction", `${OUTSIDE}analyze items`, { down: "drop index i" }],
  ["repeatable-outside-transaction", "create index concurrently i on items (code)"],
  ["repeatable-outside-transaction", "select 1", { down: "drop index concurrently if exists i" }],
  ["repeatable-outside-transaction", "vacuum items"],
  ["own-transaction", "begin; select 1; commit"],
  ["own-transaction", "set local search_path to public"],
  ["own-transaction", "set role pharmacy_app"],
  ["own-transaction", "select set_config('search_path', 'public', true)"],
  ["own-transaction", "lock table items"],
  ["own-transaction", "select pg_advisory_unlock_all()"],
  ["own-transaction", "select pg_try_advisory_lock(1)", { plane: "control" }],
  ["own-transaction", "select pg_terminate_backend(pid) from pg_stat_activity"],
  ["own-transaction", "alter table items owner to pharmacy_app"],
  ["own-transaction", "alter function fill() owner to pharmacy_app"],
  ["own-transaction", "select 1", { down: "commit" }],
  ["own-transaction", "select 1", { verify: "rollback" }],
  ["whole-table", "update items set code = 'a'"],
  ["whole-table", "delete from items where code is null"],
  ["whole-table", "with gone as (delete from items returning id) select count(*) from gone"],
  ["whole-table", "create table other (id uuid); insert into other select id from items"],
  ["opaque-block", "do $$ begin drop table items; end $$"],
  ["opaque-block", "call something()"],
  ["opaque-block", "select fill()"],
  [
    "opaque-block",
    "create function all_at_once() returns void begin atomic delete from items; end; select all_at_once()",
  ],
  ["verify-looks", "select 1", { verify: "delete from items" }],
  ["verify-looks", "select 1", { verify: "select 1 into other" }],
];

test.each(BAD.map(([rule, up, trial]) => ({ rule, up, trial })))("$rule finds: $up", async ({ rule, up, trial }) => {
  expect(await rulesThatFind(up, trial)).toContain(rule);
});

const GOOD: readonly (readonly [up: string, trial?: Trial])[] = [
  ["create table other (id uuid default gen_random_uuid() primary key); create index i on other (id)"],
  [
    "create table other (id uuid); alter table other add constraint k check (id is not null); drop view prices; create view prices as select 2",
  ],
  [
    "create table other (id uuid); insert into other values (null); update other set id = null; revoke all on other from x",
  ],
  ["alter table items add column other text not null default 'a'"],
  ["alter table items add column seen timestamptz not null default now()"],
  ["alter table items add column other uuid references codes"],
  ["alter table items alter column name type varchar(60), alter column price type numeric(12, 2)"],
  ["alter table items alter column name type text"],
  ["alter table items add constraint k check (price > 0) not valid", VALIDATED],
  [
    "alter table items drop constraint items_coded, add constraint items_coded check (true) not valid",
    { later: ["alter table items validate constraint items_coded"] },
  ],
  ["alter table items add constraint k unique using index i"],
  [
    `${OUTSIDE}create index concurrently if not exists i on items (code)`,
    { down: "drop index concurrently if exists i" },
  ],
  [`${OUTSIDE}alter type t add value if not exists 'a'`, { down: "select" }],
  [`${OUTSIDE}alter table items validate constraint k; analyze items; reindex index concurrently i; vacuum items`],
  [`${CONTRACT}alter table items drop column name; drop view prices; drop table items`],
  [`${CONTRACT}alter table items alter column code set not null; alter table items drop constraint items_coded`],
  [`${CONTRACT}drop view prices; create view prices as select 2; grant select on prices to pharmacy_app`],
  [`${CONTRACT}drop trigger t on items; drop function f()`],
  [
    "-- @backfill\nwith d as (update items set code = 'a' where name > $1::text and price < $2::integer returning name) select max(name) as cursor, count(*) as rows from d",
  ],
  ["update tenants set ring = 'pilot'", { plane: "control" }],
  ["create function f() returns void begin atomic update items set code = 'a'; end"],
  ["select fold('A')"],
  ["drop view priced; create view priced as select name, price, 1 as one from items"],
  ["drop view priced; create view priced (name, price) as select 'a', 1"],
  ["create table other (id uuid); create unique index i on other (id); alter table other enable row level security"],
  ["create policy p on items using (true)"],
  [`${CONTRACT}drop function f() cascade`],
  [`${CONTRACT}drop table items cascade; create trigger t before insert on items execute function f()`],
  ["select 1", { verify: "do $$ begin assert true; end $$; select 1" }],
];

test.each(GOOD.map(([up, trial]) => ({ up, trial })))("no rule finds anything in: $up", async ({ up, trial }) => {
  expect(await rulesThatFind(up, trial)).toEqual([]);
});

test("a waiver covers its rule in its file, and one that covers nothing is a finding", async () => {
  const waiver = "-- @waive opaque-block: roles have no if not exists\n";
  const migrations = await parseAll([`${waiver}do $$ begin end $$; begin`, "do $$ begin end $$", `${waiver}select 1`]);
  expect(
    withoutWaived(checkRules("tenant", migrations), migrations).map(({ path, rule }) => `${path} ${rule}`),
  ).toEqual([
    "migrations/tenant/0001_step/up.sql own-transaction",
    "migrations/tenant/0002_step/up.sql opaque-block",
    "migrations/tenant/0003_step/up.sql waive",
  ]);
});

test("squawk's findings are waived in the same way, and not in its own, which has no reason", async () => {
  const root = await mkdtemp(join(tmpdir(), "pharmasight-lint-"));
  const ups = [
    "create table x (a text not null)",
    "alter table x alter a drop not null",
    "-- @waive squawk/ban-drop-not-null: readers know null since 0001\nalter table x alter a drop not null",
    "-- squawk-ignore ban-drop-not-null\nalter table x alter a drop not null",
    "-- @transaction none\ncreate index concurrently if not exists i on x (a)",
  ];
  for (const folder of ["control", "repairs"]) await mkdir(join(root, folder));
  for (const [index, up] of ups.entries()) {
    const folder = join(root, "tenant", `000${index + 1}_step`);
    await mkdir(folder, { recursive: true });
    for (const [file, text] of Object.entries({ up, down: "select", verify: "select 1" })) {
      await writeFile(join(folder, `${file}.sql`), text);
    }
  }
  const found = await lintMigrations(root);
  await rm(root, { recursive: true, force: true });
  expect(found.map(({ path, line, rule }) => `${path}:${line} ${rule}`)).toEqual([
    "migrations/tenant/0002_step/up.sql:1 squawk/ban-drop-not-null",
    "migrations/tenant/0004_step/up.sql:1 waive",
  ]);
});
