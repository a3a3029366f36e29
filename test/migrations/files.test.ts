import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MIGRATIONS_ROOT, PLANES, readMigrations, readRepairs } from "../../scripts/migrations/folders.ts";
import { parseMigration } from "../../scripts/migrations/parse.ts";
import { readScript } from "../../scripts/migrations/sql.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pharmasight-files-"));
  for (const folder of ["control", "tenant", "repairs"]) await mkdir(join(root, folder));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, folder, name), text);
}

const files = (up: string, others = {}) => ({
  "up.sql": up,
  "down.sql": "select",
  "verify.sql": "select 1",
  ...others,
});
const parse = (up: string, others = {}) =>
  parseMigration({ name: "0007_x", up, down: "select", verify: "select 1", ...others });
const checksum = async (sql: string) => (await readScript("up.sql", sql)).checksum;

test("a parser of another version does not change the checksums of what was applied", async () => {
  const [control, tenant] = await Promise.all(PLANES.map((plane) => readMigrations(MIGRATIONS_ROOT, plane)));
  expect(control?.slice(0, 5).map((migration) => migration.checksum)).toEqual([
    "4b848b031bf499343127490e90d415ac375961a9429fce881b3ba9bfb1f6af70",
    "70b1eefd343f9c0bbfce4109dfd83148f1fecca4d6ccc6f986112bee85625320",
    "aab7172f32e09e1d12599c542ffd7a43f99824f3d0736f60f2c71b8ec1833273",
    "e58617e954d1da4445f77aeeddd9d24e7883af23a49c6881e52cdf6ca9476947",
    "a3669e60fd94427a6e0f35ecf76e925560fb5a9c93a9ba99eb363429a6b997ed",
  ]);
  expect(tenant?.slice(0, 6).map((migration) => migration.checksum)).toEqual([
    "5e7b7e2fe0bbf75d7ef11c82833d123c480eff24bb15ae14bd187f2d49c08e3c",
    "ae3e17f03abcc63c5b278469291a40cc510d357a483353fc4d9284858f799ede",
    "b36afe8c35722fcfd7ee7dca5d984b8234893b822838592bde46ef51eeab2352",
    "39e512fd1672ed2e015a1a66e0c1456bb74f411f001b05eba1ba0e74dce2780c",
    "367ebebbb5799093c5199ca65d1556db77d651b9e4e68a48d5809fa9875c916b",
    "b69e7057d69ed1c254463bdf339ab3ab59892e3aeba2e3aaa3c1538ae8e4a64f",
  ]);
});

test("comments, white space and line ends may change after a migration was applied", async () => {
  const applied =
    "create function f() returns text language sql as $$\n  select 'a\n--b'\n$$;\nselect U&'d' <= E'\\'é';\n";
  const edited = [
    applied.replaceAll("\n", "\r\n"),
    `\uFEFF${applied}`,
    `-- @lock-timeout 3s\n/* why /* nested */ */ ${applied} -- the end`,
    applied.replace("select U&", "select\t\n  U&"),
  ];
  for (const text of edited) expect(await checksum(text), text).toBe(await checksum(applied));
});

test("nothing else may change", async () => {
  for (const [one, other] of [
    ["select 1", "select 2"],
    ["create table a (b int)", "create table a (b bigint)"],
    ["select 'a  b'", "select 'a b'"],
    ["select '--x'", "select ''"],
    ['select "a b"', 'select "a  b"'],
    ["do $$ begin  end $$", "do $$ begin end $$"],
    ["do $a$ /* x */ $a$", "do $a$ $a$"],
    ["select 'it''s'", "select 'it', 's'"],
    ["select a <= b", "select a < b"],
    ["select ab", "select a b"],
  ] as const) {
    expect(await checksum(one), `${one} | ${other}`).not.toBe(await checksum(other));
  }
});

test("whatever stands between tokens, the checksum is the same; whatever else is another, it is not", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((value) => !value.includes("\0"));
  const literal = text.map((value) => `'${value.replaceAll("'", "''").replaceAll("\r\n", "\n")}'`);
  const token = fc.oneof(literal, fc.constantFrom("a1", '"Q q"', "$$ b -- c $$", "12.5", "$x$ '$$ $x$"));
  const gap = fc.constantFrom(" ", "\n", "\r\n", "\t ", " -- it's\n", "/* d /* $$ */ */ ");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(token, gap, gap), { minLength: 1 }), token, async (parts, replacement) => {
      const with1 = `select ${parts.map(([value, one]) => value + one).join(",")}`;
      const with2 = `select ${parts.map(([value, , two]) => value + two).join(",")}`;
      expect(await checksum(with1)).toBe(await checksum(with2));
      const [first, ...rest] = parts.map(([value]) => value);
      fc.pre(first !== replacement);
      expect(await checksum(`select ${[replacement, ...rest].join(",")}`)).not.toBe(await checksum(with2));
    }),
    { numRuns: 300 },
  );
});

