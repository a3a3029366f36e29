import { deflateSync } from "node:zlib";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { Company } from "@pharmasight/core/tenant/company/company";
import { Items } from "@pharmasight/core/tenant/items/items";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";
import { chunk, jpeg, png, webp } from "./pictures.ts";

let now = new Date("2026-11-24T08:00:00Z");
let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  now = new Date(now.getTime() + 60_000);
  await alfa.asSuperuser("delete from company_logos");
  await alfa.asSuperuser("delete from items");
});

const plain = {
  name: "Alfa",
  legalName: "",
  taxId: "",
  currency: "KES",
  timeZone: "Africa/Nairobi",
  phone: "",
  email: "",
  address: "",
};

async function change(profile: Partial<typeof plain>, logo?: Uint8Array): Promise<void> {
  const member = await alfa.member();
  const { updatedAt } = await Company.get(member);
  await Company.change(member, { profile: { ...plain, ...profile }, logo, seenAt: updatedAt });
}

const fieldsOf = (work: Promise<unknown>): Promise<Readonly<Record<string, string>>> =>
  work.then(
    () => ({}),
    (error: unknown) => (error instanceof DomainError ? error.fields : { other: String(error) }),
  );

describe("the profile", () => {
  test("is kept as written, in whatever language and with whatever signs", async () => {
    const written = {
      name: `Dawa & "Afya" <b>O'Brien</b> 💊 药房`,
      legalName: "Alfa Pharmacy Limited",
      phone: "+254 (0)712-345.678",
      email: "shop@example.com",
      address: "Moi Avenue 12\nNairobi",
    };
    await change({ ...written, taxId: " p051 234567x " });
    expect(await Company.get(await alfa.member())).toMatchObject({ ...written, taxId: "P051234567X" });
  });

  test.each([
    ["name", { name: " " }],
    ["name", { name: "x".repeat(256) }],
    ["name", { name: "Al\u0000fa" }],
    ["name", { name: "Al\nfa" }],
    ["name", { name: "Al\u202efa" }],
    ["legalName", { legalName: "💊".repeat(128) }],
    ["taxId", { taxId: "12345" }],
    ["taxId", { taxId: "P05123456XX" }],
    ["taxId", { currency: "UGX", taxId: "1".repeat(41) }],
    ["currency", { currency: "XXY" }],
    ["currency", { currency: "" }],
    ["currency", { currency: "K€S" }],
    ["timeZone", { timeZone: "Africa/Atlantis" }],
    ["timeZone", { timeZone: "" }],
    ["timeZone", { timeZone: "../../etc/passwd" }],
    ["phone", { phone: "ring me" }],
    ["email", { email: "not an address" }],
    ["email", { email: `${"x".repeat(250)}@example.com` }],
    ["address", { address: "x\n".repeat(8) + "x" }],
    ["address", { address: "a\u0007b" }],
  ])("is refused on %s: %j", async (field, profile) => {
    expect(Object.keys(await fieldsOf(change(profile)))).toEqual([field]);
  });

  test("takes a time zone by its city and in any case, and a tax number of any shape outside Kenya", async () => {
    await change({ timeZone: "nairobi" });
    await change({ timeZone: "africa/dar es salaam", currency: "TZS", taxId: "TIN 123-456-789" });
    expect(await Company.get(await alfa.member())).toMatchObject({
      timeZone: "Africa/Dar_es_Salaam",
      taxId: "TIN 123-456-789",
    });
    await change({});
  });

  test("ends saved or in words by field, whatever is typed", async () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    const typed = fc.record({ name: text, legalName: text, taxId: text, phone: text, email: text, address: text });
    await fc.assert(
      fc.asyncProperty(typed, async (profile) => {
        expect(await fieldsOf(change(profile))).not.toHaveProperty("other");
      }),
      { numRuns: 150 },
    );
    await change({});
  });

  test("is changed by one of ten people who saw the same state; the others are told, and nothing of theirs is kept", async () => {
    const member = await alfa.member();
    const { updatedAt } = await Company.get(member);
    const names = Array.from({ length: 10 }, (_, index) => `Alfa ${index}`);
    const results = await Promise.all(
      names.map((name) => codeOf(Company.change(member, { profile: { ...plain, name }, seenAt: updatedAt }))),
    );
    expect(results.filter((code) => code === "done").length).toBe(1);
    expect(results.filter((code) => code === "conflict").length).toBe(9);
    expect((await Company.get(member)).name).toBe(names[results.indexOf("done")]);
  });

  test("tells two states apart that were saved within one millisecond", async () => {
    const member = await alfa.member();
    const { updatedAt } = await Company.get(member);
    await Company.change(member, { profile: plain, seenAt: updatedAt });
    await Company.change(member, { profile: plain, seenAt: (await Company.get(member)).updatedAt });
    expect(await codeOf(Company.change(member, { profile: plain, seenAt: updatedAt }))).toBe("conflict");
  });

  test("belongs to who may manage the company", async () => {
    const { updatedAt } = await Company.get(await alfa.member("admin"));
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const member = await alfa.member(role);
      expect(await codeOf(Company.get(member))).toBe("forbidden");
      expect(await codeOf(Company.change(member, { profile: plain, seenAt: updatedAt }))).toBe("forbidden");
      expect(await codeOf(Company.removeLogo(member))).toBe("forbidden");
    }
  });
});

