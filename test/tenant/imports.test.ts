import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { FILE_BYTES_MAX, Imports } from "@pharmasight/core/tenant/imports/imports";
import { ImportWork } from "@pharmasight/core/tenant/imports/work";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checked, imported, proposal, stockOf, upload, work, workOne } from "./import-flow.ts";
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
let shared: Promise<Pharmacy> | undefined;
const sharedPharmacy = () => (shared ??= fresh());

/** 1,200 items with stock, 100 of them twice, and 12 rows without a name. */
const generated = [
  "Item_Name,Retail_Price,VAT_Category,Quantity",
  ...Array.from({ length: 1200 }, (_, index) => `Item ${index},${index}.5,0.16,${index + 1}`),
  ...Array.from({ length: 100 }, (_, index) => `ITEM ${index},1,16,7`),
  ...Array.from({ length: 12 }, () => ",7,16%,"),
].join("\n");

const counts = {
  state: "done",
  rowsTotal: 1312,
  rowsRead: 1312,
  rowsAdded: 1200,
  rowsUpdated: 0,
  rowsSkipped: 100,
  rowsRejected: 12,
  rowsStocked: 1200,
  rowsStockLeft: 100,
};

describe("exactly once", () => {
  test.each([1, 3])("a file is read, checked and imported when every message comes %i times", async (copies) => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await checked(pharmacy, owner, generated, {}, copies);
    const found = {
      rowsChecked: 1312,
      rowsNew: 1200,
      rowsKnown: 100,
      rowsBad: 12,
      rowsStocked: 1200,
      rowsStockLeft: 100,
    };
    expect(await Imports.get(owner, id)).toMatchObject({ state: "checked", rowsTotal: 1312, ...found });
    expect([await Items.count(owner), await stockOf(owner)]).toEqual([0, []]);
    await Imports.start(owner, id, "skip");
    await work(pharmacy, copies);
    expect(await Imports.get(owner, id)).toMatchObject(counts);
    // Late copies of every message, in the opposite order.
    const job = await pharmacy.job();
    for (const { message } of pharmacy.jobs.of("item-imports").reverse()) {
      await ImportWork.work(job, id, Number(message["turn"]));
    }
    expect(await Imports.get(owner, id)).toMatchObject(counts);
    expect(await Items.count(owner)).toBe(1200);
    expect(await stockOf(owner)).toHaveLength(1200);
    expect(await Stock.differences(owner)).toEqual([]);
    const kept = await owner.db
      .selectFrom("itemImports")
      .select("content")
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    expect(kept.content).toBeNull();
    const staged = await owner.db.selectFrom("itemImportRows").select("rowNumber").where("importId", "=", id).execute();
    expect(staged).toEqual([]);
  });

  test("a worker that dies before its commit or after it loses and doubles nothing", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await checked(pharmacy, owner, generated);
    await Imports.start(owner, id, "skip");
    const { turn } = await Imports.get(owner, id);
    const job = await pharmacy.job();
    // Before: the hint that goes out inside the transaction fails, so nothing of the chunk stays.
    pharmacy.jobs.refuse = (queue) => queue === "tenant-relay";
    await expect(ImportWork.work(job, id, turn)).rejects.toThrow("does not answer");
    expect(await Imports.get(owner, id)).toMatchObject({ state: "running", rowsRead: 0 });
    expect(await Items.count(owner)).toBe(0);
    // After: the chunk stands, the message for the next one was not sent, and the relay makes up for it.
    pharmacy.jobs.refuse = (queue) => queue === "item-imports";
    await ImportWork.work(job, id, turn);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "running", rowsRead: 500, rowsAdded: 500 });
    // The message of that turn again, now late, takes no further chunk.
    await Promise.all([ImportWork.work(job, id, turn), ImportWork.work(job, id, turn)]);
    expect(await Imports.get(owner, id)).toMatchObject({ rowsRead: 500 });
    pharmacy.jobs.refuse = () => false;
    await job.relay();
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject(counts);
  });

  test("the same file in two imports at once, their chunks interleaved, doubles neither items nor stock", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const first = await checked(pharmacy, owner, generated);
    const second = await checked(pharmacy, owner, generated);
    expect((await Imports.get(owner, second)).sameFile?.id).toBe(first);
    await Imports.start(owner, first, "skip");
    await Imports.start(owner, second, "skip");
    // Each worker takes the next message, two at a time.
    while ((await Promise.all([workOne(pharmacy), workOne(pharmacy)])).some(Boolean));
    const runs = [await Imports.get(owner, first), await Imports.get(owner, second)];
    for (const run of runs) expect(run).toMatchObject({ state: "done", rowsRead: 1312, rowsRejected: 12 });
    expect(runs.reduce((sum, { rowsAdded }) => sum + rowsAdded, 0)).toBe(1200);
    expect(runs.reduce((sum, { rowsStocked }) => sum + rowsStocked, 0)).toBe(1200);
    expect(await Items.count(owner)).toBe(1200);
    expect(await stockOf(owner)).toContain("Item 99 HQ  -: 100");
    expect(await Stock.differences(owner)).toEqual([]);
  });

  test("a lost message is asked for again when somebody looks after a minute, and not before", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await upload(owner, "name\nAspirin");
    const sent = () => pharmacy.jobs.of("item-imports").length;
    expect((await Imports.get(owner, id)).state).toBe("waiting");
    expect(sent()).toBe(1);
    await owner.db
      .updateTable("itemImports")
      .set({ hintedAt: new Date(Date.now() - 61_000) })
      .where("id", "=", id)
      .execute();
    await Promise.all(Array.from({ length: 5 }, () => Imports.get(owner, id)));
    expect(sent()).toBe(2);
    await work(pharmacy);
    expect((await Imports.get(owner, id)).state).toBe("mapping");
  });

  test("the list of imports asks for a lost message too, and comes when the queue does not answer", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await upload(owner, "name\nAspirin");
    const sent = () => pharmacy.jobs.of("item-imports").length;
    await Imports.recent(owner);
    expect(sent()).toBe(1);
    await owner.db
      .updateTable("itemImports")
      .set({ hintedAt: new Date(Date.now() - 61_000) })
      .where("id", "=", id)
      .execute();
    pharmacy.jobs.refuse = () => true;
    expect(await Imports.recent(owner)).toMatchObject([{ id, state: "waiting" }]);
    pharmacy.jobs.refuse = () => false;
    await Promise.all(Array.from({ length: 5 }, () => Imports.recent(owner)));
    expect(sent()).toBe(2);
  });

  test("a turn that fails again and again ends where the person can go on, and late messages change nothing", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const job = await pharmacy.job();
    const turnOf = async (id: string) => (await Imports.get(owner, id)).turn;
    const id = await upload(owner, generated);
    await work(pharmacy);
    await Imports.check(owner, id, await proposal(owner, id));
    await ImportWork.giveUp(job, id, await turnOf(id));
    expect(await Imports.get(owner, id)).toMatchObject({ state: "mapping", error: expect.stringContaining("again") });
    await Imports.check(owner, id, await proposal(owner, id));
    await work(pharmacy);
    await Imports.start(owner, id, "skip");
    await workOne(pharmacy);
    const turn = await turnOf(id);
    await ImportWork.giveUp(job, id, turn - 1);
    expect((await Imports.get(owner, id)).state).toBe("running");
    await ImportWork.giveUp(job, id, turn);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "paused", rowsRead: 500, error: expect.any(String) });
    await ImportWork.work(job, id, turn);
    expect((await Imports.get(owner, id)).rowsRead).toBe(500);
    await Imports.resume(owner, id);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ ...counts, error: null });
    const unread = await upload(owner, "name\nAspirin");
    await ImportWork.giveUp(job, unread, await turnOf(unread));
    expect(await Imports.get(owner, unread)).toMatchObject({
      state: "failed",
      error: expect.stringContaining("save it"),
    });
  });
});