test("statements end where Postgres says, and keep what is inside them", async () => {
  const { up } = await parse(
    [
      "-- é before;",
      "select ';' as a; -- between;",
      "create function f() returns int language plpgsql as $body$ begin -- in; ",
      "  return 1; end $body$ /* inside */ immutable;;",
      "create function g() returns int begin atomic select 1; select 2; end; select 'ü' -- after",
    ].join("\n"),
  );
  expect(up).toEqual([
    "select ';' as a",
    "create function f() returns int language plpgsql as $body$ begin -- in; \n  return 1; end $body$ /* inside */ immutable",
    "create function g() returns int begin atomic select 1; select 2; end",
    "select 'ü'",
  ]);
});

test("what its way back loses is read from the statements: an index and filled rows are nothing", async () => {
  const losses = async (down: string) =>
    (await parseMigration({ name: "0007_x", up: "select 1", down, verify: "select 1" })).losses;
  expect(
    await losses(`drop index concurrently if exists i; drop table a, pharmacy.b; drop function f();
      alter table items drop column tax_code, drop constraint c, alter column n drop default; delete from d where true;
      update e set f = 1; alter table items drop column if exists tax_code`),
  ).toEqual(["table a", "table b", "column items.tax_code", "rows of d", "values of e"]);
  expect(await losses("select 1")).toEqual([]);
});

test("the options at the top are read, and have their defaults", async () => {
  expect(await parse("select 1")).toMatchObject({
    version: 7,
    phase: "expand",
    codeKnows: undefined,
    isTransactional: true,
    isBackfill: false,
    lockTimeoutMs: 5_000,
    statementTimeoutMs: 45_000,
  });
  expect(await parse("-- @transaction none\nanalyze x")).toMatchObject({
    isTransactional: false,
    lockTimeoutMs: 0,
    statementTimeoutMs: 30 * 60_000,
  });
  expect(
    await parse(
      "-- Why.\n--@phase contract\n-- @code-knows 6\n-- @lock-timeout 500ms\n-- @statement-timeout 10min\ndrop table x",
    ),
  ).toMatchObject({ phase: "contract", codeKnows: 6, lockTimeoutMs: 500, statementTimeoutMs: 600_000 });
  const batch =
    "with d as (update x set a = 1 where b > $1::text and c < $2::integer returning b) select max(b) as cursor, count(*) as rows from d";
  expect(await parse(`-- @backfill\n${batch};`)).toMatchObject({ isBackfill: true, up: [batch] });
});

test("options that are unknown, misplaced or contradict each other are refused, with the file and what to do", async () => {
  for (const [up, message] of [
    ["-- @pase contract\nselect 1", "0007_x/up.sql:1: @pase is no option of this file; known are @phase"],
    ["select 1; -- @waive a: because it is so", "0007_x/up.sql:1: @waive must stand before the first statement"],
    ["/* @phase contract */ select 1", "0007_x/up.sql:1: write an option on a line of its own"],
    ["-- @phase both\nselect 1", "@phase is expand or contract"],
    ["-- @phase contract\nselect 1", "needs @code-knows"],
    ["-- @code-knows 3\nselect 1", "@code-knows is for contracts"],
    ["-- @phase contract\n-- @code-knows soon\nselect 1", "@code-knows is the number of a migration"],
    ["-- @phase expand\n-- @phase expand\nselect 1", "@phase twice"],
    ["-- @transaction one\nselect 1", "@transaction is none"],
    ["-- @transaction none\n-- @backfill\nselect 1", "@backfill and @transaction none contradict"],
    ["-- @phase contract\n-- @code-knows 3\n-- @backfill\nselect 1", "@backfill and @phase contract contradict"],
    ["-- @backfill 5\nselect 1", "@backfill takes no value"],
    ["-- @lock-timeout 0s\nselect 1", "@lock-timeout is a time from"],
    ["-- @lock-timeout 3\nselect 1", "@lock-timeout is a time from"],
    ["-- @lock-timeout 5min\nselect 1", "@lock-timeout is a time from"],
    ["-- @statement-timeout 0ms\nselect 1", "@statement-timeout is a time from"],
    ["-- @waive table-rewrite\nselect 1", "@waive is `rule: reason`"],
    ["-- @waive table-rewrite: ok\nselect 1", "@waive is `rule: reason`"],
    ["-- @backfill\nupdate x set a = $1 where b = $2", "one statement that selects"],
    ["-- @backfill\nselect 1 as cursor, 2 as rows", "uses $1::text"],
    ["select $1", "only a backfill takes parameters"],
    ["-- é\nselect 1;\nselec 'é'", '0007_x/up.sql:3: syntax error at or near "selec"'],
    ["select 'a", "0007_x/up.sql:1: unterminated"],
    ["select /* a", "0007_x/up.sql:1: unterminated"],
    ["-- nothing", "0007_x/up.sql: has no statement"],
    ["", "0007_x/up.sql: has no statement"],
    ["select 1;\0drop table x", "0007_x/up.sql: has a NUL"],
  ] as const) {
    await expect(parse(up), up).rejects.toThrow(message);
  }
  await expect(parse("select 1", { down: "-- @phase contract\nselect" })).rejects.toThrow("options stand in up.sql");
  await expect(parse("select 1", { verify: "-- looks\n" })).rejects.toThrow("0007_x/verify.sql: has no statement");
});

