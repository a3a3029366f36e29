import type { Member } from "@pharmasight/core/tenant/actors";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checked, imported, proposal, stockOf, upload, work, workOne } from "./import-flow.ts";
import { type Pharmacies, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let opened = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies.stop());

const fresh = async () => {
  const pharmacy = await pharmacies.open(`bravo${++opened}`);
  return { pharmacy, owner: await pharmacy.member() };
};

/** Name → fields of the items on the lists. */
async function items(owner: TenantScope<Member>): Promise<Readonly<Record<string, Record<string, unknown>>>> {
  const rows = await owner.db.selectFrom("items").selectAll().where("archivedAt", "is", null).execute();
  return Object.fromEntries(rows.map((row) => [row.name, { ...row }]));
}
/** Changes the price as a person would who saw the item like this. */
const edit = (owner: TenantScope<Member>, seen: Readonly<Record<string, unknown>> | undefined, retailPrice: string) =>
  Items.update(owner, String(seen?.["id"]), { retailPrice }, seen?.["updatedAt"] as Date);

describe("items that are there already", () => {
  const file = "name,barcode,price,strength\nKNOWN,,9,\nOther,111,8,20 mg\nFirst,222,1,\nSecond,222,2,\nfirst,,3,";

  test("are skipped, known by name in any case or by barcode, in the table and earlier in the file", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Known", baseUnit: "unit", barcode: "111", retailPrice: "5" });
    // The barcode is Known's and so is the name of the first row; two rows repeat First.
    const id = await imported(pharmacy, owner, file);
    expect(await Imports.get(owner, id)).toMatchObject({ rowsNew: 1, rowsKnown: 4, rowsBad: 0 });
    expect(await Imports.get(owner, id)).toMatchObject({ rowsAdded: 1, rowsSkipped: 4, rowsRejected: 0 });
    expect(await items(owner)).toMatchObject({ Known: { retailPrice: "5.0000" }, First: { retailPrice: "1.0000" } });
  });

  test("are updated in what the row names, once in a file, and never in what it leaves blank", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Known", baseUnit: "tablet", strength: "5 mg", retailPrice: "5" });
    await Items.create(owner, {
      name: "Coded",
      baseUnit: "unit",
      barcode: "111",
      strength: "1 mg",
      genericName: "Kept",
    });
    const id = await imported(pharmacy, owner, file, { onKnown: "update" });
    expect(await Imports.get(owner, id)).toMatchObject({
      rowsAdded: 1,
      rowsUpdated: 2,
      rowsSkipped: 2,
      rowsRejected: 0,
    });
    expect(await items(owner)).toMatchObject({
      KNOWN: { baseUnit: "tablet", strength: "5 mg", retailPrice: "9.0000" },
      Other: { barcode: "111", strength: "20 mg", genericName: "Kept", retailPrice: "8.0000" },
      First: { retailPrice: "1.0000" },
    });
    // The same again finds everything as it should be.
    const again = await imported(pharmacy, owner, file, { onKnown: "update" });
    expect(await Imports.get(owner, again)).toMatchObject({ rowsUpdated: 0, rowsSkipped: 5 });
  });

  test("are added beside the known one only under a name of their own, and then without its barcode", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Known", baseUnit: "unit" });
    await Items.create(owner, { name: "Coded", baseUnit: "unit", barcode: "111" });
    const id = await imported(pharmacy, owner, file, { onKnown: "create" });
    expect(await Imports.get(owner, id)).toMatchObject({ rowsAdded: 2, rowsSkipped: 3 });
    expect(await items(owner)).toMatchObject({ Coded: { barcode: "111" }, Other: { barcode: null }, First: {} });
  });

  test("are left to a person when the barcode is one item's and the name another's", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "One", baseUnit: "unit", barcode: "1" });
    await Items.create(owner, { name: "Two", baseUnit: "unit", barcode: "2" });
    const id = await imported(pharmacy, owner, "name,barcode,price\nTwo,1,7", { onKnown: "update" });
    expect(await Imports.get(owner, id)).toMatchObject({ rowsBad: 1, rowsRejected: 1, rowsUpdated: 0 });
    expect((await Imports.rejections(owner, id, { afterRow: 0, limit: 1 }))[0]?.reason).toContain("One");
  });

  test("whatever a file repeats, the dry run says what the run then does", async () => {
    const row = fc.record({
      name: fc.constantFrom("a", "B", "b", "c", "D", ""),
      barcode: fc.constantFrom("", "", "1", "2"),
      quantity: fc.constantFrom("", "0", "5", "x"),
      batch: fc.constantFrom("", "L1"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async (rows) => {
        const { pharmacy, owner } = await fresh();
        await Items.create(owner, { name: "c", baseUnit: "unit", barcode: "1" });
        const text = ["name,barcode,qty,batch", ...rows.map((one) => Object.values(one).join(","))].join("\n");
        const id = await checked(pharmacy, owner, text, {}, 2).catch(() => undefined);
        if (id === undefined) return;
        const dry = await Imports.get(owner, id);
        await Imports.start(owner, id, "skip");
        await work(pharmacy, 2);
        const run = await Imports.get(owner, id);
        expect(run.rowsRead).toBe(run.rowsTotal);
        expect(run.rowsAdded + run.rowsSkipped + run.rowsRejected).toBe(run.rowsRead);
        expect(run.rowsStocked).toBe((await stockOf(owner)).length);
        // A barcode that leads from one name to another can make a row ambiguous that was not before its item was there.
        if (rows.every(({ barcode }) => barcode === "")) {
          const { rowsNew: rowsAdded, rowsKnown: rowsSkipped, rowsBad: rowsRejected, rowsStocked, rowsStockLeft } = dry;
          expect(run).toMatchObject({ rowsAdded, rowsSkipped, rowsRejected, rowsStocked, rowsStockLeft });
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});

describe("an item that somebody edits meanwhile", () => {
  test("keeps the edit: the row is rejected, and the edit of whoever looked before the update is refused", async () => {
    const { pharmacy, owner } = await fresh();
    for (const name of ["Edited", "Updated"]) await Items.create(owner, { name, baseUnit: "unit", retailPrice: "1" });
    const before = await items(owner);
    const id = await checked(pharmacy, owner, "name,price\nEdited,5\nUpdated,6");
    await edit(owner, before["Edited"], "2");
    await Imports.start(owner, id, "update");
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ rowsUpdated: 1, rowsRejected: 1 });
    expect(await items(owner)).toMatchObject({ Edited: { retailPrice: "2.0000" }, Updated: { retailPrice: "6.0000" } });
    expect((await Imports.rejections(owner, id, { afterRow: 0, limit: 1 }))[0]?.reason).toContain(
      "changed after the check",
    );
    const late = edit(owner, before["Updated"], "9");
    await expect(late).rejects.toMatchObject({ code: "conflict" });
  });

  test("loses nothing when edits and chunks run at the same time", async () => {
    const { pharmacy, owner } = await fresh();
    const names = Array.from({ length: 40 }, (_, index) => `Item ${index}`);
    await imported(pharmacy, owner, ["name,price", ...names.map((name) => `${name},1`)].join("\n"));
    const before = await items(owner);
    const id = await checked(pharmacy, owner, ["name,price", ...names.map((name) => `${name},3`)].join("\n"));
    await Imports.start(owner, id, "update");
    const edits = names.map((name) =>
      edit(owner, before[name], "2").then(
        () => name,
        () => undefined,
      ),
    );
    const [edited] = await Promise.all([Promise.all(edits), work(pharmacy)]);
    const rejected = new Set(
      (await Imports.rejections(owner, id, { afterRow: 0, limit: 100 })).map((row) => row.cells[0]),
    );
    const after = await items(owner);
    for (const [index, name] of names.entries()) {
      const wasEdited = edited[index] !== undefined;
      expect([name, after[name]?.["retailPrice"], rejected.has(name)]).toEqual([
        name,
        wasEdited ? "2.0000" : "3.0000",
        wasEdited,
      ]);
    }
  });
});

describe("opening stock", () => {
  test("is kept by batch, expiry, unit and branch, under one number for each branch", async () => {
    const { pharmacy, owner } = await fresh();
    await Branches.add(owner, { code: "WEST", name: "Westlands", address: "", phone: "", starts: {} });
    const text = [
      "name,unit,wholesale unit,pack size,qty,batch,expiry,branch,cost price",
      "Pcm,tablet,box,100,2,L1,31/01/2029,HQ,1",
      "Pcm,tablet,box,100,3,L2,28/02/2029,HQ,1",
      "pcm,tablet,box,100,1,L1,31/01/2029,west,1",
      "Pcm,tablet,box,100,9,L1,31/01/2029,HQ,1",
      "Amox,capsule,box,10,1,,,NORTH,1",
      "Zinc,tablet,box,10,1,,,,1",
    ].join("\n");
    const id = await imported(pharmacy, owner, text, { stockUnit: "wholesale" });
    const run = await Imports.get(owner, id);
    expect(run).toMatchObject({ rowsAdded: 2, rowsSkipped: 3, rowsRejected: 1, rowsStocked: 4, rowsStockLeft: 1 });
    expect(await stockOf(owner)).toEqual([
      "Pcm HQ L1 2029-01-31: 200",
      "Pcm HQ L2 2029-02-28: 300",
      "Pcm WEST L1 2029-01-31: 100",
      "Zinc HQ  -: 10",
    ]);
    expect(Object.values(run.documentNumbers).toSorted()).toEqual(["OPN-HQ-000001", "OPN-WEST-000001"]);
    const notes = await Imports.rejections(owner, id, { afterRow: 0, limit: 10 });
    expect(notes).toMatchObject([
      { rowNumber: 5, kind: "stock_left" },
      { rowNumber: 6, kind: "rejected", reason: expect.stringContaining("HQ, WEST") },
    ]);
    // The parts of a list that was split add up; what is there already is not added again.
    const part = await imported(pharmacy, owner, "name,qty,batch,expiry\nPcm,7,L3,2029-03-31\nPcm,7,L1,2029-01-31");
    expect(await Imports.get(owner, part)).toMatchObject({ rowsSkipped: 2, rowsStocked: 1, rowsStockLeft: 1 });
    expect(await Stock.differences(owner)).toEqual([]);
  });

  test("is not taken when a row counts in another unit than its item", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Pcm", baseUnit: "tablet" });
    const id = await imported(pharmacy, owner, "name,unit,qty\nPcm,box,5\nZinc,Tablets,5");
    expect(await Imports.get(owner, id)).toMatchObject({
      rowsSkipped: 1,
      rowsAdded: 1,
      rowsStocked: 1,
      rowsStockLeft: 1,
    });
    expect((await Imports.rejections(owner, id, { afterRow: 0, limit: 1 }))[0]?.reason).toMatch(/box.*tablet/);
    const again = await imported(pharmacy, owner, "name,unit,qty\npcm,TABLETS,5");
    expect(await Imports.get(owner, again)).toMatchObject({ rowsStocked: 1, rowsStockLeft: 0 });
  });

  test("is not taken before somebody has said what the quantities count", async () => {
    const { pharmacy, owner } = await fresh();
    const id = await upload(owner, "name,qty\nPcm,5");
    await work(pharmacy);
    const input = await proposal(owner, id, { stockUnit: "" });
    await expect(Imports.check(owner, id, input)).rejects.toMatchObject({ fields: { stockUnit: expect.any(String) } });
  });
});

describe("matching columns", () => {
  test("is proposed, corrected and remembered for the next file of the kind", async () => {
    const { pharmacy, owner } = await fresh();
    const text = "Chemist Ltd\nWhat,Ours,Brand\nAspirin,3,x\nZinc,4,y";
    const id = await upload(owner, text);
    await work(pharmacy);
    await Imports.chooseHeader(owner, id, 2);
    const columns = ["name", "retailPrice", ""];
    const input = await proposal(owner, id, { columns });
    await Imports.saveMapping(owner, id, input);
    const [first] = await Imports.preview(owner, await Imports.get(owner, id), 1);
    expect(first).toMatchObject({ ok: true, item: { name: "Aspirin", retailPrice: "3", brandNames: null } });
    await Imports.check(owner, id, input);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "checked", rowsTotal: 2, rowsNew: 2 });
    const next = await upload(owner, "what ,OURS,Brand\nVitamin C,9,z");
    await work(pharmacy);
    expect((await proposal(owner, next)).columns).toEqual(columns);
  });

  test("is refused with words beside the column", async () => {
    const { pharmacy, owner } = await fresh();
    const id = await upload(owner, "a,b,c\n1,2,3");
    await work(pharmacy);
    const refused = async (changes: Parameters<typeof proposal>[2], fields: readonly string[]) => {
      const asked = Imports.check(owner, id, await proposal(owner, id, changes));
      await expect(asked).rejects.toMatchObject({ code: "invalid_input" });
      const error = await asked.catch((thrown) => thrown);
      expect(Object.keys(error.fields)).toEqual(fields);
    };
    await refused({ columns: ["", "", ""] }, ["columns"]);
    await refused({ columns: ["name", "name", "nonsense"] }, ["column-1", "column-2"]);
    await refused({ columns: ["name", "", ""], rate: "0" }, ["rate"]);
    await refused({ columns: ["name", "", ""], taxClass: "free" }, ["taxClass"]);
    await refused({ columns: ["name", "stockQuantity", ""], branchId: "nowhere" }, ["branchId"]);
    await expect(Imports.chooseHeader(owner, id, 2)).rejects.toMatchObject({
      fields: { headerRow: expect.any(String) },
    });
    await expect(Imports.chooseSheet(owner, id, "x")).rejects.toMatchObject({ fields: { sheet: expect.any(String) } });
    expect((await Imports.get(owner, id)).state).toBe("mapping");
  });
});

