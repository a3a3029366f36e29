import { DomainError } from "@pharmasight/core/kernel/errors";
import { ApiKeys, LIVE_KEYS_MAX } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Items } from "@pharmasight/core/tenant/items/items";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const DAY_MS = 86_400_000;
const paracetamol = { name: "Paracetamol 500 mg", baseUnit: "tablet" };

let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let bravo: Pharmacy;
const modules = ["inventory", "api_access"];

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  [alfa, bravo] = await Promise.all([pharmacies.open("alfa", modules), pharmacies.open("bravo", modules)]);
});
afterAll(() => pharmacies?.stop());
beforeEach(() => alfa.asSuperuser("delete from api_keys"));

async function issue(input: Partial<Parameters<typeof ApiKeys.issue>[1]> = {}): Promise<{ id: string; key: string }> {
  return ApiKeys.issue(await alfa.member(), { name: "Web shop", scopes: ["items:read"], expiresInDays: 30, ...input });
}

describe("the door", () => {
  test("lets a key in as itself, with its scopes", async () => {
    const { id, key } = await issue();
    expect((await alfa.program(key)).actor).toEqual({
      kind: "api_key",
      keyId: id,
      scopes: ["items:read"],
      sourceIp: "192.0.2.7",
      requestId: "test",
    });
  });

  test("refuses a key on the very moment that it expires, also one that was just seen", async () => {
    const { key } = await issue({ expiresInDays: 1 });
    pass(DAY_MS - 1);
    expect(await codeOf(alfa.program(key))).toBe("done");
    pass(1);
    expect(await codeOf(alfa.program(key))).toBe("unauthenticated");
    expect(await codeOf(alfa.program(key, "elsewhere"))).toBe("unauthenticated");
  });

  test("a key without an end works until it is revoked", async () => {
    const { key } = await issue({ expiresInDays: null });
    pass(4000 * DAY_MS);
    expect(await codeOf(alfa.program(key))).toBe("done");
  });

  test("a revoked key is refused here at once, and in another process after ten seconds at the latest", async () => {
    const { id, key } = await issue();
    expect(await codeOf(alfa.program(key))).toBe("done");
    expect(await codeOf(alfa.program(key, "elsewhere"))).toBe("done");
    await ApiKeys.revoke(await alfa.member(), id);
    expect(await codeOf(alfa.program(key))).toBe("unauthenticated");
    pass(10_000);
    expect(await codeOf(alfa.program(key, "elsewhere"))).toBe("unauthenticated");
  });

  test("refuses another pharmacy's key, even when its row was copied over", async () => {
    const { key } = await issue();
    expect(await codeOf(bravo.program(key))).toBe("unauthenticated");
    const [found] = await alfa.asSuperuser("select to_jsonb(k) as row from api_keys k");
    const row = JSON.parse(JSON.stringify(found)).row;
    const copy = "insert into api_keys select * from jsonb_populate_record(null::api_keys, $1::text::jsonb)";
    await bravo.asSuperuser(copy, [JSON.stringify({ ...row, created_by: bravo.ownerId })]);
    expect(await codeOf(bravo.program(key))).toBe("unauthenticated");
  });

  test("refuses what is no key, in the same words as an unknown one", async () => {
    const { key } = await issue();
    const last = key.at(-1) === "A" ? "B" : "A";
    const wrong = [
      "",
      "ps_",
      "x".repeat(100_000),
      key.slice(0, -1),
      `${key} `,
      key.toUpperCase(),
      "ps_00000000_' or 1=1",
    ];
    const messages = new Set<string>();
    for (const text of [...wrong, key.slice(0, -1) + last]) {
      const error: unknown = await alfa.program(text).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "unauthenticated" });
      messages.add(String(error));
    }
    expect(messages.size).toBe(1);
  });

  test("without the module, keys neither enter nor are made, and a stranger's key is still only refused", async () => {
    const { key } = await issue();
    modules.pop();
    try {
      expect(await codeOf(alfa.program(key))).toBe("module_required");
      expect(await codeOf(bravo.program(key))).toBe("unauthenticated");
      expect(await codeOf(issue())).toBe("module_required");
    } finally {
      modules.push("api_access");
    }
  });
});

