import { randomUUID } from "node:crypto";
import type { Job } from "@pharmasight/core/tenant/actors";
import { Items } from "@pharmasight/core/tenant/items/items";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Exact, sumOf } from "@pharmasight/core/tenant/stock/quantities";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let now = new Date("2026-11-24T08:00:00Z");
let pharmacies: Pharmacies;
let alfa: Pharmacy;
let job: TenantScope<Job>;
let headquarters: string;
let westlands: string;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
  job = await alfa.job();
  const [branch] = await job.db.selectFrom("branches").select("id").execute();
  headquarters = branch?.id ?? "";
  westlands = randomUUID();
  await job.db
    .insertInto("branches")
    .values({ id: westlands, name: "Westlands", code: "WES", isHeadquarters: false, createdAt: now, updatedAt: now })
    .execute();
});
afterAll(() => pharmacies?.stop());

let made = 0;
async function newItem(): Promise<string> {
  made += 1;
  const name = `Item ${made}`;
  return (await Items.create(await alfa.member(), { name, baseUnit: "tablet" })).id;
}

type Line = Parameters<typeof Stock.open>[1]["lines"][number];
const line = (itemId: string, more: Partial<Line> = {}): Line => ({
  itemId,
  batchNumber: "B1",
  expiresOn: "2027-06-30",
  quantity: "10",
  unitCost: "2.5",
  ...more,
});
const open = (lines: readonly Line[], more: Partial<Parameters<typeof Stock.open>[1]> = {}) =>
  job.tx((tx) =>
    Stock.open(tx, { branchId: headquarters, documentNumber: "OPN-HQ-000001", sourceId: randomUUID(), lines, ...more }),
  );
const undo = (sourceId: string, itemIds: readonly string[]) =>
  job.tx((tx) => Stock.undoOpening(tx, { sourceId, itemIds }));
const movementsOf = (itemId: string) =>
  job.db.selectFrom("stockMovements").selectAll().where("itemId", "=", itemId).orderBy("id").execute();
const takeOut = (itemId: string, quantity: string) =>
  // As a sale will: nothing but the balance, so that the ledger is mended right after.
  alfa.asSuperuser("update stock_balances set quantity = quantity - $2::numeric where item_id = $1", [
    itemId,
    quantity,
  ]);

describe("opening stock", () => {
  test("is kept exactly, each line as a movement with its document, each batch once", async () => {
    const itemId = await newItem();
    const sourceId = randomUUID();
    await open(
      [
        line(itemId, { quantity: "0.0001" }),
        line(itemId, { quantity: "999999999999.9999", unitCost: null }),
        line(itemId, { expiresOn: null, batchNumber: "" }),
        line(itemId, { expiresOn: null, batchNumber: "" }),
      ],
      { sourceId },
    );
    const stock = await Stock.ofItem(await alfa.member(), itemId);
    expect(stock).toMatchObject({ quantity: "1000000000020", isPartial: false });
    expect(stock.branches[0]?.batches).toMatchObject([
      { batchNumber: "B1", expiresOn: "2027-06-30", quantity: "1000000000000.0000", expiry: "later" },
      { batchNumber: "", expiresOn: null, quantity: "20.0000", expiry: "none" },
    ]);
    const movements = await movementsOf(itemId);
    expect(movements).toHaveLength(4);
    for (const movement of movements)
      expect(movement).toMatchObject({ documentNumber: "OPN-HQ-000001", sourceId, kind: "opening_balance", at: now });
    expect(movements.map(({ unitCost }) => unitCost).toSorted()).toEqual(["2.5000", "2.5000", "2.5000", null]);
  });

  test.each([
    ["no quantity", { quantity: "0" }],
    ["less than none", { quantity: "-1" }],
    ["five decimals", { quantity: "1.00001" }],
    ["a float", { quantity: "1e3" }],
    ["too much for a balance", { quantity: "9".repeat(13) }],
    ["no date", { expiresOn: "2027-02-30" }],
    ["a batch number of 65", { batchNumber: "x".repeat(65) }],
    ["a negative cost", { unitCost: "-1" }],
  ])("with %s is refused whole", async (_, wrong) => {
    const itemId = await newItem();
    await expect(open([line(itemId), line(itemId, wrong)])).rejects.toMatchObject({ code: "invalid_input" });
    expect(await movementsOf(itemId)).toEqual([]);
  });

  test("of an unknown item or branch, or in an archived branch, is refused whole", async () => {
    const itemId = await newItem();
    await expect(open([line(itemId), line(randomUUID())])).rejects.toMatchObject({ code: "not_found" });
    await expect(open([line(itemId)], { branchId: randomUUID() })).rejects.toMatchObject({ code: "not_found" });
    await job.db.updateTable("branches").set({ archivedAt: now }).where("id", "=", westlands).execute();
    await expect(open([line(itemId)], { branchId: westlands })).rejects.toMatchObject({ code: "not_found" });
    await job.db.updateTable("branches").set({ archivedAt: null }).where("id", "=", westlands).execute();
    expect(await movementsOf(itemId)).toEqual([]);
  });

  test("is for those who may import", async () => {
    const itemId = await newItem();
    for (const role of ["cashier", "procurement", "viewer"] as const) {
      const person = await alfa.member(role);
      const opening = { branchId: headquarters, documentNumber: "x", sourceId: randomUUID(), lines: [line(itemId)] };
      await expect(person.tx((tx) => Stock.open(tx, opening))).rejects.toMatchObject({ code: "forbidden" });
      const undone = person.tx((tx) => Stock.undoOpening(tx, { sourceId: randomUUID(), itemIds: [itemId] }));
      await expect(undone).rejects.toMatchObject({ code: "forbidden" });
    }
  });
});