describe("a run", () => {
  const many = ["name,qty", ...Array.from({ length: 1100 }, (_, index) => `Item ${index},1`)].join("\n");

  test("pauses, goes on, and is ended with the rest of the file to download", async () => {
    const { pharmacy, owner } = await fresh();
    const id = await checked(pharmacy, owner, many);
    await Imports.start(owner, id, "skip");
    await workOne(pharmacy);
    await Imports.pause(owner, id);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "paused", rowsRead: 500 });
    await expect(Imports.pause(owner, id)).rejects.toMatchObject({ code: "conflict" });
    await Imports.resume(owner, id);
    await workOne(pharmacy);
    await Imports.keep(owner, id);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({
      state: "done",
      rowsRead: 1000,
      rowsTotal: 1100,
      rowsAdded: 1000,
    });
    const rest = (await Imports.rejectionsFile(owner, id, 1)).content.trim().split("\r\n");
    expect(rest).toHaveLength(101);
    expect(rest.at(-1)).toContain("Item 1099");
  });

  test("is undone, from its middle or after its end, exactly once however often messages come", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Item 3", baseUnit: "unit", strength: "old" });
    const id = await checked(pharmacy, owner, many.replace("Item 3,1", "ITEM 3,1"));
    await Imports.start(owner, id, "update");
    await workOne(pharmacy);
    await Imports.undo(owner, id);
    await work(pharmacy, 3);
    expect(await Imports.get(owner, id)).toMatchObject({
      state: "undone",
      rowsRead: 500,
      rowsUndone: 500,
      rowsKept: 0,
    });
    expect(Object.keys(await items(owner))).toEqual(["Item 3"]);
    expect(await stockOf(owner)).toEqual([]);
    const again = await imported(pharmacy, owner, many);
    expect(await Imports.get(owner, again)).toMatchObject({ rowsAdded: 1099, rowsSkipped: 1, rowsStocked: 1100 });
    await Imports.undo(owner, again);
    await workOne(pharmacy);
    expect((await Imports.get(owner, again)).rowsUndone).toBe(500);
    await work(pharmacy, 2);
    expect(await Imports.get(owner, again)).toMatchObject({ state: "undone", rowsUndone: 1100, rowsKept: 0 });
    expect(Object.keys(await items(owner))).toEqual(["Item 3"]);
    expect(await stockOf(owner)).toEqual([]);
    expect(await Stock.differences(owner)).toEqual([]);
    await expect(Imports.undo(owner, again)).rejects.toMatchObject({ code: "conflict" });
  });

  test("leaves what was changed since when it is undone, and says so", async () => {
    const { pharmacy, owner } = await fresh();
    await Items.create(owner, { name: "Old", baseUnit: "unit", retailPrice: "1" });
    const id = await imported(pharmacy, owner, "name,price,qty\nOld,2,1\nNew,3,1\nTouched,4,1", { onKnown: "update" });
    const touched = (await items(owner))["Touched"];
    await edit(owner, touched, "5");
    await Imports.undo(owner, id);
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "undone", rowsUndone: 2, rowsKept: 1 });
    expect(await items(owner)).toMatchObject({ Old: { retailPrice: "1.0000" }, Touched: { retailPrice: "5.0000" } });
    expect(await stockOf(owner)).toEqual(["Touched HQ  -: 1"]);
    expect(await Imports.keptChanges(owner, id, 5)).toMatchObject([{ rowNumber: 4, itemName: "Touched" }]);
  });

  test("that has written nothing is cancelled, and takes nothing after that", async () => {
    const { pharmacy, owner } = await fresh();
    const id = await checked(pharmacy, owner, many);
    await Imports.cancel(owner, id);
    await expect(Imports.start(owner, id, "skip")).rejects.toMatchObject({ code: "conflict" });
    await work(pharmacy);
    expect(await Imports.get(owner, id)).toMatchObject({ state: "cancelled", rowsRead: 0 });
    expect(await owner.db.selectFrom("itemImportRows").select("rowNumber").execute()).toEqual([]);
    expect(await Items.count(owner)).toBe(0);
  });
});

test("the history is paged, the newest first", async () => {
  const { owner } = await fresh();
  const ids: string[] = [];
  for (let index = 0; index < 45; index++) ids.push(await upload(owner, `name\n${index}`));
  const seen: string[] = [];
  let page = await Imports.list(owner);
  for (;;) {
    seen.push(...page.imports.map(({ id }) => id));
    if (page.next === undefined) break;
    page = await Imports.list(owner, page.next);
  }
  expect(seen).toEqual(ids.toReversed());
});
