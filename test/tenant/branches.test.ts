import { DomainError } from "@pharmasight/core/kernel/errors";
import { newId } from "@pharmasight/core/kernel/ids";
import { Branches, type BranchInput } from "@pharmasight/core/tenant/branches/branches";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Numbering } from "@pharmasight/core/tenant/numbering/numbering";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies();
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());

const branch = (input: Partial<BranchInput> = {}): BranchInput => ({
  code: "WEST",
  name: "Westlands",
  address: "",
  phone: "",
  starts: {},
  ...input,
});
const add = async (input: Partial<BranchInput>): Promise<string> => Branches.add(await alfa.member(), branch(input));
const fieldsOf = (work: Promise<unknown>): Promise<Readonly<Record<string, string>>> =>
  work.then(
    () => ({}),
    (error: unknown) => (error instanceof DomainError ? error.fields : { other: String(error) }),
  );

describe("a branch's code", () => {
  test("is never cut: MAIN and MALL stay apart in their numbers", async () => {
    const [main, mall] = [await add({ code: " main " }), await add({ code: "MALL" })];
    const member = await alfa.member();
    const take = (id: string) => member.tx((tx) => Numbering.take(tx, id, "INV"));
    expect([await take(main), await take(mall)]).toEqual(["INV-MAIN-000001", "INV-MALL-000001"]);
  });

  test("is one branch's, an archived one's too, even when two people add it at once", async () => {
    const tries = await Promise.all(Array.from({ length: 8 }, () => codeOf(add({ code: "TWIN" }))));
    expect(tries.filter((code) => code === "done").length).toBe(1);
    expect(tries.filter((code) => code === "conflict").length).toBe(7);
    const gone = await add({ code: "GONE" });
    await Branches.archive(await alfa.member(), gone);
    expect(Object.keys(await fieldsOf(add({ code: "gone" })))).toEqual(["code"]);
  });

  test("changes until a document's number contains it", async () => {
    const id = await add({ code: "EAST" });
    const member = await alfa.member();
    await Branches.change(member, id, branch({ code: "EAST2" }));
    await member.tx((tx) => Numbering.take(tx, id, "PO"));
    expect(await fieldsOf(Branches.change(member, id, branch({ code: "EAST3" })))).toEqual({
      code: "The code stays EAST2: numbers of documents contain it.",
    });
    await Branches.change(member, id, branch({ code: "EAST2", name: "Eastleigh" }));
    expect(await Branches.get(member, id)).toMatchObject({ code: "EAST2", name: "Eastleigh", isCodeFixed: true });
  });

  test("and a number's code are the same, whichever of a change and a number comes first", async () => {
    const member = await alfa.member();
    for (let round = 0; round < 20; round += 1) {
      const id = await add({ code: `R${round}A` });
      const [number] = await Promise.all([
        member.tx((tx) => Numbering.take(tx, id, "INV")),
        codeOf(Branches.change(member, id, branch({ code: `R${round}B` }))),
      ]);
      expect(number).toBe(`INV-${(await Branches.get(member, id)).code}-000001`);
    }
  });
});

describe("a branch's fields", () => {
  test.each([
    ["code", { code: "" }],
    ["code", { code: "A" }],
    ["code", { code: "ABCDEFGHIJK" }],
    ["code", { code: "WE-ST" }],
    ["code", { code: "WÉST" }],
    ["code", { code: "💊💊" }],
    ["code", { code: "'; drop table branches; --" }],
    ["name", { name: "  " }],
    ["name", { name: "x".repeat(256) }],
    ["name", { name: "West\u0000lands" }],
    ["name", { name: "West\nlands" }],
    ["name", { name: "West\u202elands" }],
    ["phone", { phone: "call me" }],
    ["phone", { phone: "1".repeat(41) }],
    ["address", { address: "a\n".repeat(7) + "b" }],
    ["address", { address: "x".repeat(501) }],
    ["nextINV", { starts: { INV: "0" } }],
    ["nextINV", { starts: { INV: "-5" } }],
    ["nextPO", { starts: { PO: "1.5" } }],
    ["nextPO", { starts: { PO: "100000000" } }],
    ["nextPO", { starts: { PO: "1e5" } }],
  ])("are refused on %s: %j", async (field, input) => {
    expect(Object.keys(await fieldsOf(add({ code: "BADX", ...input })))).toEqual([field]);
  });

  test("are kept as written, whatever language, signs or markup", async () => {
    const name = `<b>Soko</b> & "Mji" 💊 O'Brien`;
    const id = await add({ code: "SOKO", name, address: " Moi Avenue \r\n Nairobi ", phone: "+254 (0)712-345.678" });
    expect(await Branches.get(await alfa.member(), id)).toMatchObject({
      name,
      address: "Moi Avenue\nNairobi",
      phone: "+254 (0)712-345.678",
    });
  });

  test("end in a kept branch or in words by field, whatever is typed", async () => {
    const member = await alfa.member();
    const text = fc.string({ unit: "binary", maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.record({ code: text, name: text, address: text, phone: text }), async (typed) => {
        const fields = await fieldsOf(Branches.add(member, { ...typed, starts: {} }));
        expect(fields).not.toHaveProperty("other");
      }),
      { numRuns: 200 },
    );
  });
});