describe("what a file becomes", () => {
  test("rejected rows keep their number in the file, a reason and their cells, and can be had as a file", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const text =
      "\uFEFF\n\nname,price,barcode\nGood,1,\n,2,=cmd()\nDear,much,\n\nToo precise,0.00005,\nVast,99999999999999999,";
    const id = await checked(pharmacy, owner, text);
    const numbers = async () =>
      (await Imports.rejections(owner, id, { afterRow: 0, limit: 10 })).map((row) => row.rowNumber);
    expect(await numbers()).toEqual([5, 6, 9]);
    await Imports.start(owner, id, "skip");
    await work(pharmacy);
    const [first, dear] = await Imports.rejections(owner, id, { afterRow: 0, limit: 10 });
    expect(first).toMatchObject({ kind: "rejected", cells: ["", "2", "=cmd()"] });
    expect(dear?.reason).toContain("much");
    const { content: file } = await Imports.rejectionsFile(owner, id, 1);
    expect(file.split("\r\n")[0]).toBe("Row,Reason,name,price,barcode");
    expect(file).toContain("'=cmd()");
    expect((await Items.list(owner, { search: "precise" })).items[0]?.retailPrice).toBe("0.0001");
  });

  test("rows that no one download holds come in several files, each row in one of them", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await checked(pharmacy, owner, "name,price\n,1");
    await owner.db.deleteFrom("itemImportRejections").where("importId", "=", id).execute();
    const rows = Array.from({ length: 30 }, (_, index) => index + 2);
    for (const rowNumber of rows) {
      const cells = ["x".repeat(300_000), String(rowNumber)];
      const row = { importId: id, rowNumber, kind: "rejected" as const, reason: "Wrong.", cells };
      await owner.db.insertInto("itemImportRejections").values(row).execute();
    }
    const parts = await Imports.rejectionsParts(owner, await Imports.get(owner, id));
    expect(parts.map(({ rows: count, firstRow, lastRow }) => [count, firstRow, lastRow])).toEqual([
      [14, 2, 15],
      [14, 16, 29],
      [2, 30, 31],
    ]);
    const files = await Promise.all(parts.map((_, index) => Imports.rejectionsFile(owner, id, index + 1)));
    expect(files.every(({ content, parts: count }) => content.length < 5 * 1024 * 1024 && count === 3)).toBe(true);
    const found = files.flatMap(({ content }) => content.trim().split("\r\n").slice(1));
    expect(found.map((line) => Number(line.split(",")[0]))).toEqual(rows);
    await expect(Imports.rejectionsFile(owner, id, 4)).rejects.toMatchObject({ code: "not_found" });
  });

  test("the file of rejected rows is taken again once it is corrected, and what we wrote in it is never an item's", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const first = await checked(pharmacy, owner, "name,price\nDear,much\nVast,more\nGood,1");
    const { content } = await Imports.rejectionsFile(owner, first, 1);
    // Somebody matched such headings for a list of another kind before.
    for (const [heading, field] of [
      ["row", "barcode"],
      ["reason", "genericName"],
    ] as const) {
      await owner.db.insertInto("importHeadings").values({ heading, field, changedAt: new Date() }).execute();
    }
    const corrected = content.replace(/,much/, ",5");
    const id = await upload(owner, corrected);
    await work(pharmacy);
    const input = await proposal(owner, id);
    expect(input.columns).toEqual(["", "", "name", "retailPrice"]);
    await expect(
      Imports.check(owner, id, { ...input, columns: ["", "genericName", "name", "retailPrice"] }),
    ).rejects.toMatchObject({ fields: { "column-1": expect.stringContaining("Leave it out") } });
    await Imports.check(owner, id, input);
    await work(pharmacy);
    // What is wrong again carries our columns once, not twice.
    const again = (await Imports.rejectionsFile(owner, id, 1)).content.split("\r\n");
    expect(again[0]).toBe("Row,Reason,name,price");
    expect(again[1]).toMatch(/^3,"“more” is not .*",Vast,more$/);
    await Imports.start(owner, id, "skip");
    await work(pharmacy);
    expect((await Items.list(owner, { search: "dear" })).items).toMatchObject([
      { name: "Dear", genericName: null, barcode: null, retailPrice: "5.0000" },
    ]);
    const kept = await owner.db.selectFrom("importHeadings").select("field").where("heading", "=", "reason").execute();
    expect(kept).toEqual([{ field: "genericName" }]);
  });

  test("the sample of a medicines list, with its prices in dollars", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const id = await imported(pharmacy, owner, readFileSync(sample), { rate: "129.5", taxClass: "exempt" });
    expect(await Imports.get(owner, id)).toMatchObject({ state: "done", rowsAdded: 12, rowsRejected: 0 });
    const { items } = await Items.list(owner, { search: "pcm syrup" });
    const syrup = { name: "Paracetamol 120 mg/5 ml syrup", baseUnit: "ml", retailPrice: "0.6087", taxClass: "exempt" };
    expect(items).toMatchObject([{ ...syrup, brandNames: "Calpol" }]);
  });

  test.skipIf(!existsSync(medicines))("the whole list of medicines, twice, without a double", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const first = await imported(pharmacy, owner, readFileSync(medicines), { rate: "129.5" }, 2);
    const run = await Imports.get(owner, first);
    expect(run).toMatchObject({ state: "done", rowsTotal: 1074, rowsRead: 1074, rowsRejected: 0 });
    expect(await Items.count(owner)).toBe(run.rowsAdded);
    const again = await imported(pharmacy, owner, readFileSync(medicines), { rate: "129.5" });
    expect(await Imports.get(owner, again)).toMatchObject({ state: "done", rowsAdded: 0, rowsSkipped: 1074 });
  });

  test("rows without a tax class wait for the pharmacist, or are refused, as the person says", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    const text = "name,vat\nParked,\nTaxed,16%";
    const refused = await checked(pharmacy, owner, text, { taxClass: "refused" });
    expect(await Imports.get(owner, refused)).toMatchObject({ rowsNew: 1, rowsBad: 1, rowsParked: 0 });
    const id = await imported(pharmacy, owner, text);
    expect(await Imports.get(owner, id)).toMatchObject({ rowsAdded: 2, rowsParked: 1 });
    expect((await Items.list(owner, { search: "parked" })).items[0]?.taxClass).toBeNull();
  });
});