describe("what a key may do", () => {
  test("reading needs the scope for it", async () => {
    const { key } = await issue({ scopes: ["items:write"] });
    const program = await alfa.program(key);
    expect(await codeOf(Items.list(program))).toBe("forbidden");
    expect(await codeOf(Items.count(program))).toBe("forbidden");
    expect(await codeOf(Items.get(program, crypto.randomUUID()))).toBe("forbidden");
  });

  test("writing needs the scope for it, and is in the audit log under the key", async () => {
    const reader = await issue();
    expect(await codeOf(Items.create(await alfa.program(reader.key), paracetamol))).toBe("forbidden");
    const writer = await issue({ scopes: ["items:write"] });
    const item = await Items.create(await alfa.program(writer.key), paracetamol);
    expect((await Items.get(await alfa.program(reader.key), item.id)).name).toBe(paracetamol.name);
    expect(
      await alfa.asSuperuser(
        "select actor_kind, actor_id, source_ip, request_id from audit_log where action = 'item.created'",
      ),
    ).toEqual([{ actor_kind: "api_key", actor_id: writer.id, source_ip: "192.0.2.7", request_id: "test" }]);
  });
});

describe("the key's row", () => {
  test("holds a hash and the prefix, and nowhere is the key itself, the audit log included", async () => {
    const { key } = await issue();
    const rows = await alfa.asSuperuser("select to_jsonb(k)::text as text from api_keys k");
    const log = await alfa.asSuperuser(
      "select to_jsonb(a)::text as text from audit_log a where action like 'api_key%'",
    );
    const text = JSON.stringify([rows, log]);
    expect(text).toContain(key.slice(0, 11));
    expect(text).not.toContain(key.slice(12));
    expect(text).toContain("api_key.issued");
  });

  test("cannot be read by support", async () => {
    const read = alfa.asSuperuser("select 1 from api_keys", [], "set role pharmacy_reader;");
    await expect(read).rejects.toThrow("permission denied");
  });

  test("says when the key was last used and how often, with at most one write a minute", async () => {
    const { key } = await issue();
    const used = async () => (await ApiKeys.list(await alfa.member()))[0];
    expect(await used()).toMatchObject({ lastUsedAt: null, useCount: 0 });
    const first = now;
    await alfa.program(key);
    pass(30_000);
    await alfa.program(key);
    await alfa.program(key);
    expect(await used()).toMatchObject({ lastUsedAt: first, useCount: 1 });
    pass(30_000);
    await alfa.program(key);
    expect(await used()).toMatchObject({ lastUsedAt: now, useCount: 4 });
  });
});

describe("keeping keys", () => {
  test("is for owners and admins", async () => {
    const { id } = await issue();
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const person = await alfa.member(role);
      expect(await codeOf(ApiKeys.list(person))).toBe("forbidden");
      expect(await codeOf(ApiKeys.revoke(person, id))).toBe("forbidden");
      expect(await codeOf(ApiKeys.issue(person, { name: "x", scopes: ["items:read"], expiresInDays: 1 }))).toBe(
        "forbidden",
      );
    }
    expect(await ApiKeys.list(await alfa.member("admin"))).toHaveLength(1);
  });

  test("of any number made at once, twenty live; revoked and expired ones make room", async () => {
    await Promise.all(Array.from({ length: LIVE_KEYS_MAX - 2 }, () => issue()));
    pass(1000);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => codeOf(issue({ expiresInDays: 1 }))));
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === "conflict")).toHaveLength(6);
    const [newest] = await ApiKeys.list(await alfa.member());
    await ApiKeys.revoke(await alfa.member(), newest?.id ?? "");
    expect(await codeOf(issue())).toBe("done");
    expect(await codeOf(issue())).toBe("conflict");
    pass(DAY_MS);
    expect(await codeOf(issue())).toBe("done");
    expect((await ApiKeys.list(await alfa.member())).map((key) => key.isExpired).indexOf(true)).toBe(LIVE_KEYS_MAX);
  });

  test("mistakes come back by field", async () => {
    const fieldsOf = (input: Parameters<typeof issue>[0]) =>
      issue(input).then(
        () => [],
        (error: unknown) => (error instanceof DomainError ? Object.keys(error.fields) : [String(error)]),
      );
    expect(await fieldsOf({ name: " ", scopes: [], expiresInDays: Number("soon") })).toEqual([
      "name",
      "scopes",
      "expiresInDays",
    ]);
    expect(await fieldsOf({ name: "x".repeat(101) })).toEqual(["name"]);
    expect(await fieldsOf({ name: "a\nb" })).toEqual(["name"]);
    for (const expiresInDays of [0, -1, 1.5, 3651])
      expect(await fieldsOf({ expiresInDays })).toEqual(["expiresInDays"]);
  });

  test("a key is revoked once, and what is no key's id is not found", async () => {
    const { id } = await issue();
    const owner = await alfa.member();
    await ApiKeys.revoke(owner, id);
    expect(await codeOf(ApiKeys.revoke(owner, id))).toBe("not_found");
    expect(await codeOf(ApiKeys.revoke(owner, "x"))).toBe("not_found");
    expect(await ApiKeys.list(owner)).toEqual([]);
  });
});
