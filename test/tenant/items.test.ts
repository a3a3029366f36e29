import { randomUUID } from "node:crypto";
import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Items } from "@pharmasight/core/tenant/items/items";
import { containsAll, resemblesAll } from "@pharmasight/core/tenant/items/search";
import { Stock } from "@pharmasight/core/tenant/stock/stock";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
  "%s is searched for like any word",
  async (search) => {
    const made = await Items.create(await alfa.member(), { name: `Named ${search}`, baseUnit: "unit" });
    expect(await namesFor(search)).toContain(made.name);
  },
);

test("half a character, which JSON can carry, is stored as a mark and breaks neither item nor audit", async () => {
  const made = await Items.create(await alfa.member(), { name: "Half \ud83d", baseUnit: "unit", strength: "\udc00" });
  expect(made).toMatchObject({ name: "Half \ufffd", strength: "\ufffd" });
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

test("every page leads back over the same pages to the first one, searched for or not", async () => {
  const owner = await alfa.member();
  for (const search of ["", "mg", "glucos 50"]) {
    const forward: string[][] = [];
    let page = await Items.list(owner, { search, limit: 2 });
    expect(page.previous).toBeUndefined();
    while (page.next !== undefined) {
      forward.push(page.items.map((item) => item.id));
      page = await Items.list(owner, { search, after: page.next, limit: 2 });
    }
    const back: string[][] = [];
    while (page.previous !== undefined) {
      page = await Items.list(owner, { search, before: page.previous, limit: 2 });
      back.unshift(page.items.map((item) => item.id));
    }
    expect(back).toEqual(forward);
  }
});

test("a mark whose items are gone leads to the first page", async () => {
  const gone = await pharmacies.open("gone");
  const owner = await gone.member();
  for (const name of ["a", "b", "c"]) await Items.create(owner, { name, baseUnit: "unit" });
  const { next } = await Items.list(owner, { limit: 2 });
  const { items } = await Items.list(owner, { limit: 2, after: next });
  await Items.archive(owner, items[0]?.id ?? "");
  expect((await Items.list(owner, { limit: 2, after: next })).items.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("filters show what waits for the pharmacist, what has no price and what is archived, with or without a search", async () => {
  const own = await pharmacies.open("filters");
  const owner = await own.member();
  const make = (name: string, more: object) => Items.create(owner, { name, baseUnit: "unit", ...more });
  await make("ready", { retailPrice: "1", taxClass: "exempt" });
  await make("parked mg", { retailPrice: "1" });
  await make("unpriced mg", { taxClass: "exempt" });
  const old = await make("old mg", {});
  await Items.archive(owner, old.id);
  const names = async (options: Parameters<typeof Items.list>[1]) => {
    const page = await Items.list(owner, options);
    expect(page.total).toBe(page.items.length);
    return page.items.map(({ name }) => name);
  };
  expect(await names({})).toEqual(["parked mg", "ready", "unpriced mg"]);
  expect(await names({ filter: "no_tax_class" })).toEqual(["parked mg"]);
  expect(await names({ filter: "no_price", search: "mg" })).toEqual(["unpriced mg"]);
  expect(await names({ filter: "archived" })).toEqual(["old mg"]);
  expect(await names({ filter: "archived", search: "ready" })).toEqual([]);
  expect(await Items.count(owner, "archived")).toBe(1);
});

test("each filter goes by an index of its own", async () => {
  const plans = await pharmacies.open("plans");
  await plans.asSuperuser(`
    insert into items (id, sku, name, base_unit, retail_price, tax_class, created_at, updated_at)
    select gen_random_uuid(), 'B' || n, md5(n::text), 'unit', nullif(n % 50, 0), case when n % 50 <> 1 then 'exempt' end, now(), now()
    from generate_series(1, 5000) n`);
  await plans.asSuperuser("analyze items");
  for (const [condition, index] of [
    ["archived_at is null", "items_by_name"],
    ["archived_at is null and tax_class is null", "items_without_tax_class"],
    ["archived_at is null and retail_price is null", "items_without_price"],
    ["archived_at is not null", "items_archived"],
  ]) {
    const plan = await plans.asSuperuser(
      `explain select * from items where ${condition} order by lower(name) desc, id desc limit 51`,
    );
    expect(JSON.stringify(plan)).toContain(`${index} `);
  }
});

test.each([
  { limit: 0 },
  { limit: 201 },
  { limit: 1.5 },
  { after: "x" },
  { after: Buffer.from("{}").toString("base64url") },
  { before: "x" },
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
  for (const match of [containsAll(["paracetamol"], "search_words"), resemblesAll(["paracetamol"], "search_words")]) {
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

describe("what an item costs", () => {
  const costly = { name: "", baseUnit: "unit", costPrice: "3.5" };
  let costs = 0;
  const make = async () => {
    costs += 1;
    return Items.create(await alfa.member(), { ...costly, name: `Costly ${costs}` });
  };

  test("is read by those who may see costs, and by nobody else, wherever an item is read", async () => {
    const { id, name } = await make();
    for (const role of ["owner", "admin", "pharmacist", "procurement"] as const) {
      expect((await Items.get(await alfa.member(role), id)).costPrice).toBe("3.5000");
    }
    for (const role of ["cashier", "viewer"] as const) {
      const person = await alfa.member(role);
      const read = [
        await Items.get(person, id),
        ...(await Items.list(person, { search: name })).items,
        ...(await Items.list(person, { limit: 200 })).items,
        ...(await Items.list(person, { search: `${name.slice(0, 4)}x${name.slice(5)}` })).items,
      ];
      expect(read.length).toBeGreaterThan(2);
      for (const item of read) expect(item).not.toHaveProperty("costPrice");
    }
  });

  test("is neither read nor set by a program, whatever its scopes", async () => {
    const shop = await pharmacies.open("shop", ["inventory", "api_access"]);
    const owner = await shop.member();
    const { id, updatedAt } = await Items.create(owner, { ...costly, name: "For programs" });
    const { key } = await ApiKeys.issue(owner, { name: "x", scopes: ["items:read", "items:write"], expiresInDays: 1 });
    const program = await shop.program(key);
    expect(await Items.get(program, id)).not.toHaveProperty("costPrice");
    expect((await Items.list(program)).items[0]).not.toHaveProperty("costPrice");
    const refused = { code: "forbidden", fields: { costPrice: expect.any(String) } };
    await expect(Items.update(program, id, { costPrice: "1" }, updatedAt)).rejects.toMatchObject(refused);
    await expect(Items.create(program, { ...costly, name: "By a program" })).rejects.toMatchObject(refused);
    expect(await Items.update(program, id, { retailPrice: "2" }, updatedAt)).not.toHaveProperty("costPrice");
    expect((await Items.get(owner, id)).costPrice).toBe("3.5000");
  });

  test("is kept when somebody changes the item who may not see it, and is theirs to set neither", async () => {
    const { id, updatedAt } = await make();
    await alfa.asSuperuser(
      "insert into role_permissions (role, permission, is_allowed, changed_by, changed_at) values ('procurement', 'items.view_cost', false, $1, now())",
      [alfa.ownerId],
    );
    const blind = await alfa.member("procurement");
    const refused = { code: "forbidden", fields: { costPrice: expect.any(String) } };
    await expect(Items.update(blind, id, { costPrice: "1" }, updatedAt)).rejects.toMatchObject(refused);
    await expect(Items.update(blind, id, { costPrice: null }, updatedAt)).rejects.toMatchObject(refused);
    await expect(Items.create(blind, { ...costly, name: "By the blind" })).rejects.toMatchObject(refused);
    const changed = await Items.update(blind, id, { retailPrice: "9" }, updatedAt);
    expect(changed).not.toHaveProperty("costPrice");
    expect(await Items.get(await alfa.member(), id)).toMatchObject({ costPrice: "3.5000", retailPrice: "9.0000" });
    await alfa.asSuperuser("delete from role_permissions");
  });
});

describe("changing an item", () => {
  let count = 0;
  const make = async (more: object = {}) => {
    count += 1;
    return Items.create(await alfa.member(), { name: `Changing ${count}`, baseUnit: "tablet", ...more });
  };
  const lastAudit = async () =>
    (await alfa.member()).db
      .selectFrom("auditLog")
      .select(["action", "before", "after", "actorId"])
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();

  test("is audited with what was and what is, of the changed fields alone", async () => {
    const { id, updatedAt } = await make({
      retailPrice: "5",
      strength: "5 mg",
      wholesaleUnit: "box",
      basePerWholesale: "10",
    });
    const owner = await alfa.member();
    const changed = await Items.update(
      owner,
      id,
      { retailPrice: "6", strength: " 5  mg ", basePerWholesale: "10.0" },
      updatedAt,
    );
    expect(changed).toMatchObject({ retailPrice: "6.0000", strength: "5 mg" });
    expect(await lastAudit()).toEqual({
      action: "item.updated",
      actorId: alfa.ownerId,
      before: { id, retailPrice: "5.0000" },
      after: { id, retailPrice: "6" },
    });
    const same = await Items.update(owner, id, { retailPrice: "6.00" }, changed.updatedAt);
    expect(same.updatedAt).toEqual(changed.updatedAt);
    expect((await lastAudit()).after).toEqual({ id, retailPrice: "6" });
  });

  test("of twenty who saw the same item one saves, and the others are told; nothing is lost silently", async () => {
    const { id, updatedAt } = await make();
    const owner = await alfa.member();
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, turn) => Items.update(owner, id, { strength: `${turn} mg` }, updatedAt)),
    );
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === "rejected") expect(attempt.reason).toMatchObject({ code: "conflict", fields: {} });
    }
  });

  test("a name or barcode that is another item's is refused by field, also when its item is brought back", async () => {
    const owner = await alfa.member();
    const one = await make({ barcode: "c1" });
    const other = await make({ barcode: "c2" });
    const taken = Items.update(owner, other.id, { name: one.name.toUpperCase(), barcode: "c1" }, other.updatedAt);
    await expect(taken).rejects.toMatchObject({
      code: "conflict",
      fields: { name: expect.any(String), barcode: expect.any(String) },
    });
    await Items.archive(owner, one.id);
    await Items.archive(owner, one.id);
    expect((await Items.get(owner, one.id)).archivedAt).not.toBe(null);
    const renamed = await Items.update(owner, other.id, { name: one.name }, other.updatedAt);
    await expect(Items.restore(owner, one.id)).rejects.toMatchObject({
      code: "conflict",
      fields: { name: expect.any(String) },
    });
    await Items.update(owner, other.id, { name: other.name }, renamed.updatedAt);
    await Items.restore(owner, one.id);
    expect(await Items.get(owner, one.id)).toMatchObject({ archivedAt: null });
    expect((await lastAudit()).action).toBe("item.restored");
  });

  test("an archived item is changed by nobody until it is back", async () => {
    const owner = await alfa.member();
    const { id } = await make();
    await Items.archive(owner, id);
    const { updatedAt } = await Items.get(owner, id);
    await expect(Items.update(owner, id, { strength: "x" }, updatedAt)).rejects.toMatchObject({
      code: "conflict",
      message: /archived/,
    });
  });

  test("units stay once stock is counted in them; larger ones may be added and renamed", async () => {
    const owner = await alfa.member();
    const packs = { wholesaleUnit: "box", basePerWholesale: "100" };
    const { id, updatedAt } = await make(packs);
    const early = await Items.update(owner, id, { basePerWholesale: "50" }, updatedAt);
    expect(await Items.hasFixedUnits(owner, id)).toBe(false);
    const [branch] = await owner.db.selectFrom("branches").select("id").execute();
    const lines = [{ itemId: id, batchNumber: "", expiresOn: null, quantity: "1", unitCost: null }];
    const opening = { branchId: branch?.id ?? "", documentNumber: "OPN-HQ-1", sourceId: randomUUID(), lines };
    await owner.tx((tx) => Stock.open(tx, opening));
    expect(await Items.hasFixedUnits(owner, id)).toBe(true);
    for (const [field, value] of [
      ["baseUnit", "piece"],
      ["basePerWholesale", "100"],
      ["basePerWholesale", null],
    ] as const) {
      const change = { [field]: value, ...(value === null ? { wholesaleUnit: null } : {}) };
      await expect(Items.update(owner, id, change, early.updatedAt)).rejects.toMatchObject({
        code: "invalid_input",
        fields: { [field]: expect.stringContaining("Stock of this item is recorded") },
      });
    }
    const more = { wholesaleUnit: "pack", supplierUnit: "carton", wholesalePerSupplier: "20" };
    expect(await Items.update(owner, id, more, early.updatedAt)).toMatchObject({
      ...more,
      wholesalePerSupplier: "20.0000",
    });
  });

  test("units and stock at once: a unit is never changed under stock that was just counted", async () => {
    const owner = await alfa.member();
    const [branch] = await owner.db.selectFrom("branches").select("id").execute();
    for (let turn = 0; turn < 15; turn += 1) {
      const { id, updatedAt } = await make();
      const lines = [{ itemId: id, batchNumber: "", expiresOn: null, quantity: "1", unitCost: null }];
      const opening = { branchId: branch?.id ?? "", documentNumber: "OPN-HQ-1", sourceId: randomUUID(), lines };
      // The stock is counted, and its transaction is still open, when the change arrives.
      const change = await owner.tx(async (tx) => {
        await Stock.open(tx, opening);
        const waiting = Items.update(owner, id, { baseUnit: "piece" }, updatedAt).catch((error: unknown) => error);
        return { waiting };
      });
      expect(await change.waiting).toMatchObject({ code: "invalid_input" });
      expect((await Items.get(owner, id)).baseUnit).toBe("tablet");
    }
  });

  test.each(["viewer", "cashier"] as const)("a %s changes, archives, brings back and classes nothing", async (role) => {
    const { id, updatedAt } = await make();
    const person = await alfa.member(role);
    const forbidden = { code: "forbidden" };
    await expect(Items.update(person, id, { strength: "x" }, updatedAt)).rejects.toMatchObject(forbidden);
    await expect(Items.archive(person, id)).rejects.toMatchObject(forbidden);
    await expect(Items.restore(person, id)).rejects.toMatchObject(forbidden);
    await expect(Items.setTaxClass(person, { ids: [id], taxClass: "exempt" })).rejects.toMatchObject(forbidden);
  });

  test("tax classes are set for the ticked items that have none, in one audited go of at most 200", async () => {
    const pharmacist = await alfa.member("pharmacist");
    const parked = [await make(), await make()].map(({ id }) => id);
    const decided = await make({ taxClass: "standard" });
    const set = await Items.setTaxClass(pharmacist, { ids: [...parked, decided.id], taxClass: "zero_rated" });
    expect(set).toBe(2);
    expect(await Items.get(pharmacist, decided.id)).toMatchObject({ taxClass: "standard" });
    const entry = await lastAudit();
    expect(entry).toMatchObject({ action: "items.tax_class_set", actorId: pharmacist.actor.userId });
    expect(entry.after).toEqual({ taxClass: "zero_rated", ids: expect.arrayContaining(parked) });
    const many = Array.from({ length: 201 }, () => randomUUID());
    for (const ids of [[], many, ["x"]]) {
      await expect(Items.setTaxClass(pharmacist, { ids, taxClass: "exempt" })).rejects.toMatchObject({
        code: "invalid_input",
      });
    }
    await expect(Items.setTaxClass(pharmacist, { ids: parked, taxClass: "free" })).rejects.toMatchObject({
      fields: { taxClass: expect.any(String) },
    });
  });
});
