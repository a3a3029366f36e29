import { randomUUID } from "node:crypto";
import type { Job } from "@pharmasight/core/tenant/actors";
import { BulkItems } from "@pharmasight/core/tenant/items/bulk";
import { type ItemFields, Items } from "@pharmasight/core/tenant/items/items";
import { type NewItem, type NewItemInput, parseNewItem } from "@pharmasight/core/tenant/items/new-item";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let job: TenantScope<Job>;

beforeAll(async () => {
  pharmacies = await startPharmacies();
  alfa = await pharmacies.open("alfa");
  job = await alfa.job();
});
afterAll(() => pharmacies?.stop());
beforeEach(() =>
  alfa.asSuperuser(
    "set session_replication_role = replica; delete from stock_movements; delete from stock_balances; delete from batches; delete from items",
  ),
);

const item = (name: string, more: Partial<NewItemInput> = {}): NewItem =>
  parseNewItem({ name, baseUnit: "tablet", ...more });
const insert = (items: readonly NewItem[]) => job.tx((tx) => BulkItems.insertMany(tx, items));
const update = (changes: Parameters<typeof BulkItems.updateMany>[1]) =>
  job.tx((tx) => BulkItems.updateMany(tx, changes));
const restore = (undone: Parameters<typeof BulkItems.restoreMany>[1]) =>
  job.tx((tx) => BulkItems.restoreMany(tx, undone));
async function inserted(...items: readonly NewItem[]): Promise<string[]> {
  return (await insert(items)).map((id) => id ?? "left out");
}
async function openStock(itemId: string): Promise<void> {
  const [branch] = await job.db.selectFrom("branches").select("id").execute();
  const lines = [{ itemId, batchNumber: "", expiresOn: null, quantity: "1", unitCost: null }];
  const opening = { branchId: branch?.id ?? "", documentNumber: "OPN-HQ-000001", sourceId: randomUUID(), lines };
  await job.tx((tx) => Stock.open(tx, opening));
}

describe("finding known items", () => {
  test("goes by barcode, then by name in any case, and says when the two are different items", async () => {
    const [amox, para] = await inserted(item("Amoxicillin 250 mg", { barcode: "111" }), item("Paracetamol 500 mg"));
    const known = await BulkItems.findKnown(job, [
      { name: "PARACETAMOL 500 MG", barcode: null },
      { name: "nothing", barcode: null },
      { name: "Amox from another label", barcode: "111" },
      { name: "paracetamol 500 mg", barcode: "111" },
      { name: "amoxicillin 250 MG", barcode: "111" },
      { name: "Paracetamol 500 mg", barcode: "222" },
    ]);
    expect(known).toEqual([
      { id: para, name: "Paracetamol 500 mg", matchedBy: "name", isAmbiguous: false, updatedAt: expect.any(Date) },
      undefined,
      { id: amox, name: "Amoxicillin 250 mg", matchedBy: "barcode", isAmbiguous: false, updatedAt: expect.any(Date) },
      expect.objectContaining({ id: amox, matchedBy: "barcode", isAmbiguous: true }),
      expect.objectContaining({ id: amox, matchedBy: "barcode", isAmbiguous: false }),
      expect.objectContaining({ id: para, matchedBy: "name", isAmbiguous: false }),
    ]);
  });

  test("does not find archived items", async () => {
    const [id = ""] = await inserted(item("Old", { barcode: "1" }));
    await Items.archive(await alfa.member(), id);
    expect(await BulkItems.findKnown(job, [{ name: "Old", barcode: "1" }])).toEqual([undefined]);
  });
});

