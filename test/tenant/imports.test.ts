import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { FILE_BYTES_MAX, Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const medicines = resolve(import.meta.dirname, "../../../shared/data/medicines.csv");
const sample = resolve(import.meta.dirname, "../fixtures/items-sample.csv");

let pharmacies: Pharmacies;
let opened = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies.stop());

const fresh = () => pharmacies.open(`alfa${++opened}`);

const bytes = (text: string) => new TextEncoder().encode(text);
const upload = (content: Uint8Array, more: { rate?: string; taxClass?: string } = {}) => ({
  fileName: "items.csv",
  content,
  rate: "",
  taxClass: "",
  ...more,
});

/** 1,200 items, 100 of them twice, and 12 rows without a name. */
const generated = [
  "Item_Name,Retail_Price,VAT_Category",
  ...Array.from({ length: 1200 }, (_, index) => `Item ${index},${index}.5,0.16`),
  ...Array.from({ length: 100 }, (_, index) => `ITEM ${index},1,16`),
  ...Array.from({ length: 12 }, () => ",7,16%"),
].join("\n");

/** Works off every message of the queue, each `copies` times, the copies at once. */
async function work(pharmacy: Pharmacy, copies = 1): Promise<number> {
  let worked = 0;
  for (;;) {
    const next = pharmacy.jobs.of("item-imports")[worked];
    if (next === undefined) return worked;
    worked += 1;
    const { importId = "", fromRow, outboxId = "" } = next.message;
    const run = async () => {
      const job = await pharmacy.job();
      await Imports.readChunk(job, importId, Number(fromRow));
      await job.settle(outboxId);
    };
    await Promise.all(Array.from({ length: copies }, run));
  }
}

const counts = { state: "done", rowsTotal: 1312, rowsRead: 1312, rowsAdded: 1200, rowsSkipped: 100, rowsRejected: 12 };

test.each([1, 3])("a file is read to its end exactly once when every message comes %i times", async (copies) => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  const id = await Imports.start(owner, upload(bytes(generated)));
  expect(await Imports.progress(owner, id)).toMatchObject({ state: "waiting", rowsTotal: 1312, rowsRead: 0 });
  await work(pharmacy, copies);
  expect(await Imports.progress(owner, id)).toMatchObject(counts);
  expect(await Items.count(owner)).toBe(1200);
  // Late copies of every message, in the opposite order.
  const job = await pharmacy.job();
  for (const { message } of pharmacy.jobs.of("item-imports").reverse()) {
    await Imports.readChunk(job, id, Number(message.fromRow));
  }
  expect(await Imports.progress(owner, id)).toMatchObject(counts);
  const kept = await owner.db
    .selectFrom("itemImports")
    .select("content")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  expect(kept.content).toBeNull();
});

test("a worker that dies before its commit or after it loses and doubles nothing", async () => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  const id = await Imports.start(owner, upload(bytes(generated)));
  const job = await pharmacy.job();
  // Before: the hint that goes out inside the transaction fails, so nothing of the chunk stays.
  pharmacy.jobs.refuse = (queue) => queue === "tenant-relay";
  await expect(Imports.readChunk(job, id, 0)).rejects.toThrow("does not answer");
  expect(await Imports.progress(owner, id)).toMatchObject({ state: "waiting", rowsRead: 0 });
  expect(await Items.count(owner)).toBe(0);
  // After: the chunk stands, the message for the next one was not sent, and the relay makes up for it.
  pharmacy.jobs.refuse = (queue) => queue === "item-imports";
  await Imports.readChunk(job, id, 0);
  expect(await Imports.progress(owner, id)).toMatchObject({ state: "running", rowsRead: 500, rowsAdded: 500 });
  pharmacy.jobs.refuse = () => false;
  await job.relay();
  await work(pharmacy);
  expect(await Imports.progress(owner, id)).toMatchObject(counts);
});

test("rejected rows keep their number in the file, a reason and their cells, and can be had as a file", async () => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  const text =
    "\uFEFF\n\nname,price,barcode\nGood,1,\n,2,=cmd()\nDear,much,\n\nToo precise,0.00005,\nVast,99999999999999999,";
  const id = await Imports.start(owner, upload(bytes(text)));
  await work(pharmacy);
  expect(await Imports.rejections(owner, id, { afterRow: 0, limit: 10 })).toEqual([
    { rowNumber: 5, reason: "The row names no item.", cells: ["", "2", "=cmd()"] },
    { rowNumber: 6, reason: "“much” is not a price.", cells: ["Dear", "much", ""] },
    { rowNumber: 9, reason: expect.stringContaining("not a price"), cells: ["Vast", "99999999999999999", ""] },
  ]);
  const file = await Imports.rejectionsFile(owner, id);
  expect(file.split("\r\n")[0]).toBe("Row,Reason,name,price,barcode");
  expect(file).toContain("'=cmd()");
  expect((await Items.list(owner, { search: "precise" })).items[0]?.retailPrice).toBe("0.0001");
});