describe("undoing an opening", () => {
  test("adds movements that take it back, once however often it is asked", async () => {
    const [itemId, other] = [await newItem(), await newItem()];
    const sourceId = randomUUID();
    await open([line(itemId), line(itemId, { quantity: "5" }), line(other)], { sourceId });
    await open([line(itemId, { quantity: "3" })]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await undo(sourceId, [other, itemId])).toEqual([
        { itemId: other, undone: true },
        { itemId, undone: true },
      ]);
    }
    expect(await Stock.ofItem(await alfa.member(), itemId)).toMatchObject({ quantity: "3" });
    expect(await Stock.ofItem(await alfa.member(), other)).toMatchObject({ quantity: "0", branches: [] });
    const quantities = (await movementsOf(itemId)).map(({ kind, quantity }) => [kind, Number(quantity)]);
    expect(quantities.toSorted()).toEqual(
      [
        ["opening_balance", 10],
        ["opening_balance", 5],
        ["opening_balance", 3],
        ["opening_balance_undone", -10],
        ["opening_balance_undone", -5],
      ].toSorted(),
    );
  });

  test("leaves an item alone of whose opening a part is gone, and undoes the others", async () => {
    const [sold, kept] = [await newItem(), await newItem()];
    const sourceId = randomUUID();
    await open([line(sold), line(sold, { batchNumber: "B2" }), line(kept)], { sourceId });
    await alfa.asSuperuser(
      "update stock_balances set quantity = 9.9999 where item_id = $1 and batch_id = (select min(batch_id::text)::uuid from stock_balances where item_id = $1)",
      [sold],
    );
    expect(await undo(sourceId, [sold, kept])).toEqual([
      { itemId: sold, undone: false },
      { itemId: kept, undone: true },
    ]);
    expect(await Stock.ofItem(await alfa.member(), sold)).toMatchObject({ quantity: "19.9999" });
    await alfa.asSuperuser("update stock_balances set quantity = 10 where item_id = $1", [sold]);
  });
});

