import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../harness/client.ts";
import { type Pharmacy, signUp, testStack } from "../harness/stack.ts";

describe("the pages and the API of items", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let alfa: Pharmacy;

  beforeAll(async () => {
    running = await testStack();
    alfa = await signUp(running.stack, "alfa");
  });
  afterAll(() => running?.stop());

  const ask = (path: string, asked?: Parameters<Client["ask"]>[2]) => alfa.client.ask(alfa.host, path, asked);
  const formOn = async (path: string) => {
    const { text } = await ask(path);
    const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? "";
    return { text, formToken: hidden("formToken"), seen: hidden("seen"), listed: hidden("listed") };
  };
  const headers = { "content-type": "application/json" };
  const send = (method: string, path: string, body: unknown) =>
    ask(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
  async function make(body: object): Promise<{ id: string; updatedAt: string }> {
    const { status, text } = await send("POST", "/items", body);
    expect(status).toBe(201);
    return JSON.parse(text);
  }
  const read = async (id: string) => JSON.parse((await ask(`/api/v1/items/${id}`)).text);
  const fields = {
    name: "Cetirizine 10 mg",
    baseUnit: "tablet",
    retailPrice: "4.50",
    costPrice: "2.10",
    taxClass: "exempt",
  };

  test("an item is changed by its form; who comes second is told what changed and keeps what they typed", async () => {
    const { id } = await make(fields);
    const path = `/items/${id}/edit`;
    const [mine, theirs] = [await formOn(path), await formOn(path)];
    expect(mine.text).toContain('value="2.10"');
    const saved = await ask(path, { form: { ...fields, retailPrice: "5", isColdChain: "on", ...theirs } });
    expect([saved.status, saved.headers.location]).toEqual([303, `/items/${id}?changed=1`]);
    const late = await ask(path, { form: { ...fields, strength: "10 mg", ...mine } });
    expect(late.status).toBe(409);
    for (const words of ["Somebody else saved this item", "now “5.00” (was “4.50”)", 'value="10 mg"', 'value="5.00"'])
      expect(late.text).toContain(words);
    const seen = /name="seen" value="([^"]*)"/.exec(late.text)?.[1] ?? "";
    const merged = { ...fields, retailPrice: "5.00", isColdChain: "on", strength: "10 mg" };
    expect((await ask(path, { form: { ...merged, formToken: mine.formToken, seen } })).status).toBe(303);
    expect(await read(id)).toMatchObject({
      retailPrice: "5.0000",
      strength: "10 mg",
      isColdChain: true,
      costPrice: "2.1000",
    });
    const wrong = await ask(path, {
      form: { ...merged, name: "", formToken: mine.formToken, seen: (await formOn(path)).seen },
    });
    expect([wrong.status, wrong.text.includes("Give the item a name")]).toEqual([422, true]);
    expect((await ask(path, { form: { ...merged, formToken: mine.formToken, seen: "x" } })).status).toBe(422);
    expect((await ask(path, { form: merged })).status).toBe(403);
  });

  test("an item is archived and brought back, unless its name is another's by then", async () => {
    const { id } = await make({ name: "Old syrup", baseUnit: "ml" });
    const { formToken } = await formOn(`/items/${id}`);
    expect((await ask(`/items/${id}/archive`, { form: { formToken } })).status).toBe(303);
    expect((await ask(`/items/${id}`)).text).toContain("Bring back");
    expect((await ask("/items?filter=archived")).text).toContain("Old syrup");
    expect((await ask("/items?q=syrup")).text).not.toContain(`/items/${id}"`);
    const other = await make({ name: "Old Syrup", baseUnit: "ml" });
    const refused = await ask(`/items/${id}/restore`, { form: { formToken } });
    expect([refused.status, refused.text.includes("There is an item of this name already")]).toEqual([409, true]);
    await ask(`/items/${other.id}/archive`, { form: { formToken } });
    expect((await ask(`/items/${id}/restore`, { form: { formToken } })).status).toBe(303);
    expect((await read(id)).archivedAt).toBe(null);
  });

  test("the ticked items of the pharmacist's list get their class, or all of the page", async () => {
    const ids = [];
    for (const name of ["Parked a", "Parked b", "Parked c"]) ids.push((await make({ name, baseUnit: "unit" })).id);
    const [first = ""] = ids;
    const { formToken, listed } = await formOn("/items?filter=no_tax_class");
    for (const id of ids) expect(listed).toContain(id);
    const form = { formToken, listed, taxClass: "zero_rated" };
    const none = await ask("/items/tax-class", { form });
    expect([none.status, none.text.includes("Tick at least one item")]).toEqual([422, true]);
    const one = await ask("/items/tax-class", { form: { ...form, [`item-${first}`]: "on" } });
    expect(one.headers.location).toBe("/items?filter=no_tax_class&set=1");
    expect((await read(first)).taxClass).toBe("zero_rated");
    await ask("/items/tax-class", { form: { ...form, all: "on", taxClass: "exempt" } });
    expect((await ask("/items?filter=no_tax_class")).text).toContain("Every item has its tax class");
    expect((await read(first)).taxClass).toBe("zero_rated");
  });

  test("the API changes what is given, refuses an item that changed since, and pages both ways", async () => {
    const made = await make({ name: "Patched", baseUnit: "tablet", strength: "5 mg" });
    const patch = (body: object) => send("PATCH", `/items/${made.id}`, body);
    const changed = await patch({ retailPrice: "3", updatedAt: made.updatedAt });
    expect([changed.status, JSON.parse(changed.text)]).toEqual([
      200,
      expect.objectContaining({ retailPrice: "3.0000", strength: "5 mg" }),
    ]);
    const stale = await patch({ retailPrice: "4", updatedAt: made.updatedAt });
    expect([stale.status, JSON.parse(stale.text).code]).toEqual([409, "conflict"]);
    expect((await patch({ retailPrice: "4" })).status).toBe(422);
    expect((await patch({ sku: "mine", updatedAt: made.updatedAt })).status).toBe(422);
    expect((await send("PATCH", "/items/x", { updatedAt: made.updatedAt })).status).toBe(404);
    const one = JSON.parse((await ask("/api/v1/items?limit=1")).text);
    const two = JSON.parse((await ask(`/api/v1/items?limit=1&after=${one.next}`)).text);
    const back = JSON.parse((await ask(`/api/v1/items?limit=1&before=${two.previous}`)).text);
    expect([one.previous, back.items]).toEqual([null, one.items]);
    const description = JSON.parse((await ask("/api/v1/openapi.json")).text);
    expect(Object.keys(description.paths["/items/{id}"]).toSorted()).toEqual(["get", "patch"]);
  });
});
