import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import writeXlsxFile from "write-excel-file/node";
import { importMapping, pressImport, uploadImport } from "../harness/imports.ts";
import { eventually, signUp } from "../harness/stack.ts";
import { boundRounds, type Result, type Round, timed } from "./report.ts";
import { type World, withWorld } from "./world.ts";

const ROUNDS = 3;
const ROWS = 10_000;
/** Those that are not computed. */
const COLUMNS = ["id", "sku", "name", "strength", "form", "base_unit", "retail_price", "created_at", "updated_at"];
const LIMIT_MS = 120_000;

const header = ["item_name", "strength", "dosage_form", "unit", "retail_price", "cost_price", "stock_quantity"];
const fields = ["name", "strength", "form", "baseUnit", "retailPrice", "costPrice", "stockQuantity"];

/**
 * Seconds from sending a file of 10,000 items with opening stock until the last is in, dry run included, against a COPY
 * of the same items.
 */
export function importItems(): Promise<Result[]> {
  return withWorld(async (world) => {
    const csv = new File([`${[header, ...rows("CSV")].map((row) => row.join(",")).join("\n")}\n`], "items.csv");
    const sheet = [header, ...rows("XLSX")].map((row) => row.map((value) => ({ value })));
    const workbook = await writeXlsxFile(sheet).toBuffer();
    const xlsx = new File([new Uint8Array(workbook)], "items.xlsx");
    const csvRounds: Round[] = [];
    const xlsxRounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      csvRounds.push(await measure(world, `bench-list-${round}`, csv));
      xlsxRounds.push(await measure(world, `bench-book-${round}`, xlsx));
    }
    return [
      boundRounds("import of 10,000 rows, seconds", csvRounds, 60),
      boundRounds("import of 10,000 rows from a workbook, seconds", xlsxRounds, 60),
    ];
  });
}

async function measure(world: World, subdomain: string, file: File): Promise<Round> {
  const pharmacy = await signUp(world.stack, subdomain);
  const sql = world.connect(await world.databaseOf(pharmacy));
  const reached = (state: string) =>
    eventually(
      `the import to be ${state}`,
      async () => {
        const [run] = await sql`select state, error from pharmacy.item_imports`;
        if (run?.["state"] === "failed") throw new Error(`The file was not read: ${run["error"]}`);
        return run?.["state"] === state ? true : undefined;
      },
      LIMIT_MS,
    );
  const ours = await timed(async () => {
    const path = await uploadImport(pharmacy, file);
    await reached("mapping");
    const [branch] = await sql`select id from pharmacy.branches`;
    await pressImport(pharmacy, `${path}/mapping`, importMapping(fields, String(branch?.["id"])));
    await reached("checked");
    await pressImport(pharmacy, `${path}/start`, { onKnown: "skip" });
    await reached("done");
  });
  const [added] = await sql`select
    (select count(*)::int from pharmacy.items) as items,
    (select count(*)::int from pharmacy.stock_balances where quantity > 0) as batches`;
  if (added?.["items"] !== ROWS || added?.["batches"] !== ROWS) {
    throw new Error(`${added?.["items"]} of ${ROWS} rows were added, ${added?.["batches"]} with stock.`);
  }
  const items = await text(await sql`copy pharmacy.items (${sql(COLUMNS)}) to stdout`.readable());
  await sql`create table plain_items (like pharmacy.items including all)`;
  const plain = await timed(async () => {
    await pipeline([items], await sql`copy plain_items (${sql(COLUMNS)}) from stdin`.writable());
  });
  return { ours: ours / 1000, baseline: plain / 1000 };
}

const rows = (kind: string): string[][] =>
  Array.from({ length: ROWS }, (_, index) => {
    const row = String(index + 1);
    return [`Bench ${kind} medicine ${row}`, `${row} mg`, "tablet", "tablet", `${row}.50`, `${row}.25`, row];
  });
