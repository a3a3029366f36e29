import { Catalogue } from "@pharmasight/core/control/catalogue/catalogue";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PayingWorld, startPayingWorld } from "./paying.ts";

let world: PayingWorld;
beforeAll(async () => {
  world = await startPayingWorld();
}, 60_000);
afterAll(() => world?.stop());

const reason = "agreed in the pricing round";
const starter = { of: { plan: "starter" }, currency: "USD", interval: "month", amount: "109.00", reason } as const;
const sold = async (currency: string) =>
  (await Catalogue.listSold(world.system, currency)).map(({ planCode, addOnCode, interval, amount }) => [
    planCode ?? addOnCode,
    interval,
    amount,
  ]);

describe("what is sold", () => {
  test("is published as a whole: every price is known at Stripe under its key", async () => {
    const rows = await Catalogue.listSold(world.system, "USD");
    expect(rows).toHaveLength(2 * (2 + 9));
    expect(rows.slice(0, 2)).toMatchObject([
      { planCode: "starter", amount: "99.00" },
      { planCode: "professional", amount: "299.00" },
    ]);
    const keys = world.stripe.world.all("prices").map(({ lookup_key }) => lookup_key);
    expect(keys).toEqual(
      expect.arrayContaining(["starter_month_usd", "professional_year_usd", "add_on_reports_month_usd"]),
    );
    expect(rows.every(({ stripePriceId }) => stripePriceId !== null)).toBe(true);
    expect(world.stripe.world.find("products", "pharmasight_plan_starter")?.description).toBe(
      "1 branch, 5 people, 10,000 items",
    );
  });

  test("is published again without a change, and by several at once", async () => {
    const before = await world.db.selectFrom("prices").selectAll().orderBy("id").execute();
    const published = world.stripe.world.all("prices").length;
    const runs = await Promise.all([1, 2, 3].map(() => Catalogue.publish(world.operator, world.catalogue)));
    expect(new Set(runs.flatMap(({ prices }) => prices.map(({ outcome }) => outcome)))).toEqual(new Set(["found"]));
    expect(await world.db.selectFrom("prices").selectAll().orderBy("id").execute()).toEqual(before);
    expect(world.stripe.world.all("prices")).toHaveLength(published);
  });

  test("changes its price for those who come: who has the old one keeps it", async () => {
    const old = await world.priceOf("starter");
    const { tenantId, customerId } = await world.pharmacy();
    await world.subscriptions.startInvoiced(
      { customerId, tenantId, items: [{ priceId: old.stripePriceId ?? "", quantity: 1 }], daysUntilDue: 14 },
      "own",
    );
    const { priceId } = await Catalogue.changePrice(world.operator, world.catalogue, starter);
    expect((await world.priceOf("starter")).priceId).toBe(priceId);
    expect(await Catalogue.changePrice(world.operator, world.catalogue, starter)).toEqual({ priceId, isNew: false });
    await world.converge(tenantId);
    expect(await world.subscriptionOf(tenantId)).toMatchObject({ priceId: old.priceId });
    expect(world.stripe.world.find("prices", old.stripePriceId ?? "")?.active).toBe(false);
  });

  test("is sold in a further currency, and withdrawn", async () => {
    const wanted = { ...starter, currency: "kes", amount: "12900" };
    const { priceId } = await Catalogue.changePrice(world.operator, world.catalogue, wanted);
    expect(await sold("KES")).toEqual([["starter", "month", "12900.00"]]);
    await Catalogue.withdrawPrice(world.operator, world.catalogue, priceId, { reason });
    expect(await sold("KES")).toEqual([]);
  });

  test("keeps its price when the provider lost it: a new one takes its place", async () => {
    const before = await world.priceOf("professional");
    await world.catalogue.withdraw(before.stripePriceId ?? "");
    await Catalogue.publish(world.system, world.catalogue);
    const after = await world.priceOf("professional");
    expect(after.stripePriceId).not.toBe(before.stripePriceId);
    expect(after.amount).toBe(before.amount);
    const [old] = await world.db.selectFrom("prices").selectAll().where("id", "=", before.priceId).execute();
    expect(old).toMatchObject({ isCurrent: false, stripePriceId: before.stripePriceId });
  });

  test.each([
    [{ amount: "0" }, "amount"],
    [{ amount: "-5" }, "amount"],
    [{ amount: "9.999" }, "amount"],
    [{ amount: "1e3" }, "amount"],
    [{ currency: "SHILLING" }, "currency"],
    [{ reason: "no" }, "reason"],
  ])("%j is refused at its field", async (wrong, field) => {
    const changed = Catalogue.changePrice(world.operator, world.catalogue, { ...starter, ...wrong });
    await expect(changed).rejects.toMatchObject({
      code: "invalid_input",
      fields: { [field]: expect.any(String) },
    });
  });

  test("is changed by operators only, and one broken run is made good by the next", async () => {
    await expect(Catalogue.changePrice(world.visitor("10.9.0.1"), world.catalogue, starter)).rejects.toMatchObject({
      code: "forbidden",
    });
    const broken = { ...world.catalogue, publish: () => Promise.reject(new Error("the line is down")) };
    const dearer = { ...starter, amount: "119.00" };
    await expect(Catalogue.changePrice(world.operator, broken, dearer)).rejects.toThrow("the line is down");
    expect(await world.priceOf("starter")).toMatchObject({ amount: "119.00", stripePriceId: null });
    await Catalogue.publish(world.operator, world.catalogue);
    expect((await world.priceOf("starter")).stripePriceId).toMatch(/^price_/);
  });
});