describe("the currency", () => {
  const priced = { name: "Paracetamol", baseUnit: "tablet", retailPrice: "5" };

  test("changes while no amount is written in it", async () => {
    await Items.create(await alfa.member(), { name: "Aspirin", baseUnit: "tablet" });
    await change({ currency: "UGX" });
    expect((await Company.get(await alfa.member())).currency).toBe("UGX");
    await change({});
  });

  test("stays once an item has a price, also one that was archived since", async () => {
    const item = await Items.create(await alfa.member(), priced);
    expect(await fieldsOf(change({ currency: "UGX" }))).toHaveProperty("currency");
    await alfa.asSuperuser("update items set archived_at = now() where id = $1", [item.id]);
    expect(await fieldsOf(change({ currency: "UGX" }))).toHaveProperty("currency");
    await change({ phone: "0712 345 678" });
    expect(await Company.get(await alfa.member())).toMatchObject({ isCurrencyFixed: true, currency: "KES" });
  });

  test("never changes under a price that is being written at the same time", async () => {
    const member = await alfa.member();
    for (let round = 0; round < 10; round += 1) {
      await alfa.asSuperuser("delete from items");
      await change({});
      const { updatedAt } = await Company.get(member);
      let isWritten = () => {};
      const written = new Promise<void>((resolve) => {
        isWritten = resolve;
      });
      const writing = member.tx(async (tx) => {
        await Items.create(tx, { ...priced, name: `Item ${round}` });
        isWritten();
        // Long enough for the other one to look.
        await tx.db.selectNoFrom((e) => e.fn<string>("pg_sleep", [e.val(0.05)]).as("slept")).execute();
      });
      await written;
      const changing = codeOf(Company.change(member, { profile: { ...plain, currency: "UGX" }, seenAt: updatedAt }));
      await writing;
      expect(await changing).toBe("conflict");
    }
  });
});

