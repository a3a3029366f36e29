import { randomUUID } from "node:crypto";
import { Items } from "@pharmasight/core/tenant/items/items";
import { containsAll, resemblesAll } from "@pharmasight/core/tenant/items/search";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies();
  alfa = await pharmacies.open("alfa");
  const owner = await alfa.member();
  const names: readonly (readonly [string, string?, string?])[] = [
    ["Paracetamol 500 mg tablets", "Paracetamol", "Panadol"],
    ["Paracetamol 120 mg/5 ml syrup", "Paracetamol", "Calpol"],
    ["Extra pain relief", "Paracetamol+Caffeine", "Panadol Extra"],
    ["Amoxicillin 250 mg capsules", "Amoxicillin", "Amoxil"],
    ["Hydrochlorothiazide 25 mg"],
    ["Oral rehydration salts 20.5 g"],
    ["Glucose 5% infusion"],
    ["Glucose 50 infusion"],
    ["Needle_21 G"],
    ["Needle 21 G"],
  ];
  for (const [name, genericName, brandNames] of names) {
    await Items.create(owner, { name, genericName, brandNames, baseUnit: "tablet" });
  }
});
afterAll(() => pharmacies.stop());

async function namesFor(search: string): Promise<string[]> {
  const page = await Items.list(await alfa.member(), { search });
  expect(page.total).toBe(page.items.length);
  return page.items.map((item) => item.name);
}

test("a new item keeps exact decimals, gets the next number, and is read back as it was given", async () => {
  const owner = await alfa.member();
  const made = await Items.create(owner, {
    name: "  Metformin   850 mg ",
    baseUnit: "tablet",
    wholesaleUnit: "box",
    basePerWholesale: "28",
    retailPrice: "9999999999999999.9999",
    taxClass: "zero_rated",
    barcode: "6161100000017",
  });
  expect(made).toMatchObject({
    name: "Metformin 850 mg",
    retailPrice: "9999999999999999.9999",
    taxClass: "zero_rated",
  });
  expect(made.sku).toMatch(/^A\d{5}$/);
  expect(await Items.get(owner, made.id)).toEqual(made);
  expect(await namesFor("6161100000017")).toEqual(["Metformin 850 mg"]);
});

test("numbers beyond five digits grow and are never cut", async () => {
  const owner = await alfa.member();
  await alfa.asSuperuser("select setval('item_sku_numbers', 99999)");
  const made = await Items.create(owner, { name: "Big number", baseUnit: "unit" });
  expect(made.sku).toBe("A100000");
});

test("of twenty at once with one name, in whatever case, one is added and the others hear why", async () => {
  const owner = await alfa.member();
  const attempts = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      Items.create(owner, { name: index % 2 === 0 ? "Twin 5 mg" : "TWIN 5 MG", baseUnit: "unit" }),
    ),
  );
  expect(attempts.filter((attempt) => attempt.status === "fulfilled")).toHaveLength(1);
  for (const attempt of attempts) {
    if (attempt.status === "rejected")
      expect(attempt.reason).toMatchObject({ code: "conflict", fields: { name: expect.any(String) } });
  }
});

test.each([
  ["1,200.50", "retailPrice"],
  ["-1", "retailPrice"],
  ["1.23456", "retailPrice"],
  ["1e3", "retailPrice"],
  ["NaN", "retailPrice"],
  ["12345678901234567", "retailPrice"],
])("a price of %s is refused with words on its field", async (retailPrice, field) => {
  const refused = Items.create(await alfa.member(), { name: "Wrong", baseUnit: "unit", retailPrice });
  await expect(refused).rejects.toMatchObject({
    code: "invalid_input",
    fields: { [field]: expect.stringMatching(/number/) },
  });
});

test("any text whatsoever is stored as given or refused by field, and never breaks a query", async () => {
  const owner = await alfa.member();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (text) => {
      const outcome = await Items.create(owner, {
        name: `x ${randomUUID()} ${text}`,
        baseUnit: "unit",
        strength: text,
      }).catch((error) => error);
      expect(outcome.code === "invalid_input" || typeof outcome.id === "string").toBe(true);
      await Items.list(owner, { search: text });
    }),
    { numRuns: 60 },
  );
});