describe("the ledger", () => {
  test("cannot be changed: not by requests, and not even by the owner of the database", async () => {
    const itemId = await newItem();
    await open([line(itemId)]);
    for (const statement of [
      "update stock_movements set quantity = 1",
      "delete from stock_movements",
      "truncate stock_movements",
    ]) {
      await expect(alfa.asSuperuser(statement, [], "set role pharmacy_app;")).rejects.toThrow("permission denied");
      await expect(alfa.asSuperuser(statement)).rejects.toThrow("append-only");
    }
    const below = alfa.asSuperuser("update stock_balances set quantity = -1 where item_id = $1", [itemId]);
    await expect(below).rejects.toThrow("check constraint");
  });

  test("is compared with the balances: a difference is found", async () => {
    const itemId = await newItem();
    await open([line(itemId)]);
    expect(await Stock.differences(job)).toEqual([]);
    await takeOut(itemId, "1");
    expect(await Stock.differences(await alfa.member())).toMatchObject([
      { itemId, balance: "9.0000", movements: "10.0000" },
    ]);
    await takeOut(itemId, "-1");
    await expect(alfa.member("cashier").then(Stock.differences)).rejects.toMatchObject({ code: "forbidden" });
  });

  /*
   * Openings and undoings of few items, batches, branches and sources, in parallel transactions. The model knows for
   * each source and item what was opened; whatever the order was, an undone source leaves nothing or all of its opening.
   */
  test("any openings and undoings at once keep every balance the sum of its movements, and lose and double nothing", async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, newItem));
    const anyLine = fc.record({
      item: fc.nat(3),
      batch: fc.constantFrom("", "A", "B"),
      expiresOn: fc.constantFrom(null, "2027-01-31", "2028-01-31"),
      quantity: fc
        .tuple(fc.nat(99), fc.integer({ min: 1, max: 9999 }))
        .map(([whole, part]) => `${whole}.${String(part).padStart(4, "0")}`),
    });
    const anyCommand = fc.oneof(
      fc.record({
        kind: fc.constant("open" as const),
        source: fc.nat(5),
        branch: fc.boolean(),
        lines: fc.array(anyLine, { minLength: 1, maxLength: 8 }),
        fails: fc.integer({ min: 1, max: 8 }).map((one) => one === 1),
      }),
      fc.record({ kind: fc.constant("undo" as const), source: fc.nat(5), items: fc.shuffledSubarray([0, 1, 2, 3]) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyCommand, { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
        async (rounds) => {
          const sources = Array.from({ length: 6 }, () => randomUUID());
          const before = await totals(ids);
          const opened = new Map<string, string>();
          for (const round of rounds) {
            const outcomes = await Promise.all(
              round.map(async (command) => {
                const sourceId = sources[command.source] ?? "";
                if (command.kind === "undo")
                  return undo(
                    sourceId,
                    command.items.map((index) => ids[index] ?? ""),
                  );
                const lines = command.lines.map(({ item, batch, expiresOn, quantity }) =>
                  line(ids[item] ?? "", { batchNumber: batch, expiresOn, quantity }),
                );
                const branchId = command.branch ? headquarters : westlands;
                const opening = { branchId, documentNumber: "OPN-X-1", sourceId, lines };
                await job
                  .tx(async (tx) => {
                    await Stock.open(tx, opening);
                    if (command.fails) throw new Error("rolled back");
                  })
                  .catch((error: Error) => {
                    if (error.message !== "rolled back") throw error;
                  });
                if (command.fails) return [];
                for (const one of lines) {
                  const key = `${sourceId} ${one.itemId}`;
                  opened.set(key, sumOf([opened.get(key) ?? "0", one.quantity]));
                }
                return [];
              }),
            );
            // Nothing was sold: nothing stands in the way of undoing.
            for (const { undone } of outcomes.flat()) expect(undone).toBe(true);
            expect(await Stock.differences(job)).toEqual([]);
          }
          for (const [key, sum] of opened) {
            const [sourceId = "", itemId = ""] = key.split(" ");
            const rows = (await movementsOf(itemId)).filter((row) => row.sourceId === sourceId);
            const total = (kind: string) => sumOf(rows.filter((row) => row.kind === kind).map((row) => row.quantity));
            expect(total("opening_balance")).toBe(sum);
            expect(new Exact(total("opening_balance_undone")).abs().lessThanOrEqualTo(sum)).toBe(true);
          }
          for (const source of sources) await undo(source, ids);
          expect(await totals(ids)).toEqual(before);
          expect(await Stock.differences(job)).toEqual([]);
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  }, 120_000);

  test("thirty openings of one new batch at once make one batch and lose nothing", async () => {
    const itemId = await newItem();
    await Promise.all(Array.from({ length: 30 }, () => open([line(itemId, { quantity: "0.1", expiresOn: null })])));
    expect(await Stock.ofItem(await alfa.member(), itemId)).toMatchObject({ quantity: "3" });
    expect(await job.db.selectFrom("batches").select("id").where("itemId", "=", itemId).execute()).toHaveLength(1);
  });

  test("one opening undone ten times at once is undone once", async () => {
    const itemId = await newItem();
    const sourceId = randomUUID();
    await open([line(itemId), line(itemId, { batchNumber: "B2" })]);
    await open([line(itemId), line(itemId, { batchNumber: "B2" })], { sourceId });
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => undo(sourceId, [itemId])));
    expect(outcomes.flat().every(({ undone }) => undone)).toBe(true);
    expect(await Stock.ofItem(await alfa.member(), itemId)).toMatchObject({ quantity: "20" });
    expect(await movementsOf(itemId)).toHaveLength(6);
  });

  test("a thousand lines of as many items are booked and undone", async () => {
    const owner = await alfa.member();
    const ids: string[] = [];
    await alfa.asSuperuser(`
      insert into items (id, sku, name, base_unit, created_at, updated_at)
      select gen_random_uuid(), 'L' || n, 'Line ' || n, 'unit', now(), now() from generate_series(1, 1100) n`);
    const rows = await job.db.selectFrom("items").select("id").where("name", "like", "Line %").execute();
    ids.push(...rows.map(({ id }) => id));
    const sourceId = randomUUID();
    await open(
      ids.map((id) => line(id)),
      { sourceId },
    );
    expect(await Stock.ofItem(owner, ids[700] ?? "")).toMatchObject({ quantity: "10" });
    const undone = await undo(sourceId, ids);
    expect(undone.map(({ itemId }) => itemId)).toEqual(ids);
    expect(undone.every((one) => one.undone)).toBe(true);
    expect(await Stock.differences(job)).toEqual([]);
  });
});