describe("archiving", () => {
  test("leaves the branch out of the list, and can be taken back", async () => {
    const id = await add({ code: "TEMP" });
    const member = await alfa.member();
    const listed = async () => (await Branches.list(member)).some((one) => one.id === id);
    await Branches.archive(member, id);
    expect(await listed()).toBe(false);
    expect((await Branches.listAll(member)).at(-1)?.archivedAt).not.toBeNull();
    await Branches.restore(member, id);
    expect(await listed()).toBe(true);
  });

  test("is not for the headquarters", async () => {
    const member = await alfa.member();
    const [first] = await Branches.list(member);
    expect(first?.isHeadquarters).toBe(true);
    expect(await codeOf(Branches.archive(member, first?.id ?? ""))).toBe("conflict");
  });

  test("is not for a branch with stock", async () => {
    const member = await alfa.member();
    const id = await add({ code: "FULL" });
    const item = await Items.create(member, { name: "Paracetamol 500 mg", baseUnit: "tablet" });
    const batch = newId(member.clock);
    await alfa.asSuperuser(
      `with b as (insert into batches values ($1, $2, '', null, now()) returning id)
       insert into stock_balances (branch_id, item_id, batch_id, quantity) select $3, $2, id, 12 from b`,
      [batch, item.id, id],
    );
    expect(await codeOf(Branches.archive(member, id))).toBe("conflict");
    await alfa.asSuperuser("update stock_balances set quantity = 0 where branch_id = $1", [id]);
    expect(await codeOf(Branches.archive(member, id))).toBe("done");
  });
});

describe("who may", () => {
  test("see branches is anybody; manage them only who has the permission everywhere", async () => {
    const id = await add({ code: "ROLE" });
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const member = await alfa.member(role);
      expect((await Branches.list(member)).length).toBeGreaterThan(0);
      for (const work of [
        Branches.listAll(member),
        Branches.get(member, id),
        Branches.add(member, branch({ code: "NOPE" })),
        Branches.change(member, id, branch({ code: "NOPE" })),
        Branches.archive(member, id),
        Branches.restore(member, id),
      ]) {
        expect(await codeOf(work)).toBe("forbidden");
      }
    }
    expect(await codeOf(Branches.get(await alfa.member("admin"), id))).toBe("done");
  });

  test("an id of nobody's is not found", async () => {
    const member = await alfa.member();
    for (const id of ["", "x", "../..", crypto.randomUUID()]) {
      expect(await codeOf(Branches.get(member, id))).toBe("not_found");
      expect(await codeOf(Branches.archive(member, id))).toBe("not_found");
      expect(await codeOf(Branches.change(member, id, branch()))).toBe("not_found");
    }
  });

  test("each change is in the audit log with what was before", async () => {
    const id = await add({ code: "LOG1", starts: { INV: "77" } });
    await Branches.change(await alfa.member(), id, branch({ code: "LOG2" }));
    expect(
      await alfa.asSuperuser(
        "select action, before->>'code' as before, after->>'code' as after, after->'nextINV' as next from audit_log where after->>'id' = $1 order by id",
        [id],
      ),
    ).toEqual([
      { action: "branch.added", before: null, after: "LOG1", next: 77 },
      { action: "branch.changed", before: "LOG1", after: "LOG2", next: null },
    ]);
  });
});
