import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checked, imported, work } from "./import-flow.ts";
import { type Pharmacies, startPharmacies } from "./pharmacy.ts";

/** A file with more items than the plan has room for: what fits is taken, and each other row is told why not. */

let pharmacies: Pharmacies;
beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies?.stop());

const file = (...names: readonly string[]) => `name,price\n${names.map((name) => `${name},1`).join("\n")}`;
const named = (count: number, word: string) => Array.from({ length: count }, (_, index) => `${word} ${index}`);
const reason = "Your plan has room for 10 items, and this one would be beyond it.";

test("the dry run says which rows find no room, and the run takes exactly those before them", async () => {
  const alfa = await pharmacies.open("full", ["inventory"], { maxItems: 10 });
  const owner = await alfa.member();
  for (const name of named(4, "Known")) await Items.create(owner, { name, baseUnit: "tablet" });
  // Known ones need no room, wherever they stand.
  const content = file(...named(5, "New"), ...named(4, "Known"), ...named(5, "Late"));
  const id = await checked(alfa, owner, content);
  expect(await Imports.get(owner, id)).toMatchObject({ rowsNew: 6, rowsKnown: 4, rowsBad: 4 });
  const before = await Imports.rejections(owner, id, { afterRow: 0, limit: 100 });
  expect(before.map(({ cells }) => cells[0])).toEqual(["Late 1", "Late 2", "Late 3", "Late 4"]);
  for (const row of before) expect(row.reason).toContain(reason);
  await Imports.start(owner, id, "skip");
  await work(alfa);
  expect(await Imports.get(owner, id)).toMatchObject({ rowsAdded: 6, rowsSkipped: 4, rowsRejected: 4 });
  expect(await Imports.rejections(owner, id, { afterRow: 0, limit: 100 })).toEqual(before);
  expect((await Limits.used(owner)).items).toEqual({ used: 10, max: 10 });
  // What was left out is taken once there is room.
  alfa.change({ maxItems: 20 });
  const again = await imported(alfa, await alfa.member(), content);
  expect(await Imports.get(owner, again)).toMatchObject({ rowsAdded: 4, rowsSkipped: 10, rowsRejected: 0 });
});

test("two imports at once, of more than one chunk each, fill the room exactly", async () => {
  const alfa = await pharmacies.open("race", ["inventory"], { maxItems: 1000 });
  const owner = await alfa.member();
  const ids = [];
  for (const word of ["One", "Two"]) ids.push(await checked(alfa, owner, file(...named(800, word))));
  await Promise.all(ids.map((id) => Imports.start(owner, id, "skip")));
  await work(alfa, 3);
  const runs = await Promise.all(ids.map((id) => Imports.get(owner, id)));
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + of(run), 0);
  expect([sum((run) => run.rowsAdded), sum((run) => run.rowsRejected)]).toEqual([1000, 600]);
  expect((await Limits.used(owner)).items).toEqual({ used: 1000, max: 1000 });
});