describe("inserting", () => {
  test("keeps its answer beside each item, and the first of two with one name or barcode", async () => {
    const answers = await insert([
      item("One"),
      item("ONE"),
      item("Two", { barcode: "9" }),
      item("Three", { barcode: "9" }),
      item("Four", { costPrice: "1.2345" }),
    ]);
    expect(answers.map((id) => id !== undefined)).toEqual([true, false, true, false, true]);
    const four = await Items.get(await alfa.member(), answers[4] ?? "");
    expect(four).toMatchObject({ name: "Four", costPrice: "1.2345" });
  });

  test("the same items from ten transactions in any order become one each, and nobody meets an error", async () => {
    const list = Array.from({ length: 200 }, (_, index) => item(`Same ${index}`, { barcode: `b${(index * 7) % 200}` }));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, turn) => {
        const own = turn % 2 === 0 ? list : list.toReversed();
        return job.tx(async (tx) => {
          // In several calls, as an import that goes on: what the first ones inserted is held meanwhile.
          const said: string[] = [];
          for (let from = 0; from < own.length; from += 40) {
            const piece = own.slice(from, from + 40);
            const ids = await BulkItems.insertMany(tx, piece);
            expect(ids).toHaveLength(piece.length);
            said.push(...ids.flatMap((id, index) => (id === undefined ? [] : [`${piece[index]?.name} ${id}`])));
          }
          return said;
        });
      }),
    );
    const rows = await job.db.selectFrom("items").select(["id", "name"]).execute();
    expect(answers.flat().toSorted()).toEqual(rows.map(({ id, name }) => `${name} ${id}`).toSorted());
    expect(rows).toHaveLength(200);
  });
});