describe("the logo", () => {
  test.each([
    ["PNG", png(64, 64), "image/png"],
    ["JPEG", jpeg(64, 48), "image/jpeg"],
    ["WebP", webp(300, 200), "image/webp"],
  ])("is taken as %s by what is in it, and found by its digest alone", async (_, picture, contentType) => {
    await change({}, picture);
    const member = await alfa.member("viewer");
    const { logoDigest } = await Company.get(await alfa.member());
    const found = await Company.findLogo(member, logoDigest ?? "");
    expect(found?.contentType).toBe(contentType);
    expect(Buffer.from(found?.content ?? []).equals(picture)).toBe(true);
    expect(await Company.findLogo(member, "0".repeat(64))).toBeUndefined();
    expect(await Company.findLogo(member, "' or 1=1 --")).toBeUndefined();
  });

  const html = Buffer.from("<html><script>alert(1)</script></html>");
  test.each([
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
    ["a page", html],
    ["nothing", Buffer.alloc(0)],
    ["a GIF", Buffer.from("GIF89a\x10\0\x10\0\0\0\0;", "latin1")],
    ["a PNG of 100,000 pixels", png(100_000, 100_000)],
    ["a PNG of 4,294,967,295 pixels", png(4_294_967_295, 1)],
    ["a PNG of no pixels", png(0, 0)],
    ["a JPEG of 65,535 pixels", jpeg(65_535, 65_535)],
    ["a WebP of 16,777,216 pixels", webp(16_777_216, 64)],
    ["a PNG with a page behind it", Buffer.concat([png(64, 64), html])],
    ["a JPEG with a page behind it", Buffer.concat([jpeg(64, 64), html])],
    ["a WebP with a page behind it", Buffer.concat([webp(64, 64), html])],
    ["a PNG that is cut off", png(64, 64).subarray(0, 60)],
    [
      "a PNG with a length that leads far beyond it",
      Buffer.concat([png(64, 64).subarray(0, 33), Buffer.from("ffffffff49444154", "hex")]),
    ],
    ["a JPEG without a frame", Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xd9])],
    [
      "a JPEG of empty segments",
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]), Buffer.alloc(1000), Buffer.from([0xff, 0xd9])]),
    ],
    [
      "a PNG of 513 kB",
      Buffer.concat([png(64, 64).subarray(0, 33), chunk("IDAT", Buffer.alloc(525_000)), chunk("IEND")]),
    ],
    ["3 MB", Buffer.alloc(3 * 1024 * 1024, 0x89)],
  ])("is not %s", async (_, picture) => {
    expect(Object.keys(await fieldsOf(change({}, picture)))).toEqual(["logo"]);
    expect((await Company.get(await alfa.member())).logoDigest).toBeNull();
  });

  test("is read or refused in words, whatever the bytes, and in no time", async () => {
    const begin = fc.constantFrom(png(64, 64), jpeg(64, 64), webp(64, 64));
    const broken = fc.record({ begin, at: fc.nat(120), byte: fc.nat(255), cut: fc.nat(150) }).map((how) => {
      const bytes = Buffer.from(how.begin);
      bytes[how.at % bytes.length] = how.byte;
      return bytes.subarray(0, Math.max(1, bytes.length - (how.cut > 100 ? how.cut - 100 : 0)));
    });
    await fc.assert(
      fc.asyncProperty(broken, async (bytes) => {
        expect(await fieldsOf(change({}, bytes))).not.toHaveProperty("other");
      }),
      { numRuns: 150 },
    );
  });

  test("is not kept when the profile beside it is refused, and goes when it is removed", async () => {
    expect(Object.keys(await fieldsOf(change({ name: "" }, png(64, 64))))).toEqual(["name"]);
    expect((await Company.get(await alfa.member())).logoDigest).toBeNull();
    await change({}, png(64, 64));
    await Company.removeLogo(await alfa.member());
    expect((await Company.get(await alfa.member())).logoDigest).toBeNull();
  });

  test("a large picture of many chunks is read too", async () => {
    const data = deflateSync(Buffer.alloc(2000 * 300));
    const chunks = [
      png(2000, 100).subarray(0, 33),
      ...Array.from({ length: 50 }, () => chunk("tEXt", data.subarray(0, 100))),
    ];
    expect(await fieldsOf(change({}, Buffer.concat([...chunks, chunk("IEND")])))).toEqual({});
  });
});

describe("the control plane", () => {
  const told = () => alfa.jobs.of("tenant-events").map(({ message }) => message);

  test("is told of every change, each with a higher number, in the transaction of the change", async () => {
    const before = told().length;
    await change({ name: "Alfa One" });
    await change({ name: "Alfa Two" }, png(32, 32));
    await Company.removeLogo(await alfa.member());
    expect(await fieldsOf(change({ name: "" }))).toHaveProperty("name");
    const said = told().slice(before);
    expect(said.map(({ companyName }) => companyName)).toEqual(["Alfa One", "Alfa Two", "Alfa Two"]);
    expect(said.map(({ logoDigest }) => logoDigest?.length)).toEqual([0, 64, 0]);
    expect(said[0]).toMatchObject({ event: "profile_changed", ownerEmail: alfa.ownerEmail, currency: "KES" });
    const versions = said.map(({ version }) => Number(version));
    expect(versions).toEqual([versions[0], (versions[0] ?? 0) + 1, (versions[0] ?? 0) + 2]);
  });

  test("gets twenty changes at once under twenty different numbers", async () => {
    const before = told().length;
    const member = await alfa.member();
    await Promise.all(Array.from({ length: 20 }, () => member.tx((tx) => Company.tellControlPlane(tx))));
    const versions = new Set(
      told()
        .slice(before)
        .map(({ version }) => version),
    );
    expect(versions.size).toBe(20);
  });
});