test.each([
  ["pcm", "Paracetamol 120 mg/5 ml syrup"],
  ["hctz", "Hydrochlorothiazide 25 mg"],
  ["ORS", "Oral rehydration salts 20.5 g"],
  ["amox 250", "Amoxicillin 250 mg capsules"],
])("the abbreviation %s finds what it stands for", async (search, name) => {
  expect(await namesFor(search)).toContain(name);
});

test.each(["amoxicilin", "amoxycilin", "amoxicillen"])("the typo %s finds amoxicillin first", async (search) => {
  expect((await namesFor(search))[0]).toBe("Amoxicillin 250 mg capsules");
});

test("names that begin with the word come before those that only contain it, and all words must be there", async () => {
  expect((await namesFor("paracetamol")).slice(0, 3)).toEqual([
    "Paracetamol 120 mg/5 ml syrup",
    "Paracetamol 500 mg tablets",
    "Extra pain relief",
  ]);
  expect(await namesFor("panadol extra")).toEqual(["Extra pain relief"]);
});

test("percent and underscore are looked for as they are", async () => {
  expect(await namesFor("5%")).toEqual(["Glucose 5% infusion"]);
  expect(await namesFor("needle_21")).toEqual(["Needle_21 G"]);
  expect(await namesFor("' or 1=1 --")).toEqual([]);
});

test("pages show every match once, in order, searched for or not", async () => {
  const owner = await alfa.member();
  for (const search of ["", "mg", "glucos 50"]) {
    const whole = await Items.list(owner, { search, limit: 200 });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await Items.list(owner, { search, after, limit: 2 });
      expect(page.total).toBe(whole.total);
      seen.push(...page.items.map((item) => item.id));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(whole.items.map((item) => item.id));
  }
});

test.each([
  { limit: 0 },
  { limit: 201 },
  { limit: 1.5 },
  { after: "x" },
  { after: Buffer.from("{}").toString("base64url") },
])("a list with %j is refused", async (options) => {
  await expect(Items.list(await alfa.member(), options)).rejects.toMatchObject({ code: "invalid_input" });
});

test("a search among many items can go by the trigram index, a typo too", async () => {
  const many = await pharmacies.open("many");
  await many.asSuperuser(`
    insert into items (id, sku, name, base_unit, created_at, updated_at)
    select gen_random_uuid(), 'B' || n, md5(n::text) || ' ' || md5((-n)::text), 'unit', now(), now()
    from generate_series(1, 5000) n`);
  await many.asSuperuser("analyze items");
  const { db } = await many.member();
  for (const match of [containsAll(["paracetamol"]), resemblesAll(["paracetamol"])]) {
    const query = db.selectFrom("items").select("id").where(match);
    const { sql, parameters } = query.compile();
    const plan = await many.asSuperuser(`explain ${sql}`, parameters, "set enable_seqscan = off");
    expect(JSON.stringify(plan)).toContain("items_search");
  }
});

test("ids that are malformed, unknown or another pharmacy's are no item here", async () => {
  const beta = await pharmacies.open("beta");
  const theirs = await Items.create(await beta.member(), { name: "Theirs", baseUnit: "unit" });
  const owner = await alfa.member();
  for (const id of ["", "1", "' or true", randomUUID(), theirs.id]) {
    await expect(Items.get(owner, id)).rejects.toMatchObject({ code: "not_found" });
  }
  const stolen = await beta.token({ userId: beta.ownerId, sessionId: randomUUID() });
  await expect(alfa.holder(stolen)).rejects.toMatchObject({ code: "unauthenticated" });
});

test.each(["viewer", "cashier"] as const)("a %s may look and not add", async (role) => {
  const person = await alfa.member(role);
  await expect(Items.create(person, { name: "Not theirs", baseUnit: "unit" })).rejects.toMatchObject({
    code: "forbidden",
  });
  expect((await Items.list(person)).total).toBeGreaterThan(0);
});