test("rows of the same name or barcode as an item, or as an earlier row, are skipped", async () => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  await Items.create(owner, { name: "Known", baseUnit: "unit", barcode: "111" });
  const text = "name,barcode\nKNOWN,\nOther,111\nFirst,222\nSecond,222\nfirst,";
  const id = await Imports.start(owner, upload(bytes(text)));
  await work(pharmacy);
  expect(await Imports.progress(owner, id)).toMatchObject({ rowsAdded: 1, rowsSkipped: 4, rowsRejected: 0 });
});

test("the sample of a medicines list becomes items with names, units and prices in the pharmacy's currency", async () => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  const id = await Imports.start(owner, upload(readFileSync(sample), { rate: "129.5", taxClass: "exempt" }));
  await work(pharmacy);
  expect(await Imports.progress(owner, id)).toMatchObject({ state: "done", rowsAdded: 12, rowsRejected: 0 });
  const { items } = await Items.list(owner, { search: "pcm syrup" });
  expect(items).toMatchObject([
    {
      name: "Paracetamol 120 mg/5 ml syrup",
      baseUnit: "ml",
      retailPrice: "0.6087",
      taxClass: "exempt",
      brandNames: "Calpol",
    },
  ]);
});

test.skipIf(!existsSync(medicines))(
  "the whole list of medicines is read, and can be imported again without a double",
  async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const first = await Imports.start(owner, upload(readFileSync(medicines), { rate: "129.5" }));
    await work(pharmacy, 2);
    const run = await Imports.progress(owner, first);
    expect(run).toMatchObject({ state: "done", rowsTotal: 1074, rowsRead: 1074, rowsRejected: 0 });
    expect(await Items.count(owner)).toBe(run.rowsAdded);
    const again = await Imports.start(owner, upload(readFileSync(medicines), { rate: "129.5" }));
    pharmacy.jobs.sent.splice(0, pharmacy.jobs.sent.length - 1);
    await work(pharmacy);
    expect(await Imports.progress(owner, again)).toMatchObject({ state: "done", rowsAdded: 0, rowsSkipped: 1074 });
    expect((await Items.list(owner, { search: "amoxicilin" })).items[0]?.genericName).toMatch(/^amoxicillin/i);
  },
);

test.each([
  ["an empty file", bytes(""), {}, "file"],
  ["a file of blank lines", bytes("\n\n,,\n"), {}, "file"],
  ["a heading alone", bytes("name,price\n"), {}, "file"],
  ["a file without a known heading", bytes("a,b\n1,2"), {}, "file"],
  ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]), {}, "file"],
  ["a workbook", bytes("PK\u0003\u0004"), {}, "file"],
  ["an open quotation mark", bytes('name,price\n"a,1\n'), {}, "file"],
  ["more than 4 MB", new Uint8Array(FILE_BYTES_MAX + 1).fill(65), {}, "file"],
  ["a rate of nought", bytes("name\na"), { rate: "0" }, "rate"],
  ["a rate in words", bytes("name\na"), { rate: "many" }, "rate"],
  ["an unknown tax class", bytes("name\na"), { taxClass: "free" }, "taxClass"],
])("%s is refused with words, and nothing is kept", async (_, content, more, field) => {
  const owner = await (await sharedPharmacy()).member();
  await expect(Imports.start(owner, upload(content, more))).rejects.toMatchObject({
    fields: { [field]: expect.stringMatching(/\w{4}/) },
  });
  expect(await Imports.recent(owner)).toEqual([]);
});

test.each(["viewer", "cashier"] as const)("a %s cannot import", async (role) => {
  const person = await (await sharedPharmacy()).member(role);
  await expect(Imports.start(person, upload(bytes("name\na")))).rejects.toMatchObject({ code: "forbidden" });
});

test("an import of another pharmacy, or of nobody, is not found", async () => {
  const [mine, theirs] = [await sharedPharmacy(), await fresh()];
  const id = await Imports.start(await theirs.member(), upload(bytes("name\na")));
  const owner = await mine.member();
  for (const asked of [id, "", "import"]) {
    await expect(Imports.progress(owner, asked)).rejects.toMatchObject({ code: "not_found" });
    await expect(Imports.rejectionsFile(owner, asked)).rejects.toMatchObject({ code: "not_found" });
  }
  await Imports.readChunk(await mine.job(), id, 0);
  expect(await Items.count(owner)).toBe(0);
});

let shared: Promise<Pharmacy> | undefined;
const sharedPharmacy = () => (shared ??= fresh());

test("an import that cannot be read on says so, keeps what was added, and takes no late message", async () => {
  const pharmacy = await fresh();
  const owner = await pharmacy.member();
  const id = await Imports.start(owner, upload(bytes(generated)));
  const job = await pharmacy.job();
  await Imports.readChunk(job, id, 0);
  await Imports.giveUp(job, id);
  await Imports.readChunk(job, id, 500);
  expect(await Imports.progress(owner, id)).toMatchObject({ state: "failed", rowsRead: 500, rowsAdded: 500 });
  expect((await Imports.progress(owner, id)).error).toContain("Upload it again");
});