describe("stock of an item", () => {
  test("lists batches that expire first first, and says by the pharmacy's own day which have expired", async () => {
    const itemId = await newItem();
    const dates = [null, "2026-11-24", "2026-11-23", "2027-02-22", "2027-02-23"];
    await open(dates.map((expiresOn, index) => line(itemId, { expiresOn, batchNumber: `B${index}` })));
    const expiries = async () =>
      (await Stock.ofItem(await alfa.member(), itemId)).branches[0]?.batches.map(({ expiresOn, expiry }) => [
        expiresOn,
        expiry,
      ]);
    const earlier = now;
    // 23:59 of the 24th in Nairobi, where it is three hours later than in Greenwich.
    now = new Date("2026-11-24T20:59:00Z");
    expect(await expiries()).toEqual([
      ["2026-11-23", "expired"],
      ["2026-11-24", "soon"],
      ["2027-02-22", "soon"],
      ["2027-02-23", "later"],
      [null, "none"],
    ]);
    now = new Date("2026-11-24T21:00:00Z");
    expect((await expiries())?.slice(0, 2)).toEqual([
      ["2026-11-23", "expired"],
      ["2026-11-24", "expired"],
    ]);
    now = earlier;
  });

  test("shows a person only the branches that they may look into", async () => {
    const itemId = await newItem();
    await open([line(itemId, { quantity: "1.5" })]);
    await open([line(itemId, { quantity: "40" })], { branchId: westlands });
    expect(await Stock.ofItem(await alfa.member(), itemId)).toMatchObject({
      quantity: "41.5",
      isPartial: false,
      branches: [
        { branchId: headquarters, quantity: "1.5" },
        { branchId: westlands, code: "WES", quantity: "40" },
      ],
    });
    const cashier = await personIn(westlands);
    expect(await Stock.ofItem(cashier, itemId)).toMatchObject({
      quantity: "40",
      isPartial: true,
      branches: [{ branchId: westlands }],
    });
    await expect(Stock.ofItem(await personIn(undefined), itemId)).rejects.toMatchObject({ code: "forbidden" });
  });
});

/** A cashier of one branch, or somebody without any role. */
async function personIn(branchId: string | undefined) {
  const person = await alfa.member("cashier");
  const { userId, sessionId } = person.actor;
  await job.db.updateTable("users").set({ role: null }).where("id", "=", userId).execute();
  if (branchId !== undefined) {
    await alfa.asSuperuser("insert into user_branch_roles (user_id, branch_id, role) values ($1, $2, 'cashier')", [
      userId,
      branchId,
    ]);
  }
  person.forgetSessionsOf(userId);
  return alfa.holder(await alfa.token({ userId, sessionId }));
}

async function totals(ids: readonly string[]): Promise<string[]> {
  const owner = await alfa.member();
  const stocks = await Promise.all(ids.map((id) => Stock.ofItem(owner, id)));
  return stocks.map(({ quantity }) => quantity);
}
