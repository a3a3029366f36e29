import { eventually, signUp } from "../harness/stack.ts";
import { bound, type Result, timed } from "./report.ts";
import { getEvent, withWorld } from "./world.ts";

const ROWS = 10_000;
const BATCH = 1000;
const COLUMNS = "id, sku, name, strength, form, base_unit, retail_price, created_at, updated_at";

/** Seconds from sending a file of 10,000 items until the last is in, against a plain INSERT of the same rows. */
export function importItems(): Promise<Result[]> {
  return withWorld(async (world) => {
    const pharmacy = await signUp(world.stack, "bench");
    const sql = world.connect(await world.databaseOf(pharmacy));
    const { headers, cookies } = getEvent(pharmacy, world.stack.port, "/items/import");
    const { text } = await pharmacy.client.ask(pharmacy.host, "/items/import");
    const field = /<input[^>]*type="hidden"[^>]*>/.exec(text)?.[0] ?? "";
    const form = new FormData();
    form.set(/name="([^"]+)"/.exec(field)?.[1] ?? "", /value="([^"]+)"/.exec(field)?.[1] ?? "");
    form.set("file", new File([csv()], "items.csv", { type: "text/csv" }));
    const encoded = new Request(`http://${headers["host"]}/items/import`, { method: "POST", body: form });
    const body = new Uint8Array(await encoded.arrayBuffer());
    const ours = await timed(async () => {
      const reply = await pharmacy.client.ask(pharmacy.host, "/items/import", {
        body,
        headers: { "content-type": encoded.headers.get("content-type") ?? "", cookie: cookies?.join("; ") ?? "" },
      });
      if (reply.status !== 303) throw new Error(`The file was refused: ${reply.status} ${reply.text.slice(0, 2000)}`);
      const limitMs = 120_000;
      await eventually(
        "the import",
        async () => (await sql`select 1 from pharmacy.item_imports where state in ('done', 'failed')`)[0],
        limitMs,
      );
    });
    const rows = await sql.unsafe(`select ${COLUMNS} from pharmacy.items`);
    if (rows.length !== ROWS) throw new Error(`${rows.length} of ${ROWS} rows were added.`);
    await sql`truncate pharmacy.items cascade`;
    const plain = await timed(async () => {
      for (let start = 0; start < ROWS; start += BATCH) {
        await sql`insert into pharmacy.items ${sql(rows.slice(start, start + BATCH))}`;
      }
    });
    return [bound("import of 10,000 rows, seconds", ours / 1000, plain / 1000, 60)];
  });
}

function csv(): string {
  const lines = ["item_name,strength,dosage_form,unit,retail_price"];
  for (let row = 1; row <= ROWS; row++) lines.push(`Bench medicine ${row},${row} mg,tablet,tablet,${row}.50`);
  return `${lines.join("\n")}\n`;
}
