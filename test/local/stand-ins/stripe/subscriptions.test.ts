import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DAY, HOUR, iso, periodOf, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop.stop());

describe("renewal", () => {
  test("a period's invoice is a draft for an hour, then it is collected", async () => {
    const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module]);
    const { end } = periodOf(await shop.subscription(id));
    shop.newEvents();
    shop.advance(end - shop.now() - 1);
    expect(shop.newEvents()).toEqual([]);
    shop.advance(1);
    const renewed = await shop.subscription(id);
    expect([iso(periodOf(renewed).start), iso(periodOf(renewed).end)]).toEqual([
      "2026-12-01T08:00:00.000Z",
      "2027-01-01T08:00:00.000Z",
    ]);
    const [draft] = await shop.invoices(id);
    expect(draft).toMatchObject({ status: "draft", total: 4400, billing_reason: "subscription_cycle", number: null });
    expect(renewed.latest_invoice).toBe(draft?.id);
    shop.advance(HOUR);
    const [paid] = await shop.invoices(id);
    expect(paid).toMatchObject({ id: draft?.id, status: "paid", amount_paid: 4400, amount_remaining: 0 });
    expect(shop.newEvents()).toEqual([
      "customer.subscription.updated",
      "invoice.created",
      "invoice.finalized",
      "charge.succeeded",
      "payment_intent.succeeded",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
    ]);
  });

  test("two years in one step are the same as two years in months, each thing at its own moment", async () => {
    const [one, other] = [await shop.customer(), await shop.customer()];
    const { id } = await shop.subscribe(one, [shop.price.basic]);
    const { id: stepped } = await shop.subscribe(other, [shop.price.basic]);
    const created = async (subscription: string) => (await shop.invoices(subscription)).map((each) => each.created);
    shop.advance(2 * 365 * DAY);
    const jumped = await created(id);
    expect(jumped).toHaveLength(24);
    expect(jumped.slice(0, 2).map(iso)).toEqual(["2028-10-01T08:00:00.000Z", "2028-09-01T08:00:00.000Z"]);
    expect(await created(stepped)).toEqual(jumped);
    expect((await shop.invoices(id)).every(({ status }) => status === "paid")).toBe(true);
  });

  test("a month without the anchor's day ends on its last, and the next is back at the anchor's", async () => {
    shop.advanceTo("2027-01-31T10:00:00Z");
    const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic]);
    const ends: string[] = [];
    for (let month = 0; month < 5; month += 1) {
      const { end } = periodOf(await shop.subscription(id));
      ends.push(iso(end).slice(0, 10));
      shop.advance(end - shop.now());
    }
    expect(ends).toEqual(["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"]);
  });

  test("a year from a leap day ends on the 28th, until the next leap day", async () => {
    shop.advanceTo("2028-02-29T10:00:00Z");
    const { id } = await shop.subscribe(await shop.customer(), [shop.price.basicYear]);
    const ends: string[] = [];
    for (let year = 0; year < 4; year += 1) {
      const { end } = periodOf(await shop.subscription(id));
      ends.push(iso(end).slice(0, 10));
      shop.advance(end - shop.now());
    }
    expect(ends).toEqual(["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]);
  });
});