describe("updating", () => {
  test("replaces what is given, keeps the rest, and hands back what was", async () => {
    const [one = "", two = ""] = await inserted(
      item("One", { retailPrice: "5", taxClass: "exempt", strength: "5 mg" }),
      item("Two", { retailPrice: "7" }),
    );
    const before = await Items.get(await alfa.member(), one);
    const results = await update([
      { id: two, fields: { name: "Two and a half", genericName: "Generic" } },
      { id: randomUUID(), fields: { name: "nobody" } },
      { id: one, fields: { retailPrice: "6", costPrice: "3.1" } },
    ]);
    expect(results.map(({ id, refused }) => [id, refused])).toEqual([one, two].toSorted().map((id) => [id, null]));
    const owner = await alfa.member();
    const now = await Items.get(owner, one);
    expect(now).toMatchObject({ retailPrice: "6.0000", costPrice: "3.1000", taxClass: "exempt", strength: "5 mg" });
    const result = results.find(({ id }) => id === one);
    expect(result?.updatedAt).toEqual(now.updatedAt);
    expect(now.updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime());
    expect(result?.before).toMatchObject({ name: "One", retailPrice: "5.0000", costPrice: null });
  });

  test("what changes nothing leaves the item's time as it is", async () => {
    const [id = ""] = await inserted(item("One", { retailPrice: "5" }));
    const { updatedAt } = await Items.get(await alfa.member(), id);
    const [result] = await update([{ id, fields: { retailPrice: "5.00", name: "One" } }]);
    expect(result).toMatchObject({ refused: null, updatedAt });
  });

  test("refuses a row with its reason and goes on with the others", async () => {
    const [one = "", two = "", three = "", four = "", five = ""] = await inserted(
      item("One"),
      item("Two", { barcode: "2" }),
      item("Three"),
      item("Four"),
      item("Five", { wholesaleUnit: "box", basePerWholesale: "100" }),
    );
    await openStock(five);
    const results = await update([
      { id: one, fields: { name: "TWO" } },
      { id: three, fields: { barcode: "2" } },
      { id: four, fields: { wholesaleUnit: "box" } },
      { id: five, fields: { basePerWholesale: "50" } },
      { id: two, fields: { retailPrice: "1" } },
      { id: two, fields: { retailPrice: "2" } },
    ]);
    const words = (id: string) => results.filter((result) => result.id === id).map(({ refused }) => refused);
    expect(words(one)).toEqual(["Another item has this name."]);
    expect(words(three)).toEqual(["Another item has this barcode."]);
    expect(words(four)).toEqual([expect.stringContaining("Say how many units one box holds")]);
    expect(words(five)).toEqual([expect.stringContaining("its size stays")]);
    expect(words(two)).toEqual([null, "An earlier row changes the same item."]);
    const owner = await alfa.member();
    expect((await Items.get(owner, two)).retailPrice).toBe("1.0000");
    expect((await Items.get(owner, five)).basePerWholesale).toBe("100.0000");
  });

  test("two that want one new name: one has it; two transactions at once: no error escapes", async () => {
    const ids = await inserted(...Array.from({ length: 20 }, (_, index) => item(`Item ${index}`)));
    const both = await update(ids.slice(0, 2).map((id) => ({ id, fields: { name: "Wanted" } })));
    expect(both.filter(({ refused }) => refused === null)).toHaveLength(1);
    const rename = (list: readonly string[]) =>
      update(list.map((id, index) => ({ id, fields: { name: `New ${index}` } })));
    const results = await Promise.all([
      rename(ids.slice(2)),
      rename(ids.slice(2).toReversed()),
      insert([item("New 3")]),
    ]);
    const names = (await job.db.selectFrom("items").select("name").execute()).map(({ name }) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    expect(results[0]).toHaveLength(18);
  });

  test("an item of any fields is taken to any other and back again", async () => {
    const anyText = fc.option(fc.string({ unit: "binary", maxLength: 30 }).map((text) => text.replace(/\p{Cc}/gu, "")));
    const anyAmount = fc.option(fc.tuple(fc.nat(1e9), fc.nat(9999)).map(([whole, part]) => `${whole}.${part}`));
    const anyItem = fc
      .record({
        genericName: anyText,
        strength: anyText,
        barcode: anyText,
        retailPrice: anyAmount,
        costPrice: anyAmount,
      })
      .map((fields) => item("Any", { ...fields, isControlled: fields.strength === null }));
    await fc.assert(
      fc.asyncProperty(anyItem, anyItem, async (one, other) => {
        const [id = ""] = await inserted(one);
        const [result] = await update([{ id, fields: other }]);
        expect(result?.refused).toBe(null);
        const [{ before: changed, updatedAt } = { before: null, updatedAt: new Date() }] = await update([
          { id, fields: {} },
        ]);
        expect(Items.differingFields(changed ?? {}, other)).toEqual([]);
        const asStored: ItemFields = Items.itemFieldsSchema.parse(JSON.parse(JSON.stringify(result?.before)));
        expect(await restore([{ id, before: asStored, updatedAt }])).toEqual([{ id, undone: true }]);
        const [back] = await update([{ id, fields: {} }]);
        expect(Items.differingFields(back?.before ?? {}, one)).toEqual([]);
        await restore([{ id, before: null, updatedAt: back?.updatedAt ?? new Date() }]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("undoing", () => {
  test("archives what was added, takes back what was changed, and leaves alone what somebody touched since", async () => {
    const owner = await alfa.member();
    const [added = "", touched = "", changed = "", stocked = ""] = await inserted(
      item("Added"),
      item("Touched"),
      item("Changed", { retailPrice: "1" }),
      item("Stocked"),
    );
    const seen = async (id: string) => (await Items.get(owner, id)).updatedAt;
    const times = { added: await seen(added), touched: await seen(touched), stocked: await seen(stocked) };
    await Items.update(owner, touched, { strength: "5 mg" }, times.touched);
    await openStock(stocked);
    const [result] = await update([{ id: changed, fields: { retailPrice: "2" } }]);
    const undone = [
      { id: touched, before: null, updatedAt: times.touched },
      { id: added, before: null, updatedAt: times.added },
      { id: stocked, before: null, updatedAt: times.stocked },
      { id: changed, before: result?.before ?? null, updatedAt: result?.updatedAt ?? new Date(0) },
      { id: randomUUID(), before: null, updatedAt: new Date() },
    ];
    expect((await restore(undone)).map((one) => one.undone)).toEqual([false, true, false, true, false]);
    expect((await Items.get(owner, added)).archivedAt).not.toBe(null);
    expect(await Items.get(owner, changed)).toMatchObject({ retailPrice: "1.0000", archivedAt: null });
    expect((await Items.get(owner, touched)).strength).toBe("5 mg");
    expect((await restore(undone)).map((one) => one.undone)).toEqual([false, false, false, false, false]);
  });

  test("does not take a name back that another item has by now", async () => {
    const [id = ""] = await inserted(item("First name"));
    const [result] = await update([{ id, fields: { name: "Second name" } }]);
    await inserted(item("first NAME"));
    const before = result?.before ?? null;
    expect(await restore([{ id, before, updatedAt: result?.updatedAt ?? new Date() }])).toEqual([
      { id, undone: false },
    ]);
  });
});

test("an import is undone while people change the same items: no error escapes, and their changes stay", async () => {
  const owner = await alfa.member();
  const [branch] = await job.db.selectFrom("branches").select("id").execute();
  for (let turn = 0; turn < 8; turn += 1) {
    const sourceId = randomUUID();
    const ids = await inserted(...Array.from({ length: 30 }, (_, index) => item(`Round ${turn} item ${index}`)));
    const lines = ids.map((itemId) => ({ itemId, batchNumber: "", expiresOn: null, quantity: "1", unitCost: null }));
    const opening = { branchId: branch?.id ?? "", documentNumber: "OPN-HQ-000001", sourceId, lines };
    await job.tx((tx) => Stock.open(tx, opening));
    const seen = (await Items.get(owner, ids[0] ?? "")).updatedAt;
    const undoing = job.tx(async (tx) => {
      await Stock.undoOpening(tx, { sourceId, itemIds: ids });
      return BulkItems.restoreMany(
        tx,
        ids.map((id) => ({ id, before: null, updatedAt: seen })),
      );
    });
    const edits = ids.slice(0, 10).map((id) =>
      Items.update(owner, id, { strength: "5 mg" }, seen).then(
        () => "saved",
        (error: { code?: string }) => error.code,
      ),
    );
    const [undone, ...said] = await Promise.all([undoing, ...edits]);
    for (const [index, answer] of said.entries()) {
      expect(answer).toBe(undone[index]?.undone === true ? "conflict" : "saved");
    }
  }
  expect(await Stock.differences(job)).toEqual([]);
});

test("ten thousand items are known, inserted, changed and taken back in a few statements for each 500", async () => {
  const list = Array.from({ length: 10_000 }, (_, index) => item(`Bulk ${index}`, { barcode: `bulk-${index}` }));
  const wanted = list.map(({ name, barcode }) => ({ name, barcode }));
  const insertedOnes = await counted((tx) => BulkItems.insertMany(tx, list));
  const ids = insertedOnes.result.map((id) => id ?? "");
  expect(new Set(ids).size).toBe(10_000);
  const known = await counted((tx) => BulkItems.findKnown(tx, wanted));
  expect(known.result.map((one) => one?.id)).toEqual(ids);
  const changes = ids.map((id, index) => ({ id, fields: { name: `Renamed ${index}`, costPrice: `${index}.5` } }));
  const updated = await counted((tx) => BulkItems.updateMany(tx, changes));
  expect(updated.result.filter(({ refused }) => refused === null)).toHaveLength(10_000);
  const undone = await counted((tx) => BulkItems.restoreMany(tx, updated.result));
  expect(undone.result.every((one) => one.undone)).toBe(true);
  // Twenty pieces of 500, and the lock of the catalogue.
  expect({
    known: known.statements,
    inserted: insertedOnes.statements,
    updated: updated.statements,
    undone: undone.statements,
  }).toEqual({ known: 20, inserted: 41, updated: 61, undone: 61 });
}, 60_000);

/** Runs in a transaction, and counts its statements. */
async function counted<R>(run: (tx: TenantScope<Job>) => Promise<R>): Promise<{ result: R; statements: number }> {
  return job.tx(async (tx) => {
    const sent = vi.spyOn(tx.db.getExecutor(), "executeQuery");
    const result = await run(tx);
    return { result, statements: sent.mock.calls.length };
  });
}
