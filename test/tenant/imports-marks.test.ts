import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { workbookOf } from "../fixtures/workbooks.ts";
import { checked, imported, proposal, upload, work } from "./import-flow.ts";
import { type Pharmacies, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let opened = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies.stop());

const fresh = async () => {
  const pharmacy = await pharmacies.open(`charlie${++opened}`);
  return { pharmacy, owner: await pharmacy.member() };
};
type Opened = Awaited<ReturnType<typeof fresh>>;

async function uploaded({ pharmacy, owner }: Opened, content: string | Uint8Array): Promise<string> {
  const id = await upload(owner, content);
  await work(pharmacy);
  return id;
}
const priceOf = async ({ owner }: Opened, name: string) =>
  (await Items.list(owner, { search: name })).items[0]?.retailPrice ?? null;

describe("the decimal mark of a file", () => {
  test("is guessed from all its rows, and a price after a comma is never a thousand times too large", async () => {
    const at = await fresh();
    const rows = Array.from({ length: 400 }, (_, index) => `Item ${index};${index}`);
    const text = ["name;price", "Ampoule;1.234", ...rows, "Last;12,50"].join("\n");
    await imported(at.pharmacy, at.owner, text);
    expect([await priceOf(at, "ampoule"), await priceOf(at, "last")]).toEqual(["1234.0000", "12.5000"]);
  });

  test.each([
    ["nothing tells it", "name;price\nAmpoule;1.234\nOther;850"],
    ["the file contradicts itself", "name;price\nAmpoule;1.234\nOther;8,5\nThird;8.5"],
  ])("is left to a person where %s, and no number with two readings is taken before", async (_, text) => {
    const at = await fresh();
    const id = await uploaded(at, text);
    const run = await Imports.get(at.owner, id);
    expect(run.settings?.decimalMark).toBeNull();
    expect(await Imports.twoReadings(at.owner, run, run.mapping ?? {})).toEqual({
      rowNumber: 2,
      text: "1.234",
      point: "1.234",
      comma: "1234",
    });
    expect((await Imports.preview(at.owner, run, 1))[0]).toMatchObject({
      ok: false,
      reason: expect.stringContaining("two readings"),
    });
    const input = await proposal(at.owner, id);
    const fields = { decimalMark: expect.stringContaining("“1.234” in row 2") };
    await expect(Imports.check(at.owner, id, input)).rejects.toMatchObject({ fields });
    await expect(Imports.saveMapping(at.owner, id, input)).rejects.toMatchObject({ fields });
    await Imports.check(at.owner, id, { ...input, decimalMark: "comma" });
    await work(at.pharmacy);
    await Imports.start(at.owner, id, "skip");
    await work(at.pharmacy);
    expect(await priceOf(at, "ampoule")).toBe("1234.0000");
  });

  test("that was chosen before a column was matched is asked for again where the column speaks against it, once", async () => {
    const at = await fresh();
    const id = await uploaded(at, "name;colour\nAmpoule;1.234\nOther;8,50");
    const shown = await proposal(at.owner, id);
    expect(shown).toMatchObject({ columns: ["name", ""], decimalMark: "point", decimalMarkFor: "" });
    const matched = { ...shown, columns: ["name", "retailPrice"] };
    await expect(Imports.check(at.owner, id, matched)).rejects.toMatchObject({
      fields: { decimalMark: expect.stringContaining("row 2") },
    });
    // The page shows the cell now; whatever the person says then, counts.
    await Imports.saveMapping(at.owner, id, { ...matched, decimalMarkFor: "1" });
    expect((await Imports.get(at.owner, id)).settings?.decimalMark).toBe("point");
    await Imports.saveMapping(at.owner, id, { ...matched, decimalMark: "comma" });
    expect((await Imports.get(at.owner, id)).settings?.decimalMark).toBe("comma");
  });

  test("is no question where every number has one reading", async () => {
    const at = await fresh();
    const id = await checked(at.pharmacy, at.owner, "name;price\nAmpoule;12,50\nOther;8.5", { decimalMark: "" });
    const run = await Imports.get(at.owner, id);
    expect(run).toMatchObject({ state: "checked", rowsNew: 2 });
    expect(await Imports.twoReadings(at.owner, run, run.mapping ?? {})).toBeUndefined();
  });

  test("leaves the numbers of a workbook alone, which are no texts", async () => {
    const at = await fresh();
    const cell = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`;
    const sheet = [
      [cell("name"), cell("price")],
      [cell("Number"), "<c><v>1.234</v></c>"],
      [cell("Text"), cell("1.234")],
      [cell("Comma"), cell("12,50")],
    ];
    const content = workbookOf({ sheets: { Items: sheet.map((cells) => `<row>${cells.join("")}</row>`).join("") } });
    await imported(at.pharmacy, at.owner, content);
    expect([await priceOf(at, "number"), await priceOf(at, "text")]).toEqual(["1.2340", "1234.0000"]);
  });

  test("is guessed anew when another row names the columns, and whoever may not see the file sees no cell of it", async () => {
    const at = await fresh();
    const id = await uploaded(at, "name;price\nname;cost price\nAmpoule;1.234\nOther;8,50");
    await Imports.chooseHeader(at.owner, id, 2);
    const run = await Imports.get(at.owner, id);
    expect(run.settings?.decimalMark).toBe("comma");
    const viewer = await at.pharmacy.member("viewer");
    await expect(Imports.twoReadings(viewer, run, run.mapping ?? {})).rejects.toMatchObject({ code: "forbidden" });
  });
});