describe("a renewal that fails", () => {
  const failing = async () => {
    const customer = await shop.customer();
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    const { end } = periodOf(await shop.subscription(id));
    await shop.useCard(customer, "failsLater");
    shop.advance(end - shop.now() + HOUR);
    return { customer, id };
  };

  test("is tried again on days 1, 3 and 5, and then leaves the subscription unpaid", async () => {
    const { id } = await failing();
    const attempts: [day: number, count: number | undefined, status: string][] = [];
    for (let day = 0; day < 8; day += 1) {
      const [invoice] = await shop.invoices(id);
      attempts.push([day, invoice?.attempt_count, (await shop.subscription(id)).status]);
      shop.advance(DAY);
    }
    expect(attempts).toEqual([
      [0, 1, "past_due"],
      [1, 2, "past_due"],
      [2, 2, "past_due"],
      [3, 3, "past_due"],
      [4, 3, "past_due"],
      [5, 4, "unpaid"],
      [6, 4, "unpaid"],
      [7, 4, "unpaid"],
    ]);
    expect((await shop.invoices(id))[0]).toMatchObject({ status: "open", next_payment_attempt: null });
    expect(shop.newEvents().filter((type) => type === "invoice.payment_failed")).toHaveLength(4);
  });

  test("is mended by the next attempt once there is a card that pays", async () => {
    const { customer, id } = await failing();
    await shop.useCard(customer, "pays");
    expect((await shop.subscription(id)).status).toBe("past_due");
    shop.advance(DAY);
    expect((await shop.subscription(id)).status).toBe("active");
    expect((await shop.invoices(id))[0]).toMatchObject({ status: "paid", attempt_count: 2 });
  });

  test("is mended by a call, which counts as no attempt of the schedule", async () => {
    const { customer, id } = await failing();
    const [invoice] = await shop.invoices(id);
    const pay = () => shop.stripe.invoices.pay(invoice?.id ?? "");
    await expect(pay()).rejects.toMatchObject({ type: "StripeCardError", code: "card_declined", statusCode: 402 });
    expect((await shop.invoices(id))[0]?.attempt_count).toBe(1);
    await shop.useCard(customer, "pays");
    expect(await pay()).toMatchObject({ status: "paid" });
    expect((await shop.subscription(id)).status).toBe("active");
    await expect(pay()).rejects.toMatchObject({ code: "invoice_already_paid" });
  });

  test("keeps the invoices of an unpaid subscription drafts, and only the latest brings it back", async () => {
    const { customer, id } = await failing();
    shop.advance(40 * DAY);
    const [latest, older] = await shop.invoices(id);
    expect(latest).toMatchObject({ status: "draft", auto_advance: false });
    await shop.useCard(customer, "pays");
    await shop.stripe.invoices.pay(older?.id ?? "");
    expect((await shop.subscription(id)).status).toBe("unpaid");
    await shop.stripe.invoices.pay(latest?.id ?? "");
    expect((await shop.subscription(id)).status).toBe("active");
  });

  test("leaves drafts that can be made final, and then are collected an hour later", async () => {
    const { customer, id } = await failing();
    shop.advance(40 * DAY);
    const [draft] = await shop.invoices(id);
    await shop.useCard(customer, "pays");
    await shop.stripe.invoices.finalizeInvoice(draft?.id ?? "", { auto_advance: true });
    shop.advance(HOUR - 1);
    expect((await shop.subscription(id)).status).toBe("unpaid");
    shop.advance(1);
    expect((await shop.subscription(id)).status).toBe("active");
  });

  test("is forgiven when its invoice is void", async () => {
    const { id } = await failing();
    const [invoice] = await shop.invoices(id);
    await shop.stripe.invoices.voidInvoice(invoice?.id ?? "");
    expect((await shop.subscription(id)).status).toBe("active");
  });

  test("asks for the holder when the card does, and the hosted page of the invoice takes the answer", async () => {
    const customer = await shop.customer();
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    await shop.useCard(customer, "asksAlways");
    shop.newEvents();
    shop.advance(31 * DAY);
    expect(shop.newEvents()).toContain("invoice.payment_action_required");
    const [invoice] = await shop.invoices(id);
    await expect(shop.stripe.invoices.pay(invoice?.id ?? "")).rejects.toMatchObject({
      code: "invoice_payment_intent_requires_action",
    });
    const expanded = await shop.stripe.invoices.retrieve(invoice?.id ?? "", {
      expand: ["payments.data.payment.payment_intent", "confirmation_secret"],
    });
    expect(expanded.payments?.data).toMatchObject([{ payment: { payment_intent: { status: "requires_action" } } }]);
    expect(expanded.confirmation_secret?.client_secret).toContain("_secret_");
  });
});

