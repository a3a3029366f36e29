import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importMapping, pressImport, uploadImport } from "../harness/imports.ts";
import { eventually, type Pharmacy, signUp } from "../harness/stack.ts";
import { type Restartable, restartable } from "./restartable.ts";

const ROWS = 1800;
const header = "name,retail price,quantity,batch";
const rows = Array.from({ length: ROWS }, (_, index) => `Item ${index},${index}.5,${index + 1},L${index}`);
/** 20 rows without a name, and 30 that repeat an item with another batch. */
const more = [
  ...Array.from({ length: 20 }, () => ",1,1,"),
  ...Array.from({ length: 30 }, (_, index) => `item ${index},1,5,M${index}`),
];
const csv = [header, ...rows, ...more].join("\n");
const done = {
  rows_total: 1850,
  rows_read: 1850,
  rows_added: ROWS,
  rows_skipped: 30,
  rows_rejected: 20,
  rows_stocked: 1830,
};

let platform: Restartable;

beforeAll(async () => {
  platform = await restartable();
});
afterAll(() => platform?.remove());

interface Life {
  readonly sql: postgres.Sql;
}

async function revive(pharmacy: Pharmacy): Promise<Life> {
  await platform.kill();
  await platform.start();
  return { sql: await platform.databaseOf(pharmacy) };
}

/** Every move of an import takes a moment to commit, so that a kill falls into the transaction of a chunk. */
const slowDown = (sql: postgres.Sql) =>
  sql.unsafe(`
    create function pharmacy.take_a_moment() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.4); return null; end $$;
    create trigger take_a_moment after update on pharmacy.item_imports
      for each row execute function pharmacy.take_a_moment();
  `);

const runOf = async (sql: postgres.Sql) => (await sql`select * from pharmacy.item_imports`)[0];

/** Waits for a step to be at work; opens the page too, which is what a person who waits does. */
const reached = (pharmacy: Pharmacy, sql: postgres.Sql, path: string, is: (run: postgres.Row) => boolean) =>
  eventually(
    "the import to get there",
    async () => {
      await pharmacy.client.ask(pharmacy.host, path);
      const run = await runOf(sql);
      if (run?.["state"] === "failed") throw new Error(String(run["error"]));
      return run !== undefined && is(run) ? run : undefined;
    },
    90_000,
  );

const stock = async (sql: postgres.Sql) => {
  const [sum] = await sql`
    select (select count(*)::int from pharmacy.stock_balances where quantity > 0) as batches,
      (select coalesce(sum(quantity), 0)::int from pharmacy.stock_balances) as balance,
      (select coalesce(sum(quantity), 0)::int from pharmacy.stock_movements) as ledger,
      (select count(*)::int from pharmacy.items where archived_at is null) as items`;
  return sum;
};

test("a platform killed in every step of an import, undo included, ends with exact counts and nothing doubled", async () => {
  const ready = await platform.start();
  const pharmacy = await signUp(ready, "kestrel");
  let sql = await platform.databaseOf(pharmacy);
  await slowDown(sql);
  const [branch] = await sql`select id from pharmacy.branches`;

  const path = await uploadImport(pharmacy, new File([csv], "list.csv"));
  await reached(pharmacy, sql, path, ({ state }) => state === "reading" || state === "mapping");
  ({ sql } = await revive(pharmacy));
  await reached(pharmacy, sql, path, ({ state }) => state === "mapping");
  const [staged] = await sql`select count(*)::int as rows from pharmacy.item_import_rows`;
  expect(staged?.["rows"]).toBe(1851);

  const fields = ["name", "retailPrice", "stockQuantity", "batchNumber"];
  await pressImport(pharmacy, `${path}/mapping`, importMapping(fields, String(branch?.["id"])));
  await reached(pharmacy, sql, path, ({ rows_checked }) => rows_checked >= 500);
  await sleep(100);
  ({ sql } = await revive(pharmacy));
  expect(await reached(pharmacy, sql, path, ({ state }) => state === "checked")).toMatchObject({
    rows_checked: 1850,
    rows_new: ROWS,
    rows_known: 30,
    rows_bad: 20,
    rows_stocked: 1830,
  });

  await pressImport(pharmacy, `${path}/start`, { onKnown: "skip" });
  for (const rowsRead of [500, 1000]) {
    await reached(pharmacy, sql, path, ({ rows_read }) => rows_read >= rowsRead);
    await sleep(rowsRead === 500 ? 150 : 350);
    ({ sql } = await revive(pharmacy));
  }
  expect(await reached(pharmacy, sql, path, ({ state }) => state === "done")).toMatchObject(done);
  const expected = (ROWS * (ROWS + 1)) / 2 + 30 * 5;
  expect(await stock(sql)).toEqual({ batches: 1830, balance: expected, ledger: expected, items: ROWS });
  expect(await sql`select distinct document_number from pharmacy.stock_movements`).toHaveLength(1);

  await pressImport(pharmacy, `${path}/undo`);
  await reached(pharmacy, sql, path, ({ rows_undone }) => rows_undone > 0);
  await sleep(150);
  ({ sql } = await revive(pharmacy));
  expect(await reached(pharmacy, sql, path, ({ state }) => state === "undone")).toMatchObject({
    rows_undone: 1830,
    rows_kept: 0,
  });
  expect(await stock(sql)).toEqual({ batches: 0, balance: 0, ledger: 0, items: 0 });
}, 400_000);