test("a gap, a double number, a bad name, a missing, empty or strange file is refused by name", async () => {
  await write("tenant/0001_first", files("select 1"));
  await write("tenant/0003_third", files("select 1"));
  const refusal = (message: string) => expect(readMigrations(root, "tenant")).rejects.toThrow(message);
  await refusal("migrations/tenant/0003_third: its number should be 0002 (not 0003): numbers have no gaps");
  await write("tenant/0002_second", files("select 1"));
  await write("tenant/0002_twin", files("select 1"));
  await refusal("migrations/tenant/0002_twin: its number should be 0003 (not 0002): 0002_second has the same number");
  await rm(join(root, "tenant/0002_twin"), { recursive: true });
  await expect(readMigrations(root, "tenant")).resolves.toHaveLength(3);
  await rm(join(root, "tenant/0002_second/down.sql"));
  await refusal("migrations/tenant/0002_second/down.sql: cannot be read");
  await write("tenant/0002_second", { "down.sql": "-- nothing\n" });
  await refusal("migrations/tenant/0002_second/down.sql: has no statement");
  await write("tenant/0002_second", { "down.sql": "select", "up2.sql": "drop table x" });
  await refusal("migrations/tenant/0002_second/up2.sql: belongs to no migration");
  await rm(join(root, "tenant/0002_second/up2.sql"));
  await write("tenant/0002_second", files("-- @phase contract\n-- @code-knows 3\ndrop table x"));
  await refusal("migrations/tenant/0002_second/up.sql: @code-knows 3 comes after this migration");
  await write("tenant/0002_second", files("select 1"));
  await write("tenant", { "0004_flat.sql": "select 1" });
  await refusal("migrations/tenant/0004_flat.sql: is no folder");
  await rm(join(root, "tenant/0004_flat.sql"));
  await write("tenant/4_bad", files("select 1"));
  await refusal("migrations/tenant/4_bad: a migration's name is four digits");
});

test("a repair names its reviewer and changes rows only", async () => {
  await writeFile(join(root, "repairs/README.md"), "What belongs here.");
  await expect(readRepairs(root)).resolves.toEqual([]);
  const reviewed = "-- @reviewed-by Amina Otieno\n";
  await write("repairs/mend_prices", {
    "up.sql": `${reviewed}update items set retail_price = null where retail_price = 0; select 1;`,
    "verify.sql": "do $$ begin assert true; end $$",
  });
  await expect(readRepairs(root)).resolves.toMatchObject([
    {
      name: "mend_prices",
      reviewedBy: "Amina Otieno",
      up: ["update items set retail_price = null where retail_price = 0", "select 1"],
    },
  ]);
  for (const [up, message] of [
    ["select 1", "migrations/repairs/mend_prices/up.sql: say once who reviewed it"],
    ["-- @reviewed-by\nselect 1", "say once who reviewed it"],
    [`${reviewed}select 1; alter table items drop column name`, "whatever changes the schema is a migration"],
    [`${reviewed}select 1 into copy`, "whatever changes the schema is a migration"],
    [`${reviewed}truncate items`, "whatever changes the schema is a migration"],
    [`${reviewed}do $$ begin end $$`, "whatever changes the schema is a migration"],
  ] as const) {
    await write("repairs/mend_prices", { "up.sql": up });
    await expect(readRepairs(root), up).rejects.toThrow(message);
  }
});
