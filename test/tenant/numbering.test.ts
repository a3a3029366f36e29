import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Numbering } from "@pharmasight/core/tenant/numbering/numbering";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let headquarters: string;

beforeAll(async () => {
  pharmacies = await startPharmacies();
  alfa = await pharmacies.open("alfa");
  headquarters = (await Branches.list(await alfa.member()))[0]?.id ?? "";
});
afterAll(() => pharmacies?.stop());
beforeEach(() => alfa.asSuperuser("delete from document_series"));

const take = async (branchId = headquarters, type: "INV" | "OPN" = "INV"): Promise<string> =>
  (await alfa.member()).tx((tx) => Numbering.take(tx, branchId, type));

async function addBranch(code: string, starts = {}): Promise<string> {
  return Branches.add(await alfa.member(), { code, name: code, address: "", phone: "", starts });
}

describe("numbers of documents", () => {
  test("begin at one, in a series for each branch and kind of document", async () => {
    const west = await addBranch("WEST");
    expect(await take()).toBe("INV-HQ-000001");
    expect(await take(headquarters, "OPN")).toBe("OPN-HQ-000001");
    expect(await take(west)).toBe("INV-WEST-000001");
    expect(await take()).toBe("INV-HQ-000002");
  });

  test("are each taken once and without a gap by fifty transactions at once, the first ones included", async () => {
    const member = await alfa.member();
    const taken = await Promise.all(
      Array.from({ length: 50 }, () => member.tx((tx) => Numbering.take(tx, headquarters, "INV"))),
    );
    const wanted = Array.from({ length: 50 }, (_, index) => Numbering.format("INV", "HQ", index + 1));
    expect(taken.toSorted()).toEqual(wanted);
  });

  test("of a transaction that fails are given back, also among fifty at once", async () => {
    const member = await alfa.member();
    const taken = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        member
          .tx(async (tx) => {
            const number = await Numbering.take(tx, headquarters, "INV");
            if (index % 3 === 0) throw new Error("the sale was not posted");
            return number;
          })
          .catch(() => undefined),
      ),
    );
    const kept = taken.filter((number) => number !== undefined);
    expect(kept.toSorted()).toEqual(kept.map((_, index) => Numbering.format("INV", "HQ", index + 1)));
    expect(kept.length).toBe(33);
  });

  test("grow beyond six digits", async () => {
    const old = await addBranch("OLD", { INV: "999999" });
    expect([await take(old), await take(old)]).toEqual(["INV-OLD-999999", "INV-OLD-1000000"]);
  });

  test("go on from the start that was set, which nobody can set afterwards", async () => {
    const east = await addBranch("EAST", { INV: "4,501" });
    const member = await alfa.member();
    await member.tx((tx) => Numbering.start(tx, east, "INV", 4600));
    expect(await take(east)).toBe("INV-EAST-004600");
    await expect(member.tx((tx) => Numbering.start(tx, east, "INV", 1))).rejects.toMatchObject({
      code: "conflict",
      fields: { nextINV: expect.any(String) },
    });
    expect(await take(east)).toBe("INV-EAST-004601");
  });

  test("are neither for an unknown branch nor for an archived one", async () => {
    const closed = await addBranch("SHUT");
    await Branches.archive(await alfa.member(), closed);
    expect(await codeOf(take(closed))).toBe("conflict");
    expect(await codeOf(take(crypto.randomUUID()))).toBe("not_found");
  });

  test("a background job numbers documents as people do", async () => {
    const job = await alfa.job();
    expect(await job.tx((tx) => Numbering.take(tx, headquarters, "OPN"))).toBe("OPN-HQ-000001");
  });
});

test("a new pharmacy has the series of its headquarters", async () => {
  const bravo = await pharmacies.open("bravo");
  expect(
    await bravo.asSuperuser("select document_type, next_number, used_at from document_series order by document_type"),
  ).toEqual(["CRN", "INV", "OPN", "PO"].map((document_type) => ({ document_type, next_number: "1", used_at: null })));
});