describe("a file that cannot be read", () => {
  test.each([
    ["blank lines", "\n\n,,\n"],
    ["a heading alone", "name,price\n"],
    ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0])],
    ["half a workbook", "PK\u0003\u0004"],
    ["an open quotation mark", 'name,price\n"a,1\n'],
  ])("%s ends the import with a reason", async (_, content) => {
    const pharmacy = await sharedPharmacy();
    const owner = await pharmacy.member();
    const id = await upload(owner, content);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "failed", error: expect.stringMatching(/\w{4}/) });
  });

  test.each([
    ["an empty file", ""],
    ["more than 4 MB", new Uint8Array(FILE_BYTES_MAX + 1).fill(65)],
  ])("%s is refused at once", async (_, content) => {
    const owner = await (await sharedPharmacy()).member();
    const before = (await Imports.list(owner)).imports.length;
    const fields = { file: expect.stringMatching(/empty|4 MB.*xlsx.*split/is) };
    await expect(upload(owner, content)).rejects.toMatchObject({ fields });
    expect((await Imports.list(owner)).imports).toHaveLength(before);
  });
});

describe("who may", () => {
  const everything = (person: Parameters<typeof Imports.get>[0], id: string) => [
    upload(person, "name\na"),
    Imports.get(person, id),
    Imports.list(person),
    Imports.rejections(person, id, { afterRow: 0, limit: 1 }),
    Imports.rejectionsFile(person, id, 1),
    Imports.keptChanges(person, id, 1),
    Imports.chooseSheet(person, id, "x"),
    Imports.chooseHeader(person, id, 1),
    Imports.start(person, id, "skip"),
    ...[Imports.back, Imports.pause, Imports.resume, Imports.keep, Imports.undo, Imports.cancel].map((step) =>
      step(person, id),
    ),
  ];

  test.each(["viewer", "cashier", "procurement"] as const)("a %s can do nothing with imports", async (role) => {
    const pharmacy = await sharedPharmacy();
    const id = await upload(await pharmacy.member(), "name\na");
    const results = await Promise.allSettled(everything(await pharmacy.member(role), id));
    const codes = results.map((result) => (result.status === "rejected" ? result.reason.code : "allowed"));
    expect(new Set(codes)).toEqual(new Set(["forbidden"]));
    expect(await Imports.recent(await pharmacy.member(role))).toEqual([]);
  });

  test("an import of another pharmacy, or of nobody, is not found", async () => {
    const [mine, theirs] = [await sharedPharmacy(), await fresh()];
    const id = await upload(await theirs.member(), "name\na");
    const owner = await mine.member();
    for (const asked of [id, "", "import"]) {
      await expect(Imports.get(owner, asked)).rejects.toMatchObject({ code: "not_found" });
      await expect(Imports.rejectionsFile(owner, asked, 1)).rejects.toMatchObject({ code: "not_found" });
      await expect(Imports.cancel(owner, asked)).rejects.toMatchObject({ code: "not_found" });
    }
    await expect(ImportWork.work(await mine.job(), id, 1)).rejects.toMatchObject({ code: "not_found" });
  });

  test("somebody who may import but not see costs sees counts of others' files, never their rows, and sets no cost", async () => {
    const pharmacy = await fresh();
    const owner = await pharmacy.member();
    await owner.db
      .insertInto("rolePermissions")
      .values({
        role: "pharmacist",
        permission: "items.view_cost",
        isAllowed: false,
        changedAt: new Date(),
        changedBy: pharmacy.ownerId,
      })
      .execute();
    const pharmacist = await pharmacy.member("pharmacist");
    const text = "name,cost price\nAspirin,3\n,4";
    const theirs = await checked(pharmacy, owner, text);
    expect(await Imports.get(pharmacist, theirs)).toMatchObject({ showsRows: false, rowsBad: 1 });
    const run = await Imports.get(owner, theirs);
    const asked = await Promise.allSettled([
      Imports.rejections(pharmacist, theirs, { afterRow: 0, limit: 1 }),
      Imports.rejectionsFile(pharmacist, theirs, 1),
      Imports.firstRows(pharmacist, run),
      Imports.preview(pharmacist, run, 5),
    ]);
    for (const result of asked) expect(result).toMatchObject({ status: "rejected", reason: { code: "forbidden" } });
    const mine = await upload(pharmacist, text);
    await work(pharmacy);
    const input = await proposal(pharmacist, mine);
    await expect(Imports.check(pharmacist, mine, input)).rejects.toMatchObject({
      fields: { "column-1": expect.stringContaining("cost") },
    });
    await Imports.check(pharmacist, mine, { ...input, columns: ["name", ""] });
    await work(pharmacy);
    await Imports.start(pharmacist, mine, "update");
    await work(pharmacy);
    expect((await Items.list(owner, { search: "aspirin" })).items[0]?.costPrice).toBeNull();
  });
});