describe("a trial", () => {
  const DAYS = 14;
  const trial = async (customer: string, missing: "cancel" | "create_invoice" | "pause" = "cancel") =>
    shop.subscribe(customer, [shop.price.growth], {
      trial_end: shop.now() + DAYS * DAY,
      trial_settings: { end_behavior: { missing_payment_method: missing } },
    });
  const cardless = async () => (await shop.stripe.customers.create({ email: "a@b.ke" })).id;

  test("costs nothing, is announced three days before its end, and goes on as paid", async () => {
    const { id } = await trial(await shop.customer());
    expect(await shop.subscription(id)).toMatchObject({
      status: "trialing",
      billing_cycle_anchor: shop.now() + DAYS * DAY,
    });
    expect((await shop.invoices(id))[0]).toMatchObject({ status: "paid", total: 0 });
    shop.newEvents();
    shop.advance((DAYS - 3) * DAY - 1);
    expect(shop.newEvents()).toEqual([]);
    shop.advance(1);
    expect(shop.newEvents()).toEqual(["customer.subscription.trial_will_end"]);
    shop.advance(3 * DAY + HOUR);
    expect(await shop.subscription(id)).toMatchObject({ status: "active" });
    expect((await shop.invoices(id))[0]).toMatchObject({ status: "paid", amount_paid: 9900 });
    expect(shop.newEvents()).not.toContain("customer.subscription.trial_will_end");
  });

  test("without a card ends as its settings say", async () => {
    const outcomes: string[] = [];
    for (const missing of ["cancel", "pause", "create_invoice"] as const) {
      const { id } = await trial(await cardless(), missing);
      shop.advance(DAYS * DAY + HOUR);
      outcomes.push((await shop.subscription(id)).status);
    }
    expect(outcomes).toEqual(["canceled", "paused", "past_due"]);
  });
});

describe("a first payment", () => {
  test("that fails leaves it incomplete, for 23 hours", async () => {
    const { id } = await shop.subscribe(await shop.customer("failsLater"), [shop.price.basic]);
    expect((await shop.subscription(id)).status).toBe("incomplete");
    shop.advance(23 * HOUR - 1);
    expect((await shop.subscription(id)).status).toBe("incomplete");
    shop.advance(1);
    expect((await shop.subscription(id)).status).toBe("incomplete_expired");
    expect((await shop.invoices(id))[0]?.status).toBe("void");
  });

  test("that is made later activates it", async () => {
    const customer = await shop.customer("failsLater");
    const { id } = await shop.subscribe(customer, [shop.price.basic]);
    await shop.useCard(customer, "pays");
    await shop.stripe.invoices.pay(String((await shop.subscription(id)).latest_invoice));
    expect((await shop.subscription(id)).status).toBe("active");
  });

  test("without anything to pay with is refused, and nothing is left of it", async () => {
    const { id } = await shop.stripe.customers.create({});
    await expect(shop.subscribe(id, [shop.price.basic])).rejects.toMatchObject({ code: "resource_missing" });
    expect((await shop.stripe.subscriptions.list({ customer: id, status: "all" })).data).toEqual([]);
  });
});

test("a subscription knows its customer's list, and a deleted customer has none that lives", async () => {
  const customer = await shop.customer();
  const { id } = await shop.subscribe(customer, [shop.price.basic]);
  expect((await shop.stripe.subscriptions.list({ customer })).data.map((one) => one.id)).toEqual([id]);
  shop.newEvents();
  await shop.stripe.customers.del(customer);
  expect((await shop.subscription(id)).status).toBe("canceled");
  expect(shop.newEvents()).toContain("customer.subscription.deleted");
  shop.advance(60 * DAY);
  expect(await shop.invoices(id)).toHaveLength(1);
});

test("a coupon lowers the invoices it is for: once, some months, or always, also after it was deleted", async () => {
  const totals: number[][] = [];
  for (const [duration, months] of [["once"], ["repeating", 2], ["forever"]] as const) {
    const coupon = await shop.stripe.coupons.create({
      duration,
      percent_off: 33,
      ...(months === undefined ? {} : { duration_in_months: months }),
    });
    const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic], {
      discounts: [{ coupon: coupon.id }],
    });
    await shop.stripe.coupons.del(coupon.id);
    shop.advance(95 * DAY);
    totals.push((await shop.invoices(id)).map(({ total }) => total).toReversed());
  }
  expect(totals).toEqual([
    [1943, 2900, 2900, 2900],
    [1943, 1943, 2900, 2900],
    [1943, 1943, 1943, 1943],
  ]);
});

test("a coupon of an amount is spread over the lines and takes no more than there is", async () => {
  const coupon = await shop.stripe.coupons.create({ duration: "forever", amount_off: 1001, currency: "usd" });
  const { id } = await shop.subscribe(await shop.customer(), [shop.price.basic, shop.price.module], {
    discounts: [{ coupon: coupon.id }],
  });
  const [invoice] = await shop.invoices(id);
  expect(invoice).toMatchObject({ subtotal: 4400, total: 3399, total_discount_amounts: [{ amount: 1001 }] });
  expect(invoice?.lines.data.map((line) => line.discount_amounts?.[0]?.amount)).toEqual([660, 341]);
});
