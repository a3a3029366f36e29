import { everyOne } from "@pharmasight/adapters/stripe/client";
import { DAY_SECONDS, secondsAfter } from "@pharmasight/core/kernel/clock";
import type { SubscriptionSnapshot } from "@pharmasight/core/ports/subscriptions";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isStandIn, type StripeWorld, startStripeWorld, TIMEOUT_MS } from "./stripe.ts";

vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS });

let world: StripeWorld;
beforeEach(async () => {
  world = await startStripeWorld();
});
afterEach(async () => {
  await world.stop();
});

const one = (priceId: string, quantity = 1) => ({ priceId, quantity });
const itemsOf = ({ items }: SubscriptionSnapshot) =>
  Object.fromEntries(items.map(({ priceId, itemId, quantity }) => [priceId, { itemId, quantity }]));
/** Half of the month that began at the world's start. */
const halfway = async () => {
  await world.advance(15 * DAY_SECONDS);
  return world.now();
};
const subscribed = async (...priceIds: readonly string[]) => {
  const customerId = await world.customer();
  const subscriptionId = await world.subscribe(customerId, ...priceIds);
  return { customerId, subscriptionId };
};
const only = async (customerId: string): Promise<SubscriptionSnapshot> => {
  const { subscriptions } = await world.subscriptions.read(customerId);
  expect(subscriptions).toHaveLength(1);
  return subscriptions[0] as SubscriptionSnapshot;
};

describe("what is read", () => {
  test("a subscription comes with the periods of its items, its card and whom it was made for", async () => {
    const { starter, reports } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starter, reports);
    const now = world.now();
    const later = new Date("2026-12-01T08:00:00Z");
    expect(await world.subscriptions.read(customerId)).toEqual({
      customerId,
      isDeleted: false,
      subscriptions: [
        {
          subscriptionId,
          customerId,
          tenantId: "0193-a",
          status: "active",
          currency: "USD",
          collection: "automatic",
          createdAt: now,
          items: [
            {
              itemId: expect.stringMatching(/^si_/),
              priceId: starter,
              quantity: 1,
              unitAmount: "99.00",
              interval: "month",
              periodStart: now,
              periodEnd: later,
            },
            expect.objectContaining({ priceId: reports, unitAmount: "19.00", periodEnd: later }),
          ],
          endsAt: null,
          endedAt: null,
          pending: null,
          scheduled: null,
          card: { brand: "visa", last4: "4242", expiresAt: new Date("2031-01-01T00:00:00Z") },
          discount: null,
          latestInvoiceId: expect.stringMatching(/^in_/),
        },
      ],
    });
  });

  test.runIf(isStandIn)("all subscriptions are listed, ended ones too, a page at a time", async () => {
    const [ended, running] = [await subscribed(world.prices.starter), await subscribed(world.prices.starter)];
    await world.subscriptions.cancelNow(ended.subscriptionId, "end");
    const { found, next } = await world.subscriptions.list(undefined);
    expect(found.map(({ subscriptionId, status }) => [subscriptionId, status])).toEqual([
      [running.subscriptionId, "active"],
      [ended.subscriptionId, "canceled"],
    ]);
    expect(next).toBeUndefined();
    expect((await world.subscriptions.list(running.subscriptionId)).found).toHaveLength(1);
  });

  test("a customer who is deleted, or never was, has nothing that runs", async () => {
    const { customerId } = await subscribed(world.prices.starter);
    await world.sdk.customers.del(customerId);
    const deleted = await world.subscriptions.read(customerId);
    expect(deleted.isDeleted).toBe(true);
    expect(deleted.subscriptions.filter(({ status }) => status !== "canceled")).toEqual([]);
    expect(await world.subscriptions.read("cus_nobody")).toEqual({
      customerId: "cus_nobody",
      isDeleted: true,
      subscriptions: [],
    });
    expect(await world.subscriptions.invoicesOf("cus_nobody")).toEqual([]);
  });

  test.runIf(isStandIn)("a discount that goes on is told with its end; one of a single invoice is none", async () => {
    const wanted = { code: "WELCOME25", percentOff: "25", amountOff: null, expiresAt: null, redemptionsMax: null };
    await world.catalogue.ensureCoupon({ ...wanted, months: 3 });
    await world.sdk.coupons.create({ id: "once", percent_off: 50, duration: "once" });
    const [going, once] = [await subscribed(world.prices.starter), await subscribed(world.prices.starter)];
    await world.sdk.subscriptions.update(going.subscriptionId, { discounts: [{ coupon: "WELCOME25" }] });
    await world.sdk.subscriptions.update(once.subscriptionId, { discounts: [{ coupon: "once" }] });
    expect((await only(going.customerId)).discount).toEqual({
      percent: "25",
      amount: null,
      endsAt: new Date("2027-02-01T08:00:00Z"),
    });
    expect((await only(once.customerId)).discount).toBeNull();
  });

  test.runIf(isStandIn)("an error reply that looks like none is not taken for an answer", async () => {
    const { customerId } = await subscribed(world.prices.starter);
    world.stripe?.faults.add({ on: "GET /v1/subscriptions", action: "500", count: 9 });
    await expect(world.subscriptions.read(customerId)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a change of the plan now", () => {
  test("edits the plan's item and leaves the modules alone, at the price that the preview said", async () => {
    const { starter, professional, reports } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starter, reports);
    const before = itemsOf(await only(customerId));
    const change = { subscriptionId, items: [one(professional), one(reports)], prorationAt: await halfway() };
    const preview = await world.subscriptions.previewChange(change);
    // Half a month of the difference, as November has 30 days.
    expect(preview).toMatchObject({ currency: "USD", dueNow: "100.00", dueNext: "318.00" });
    expect(preview.nextAt).toEqual(new Date("2026-12-01T08:00:00Z"));
    expect(preview.lines).toHaveLength(2);

    await world.advance(3600);
    const changed = await world.subscriptions.changeNow(change, "change-1");
    expect(itemsOf(changed)).toEqual({
      [professional]: { itemId: before[starter]?.itemId, quantity: 1 },
      [reports]: before[reports],
    });
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    expect(invoice).toMatchObject({ total: "100.00", status: "paid" });
  });

  test("the same act again happens once, also by another process", async () => {
    const { starter, professional } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starter);
    const change = { subscriptionId, items: [one(professional)], prorationAt: await halfway() };
    await Promise.all([
      world.subscriptions.changeNow(change, "change-1"),
      world.subscriptions.changeNow(change, "change-1"),
    ]);
    await world.subscriptions.changeNow(change, "change-1");
    expect(await world.subscriptions.invoicesOf(customerId)).toHaveLength(2);
  });

  test("modules are added, taken away with credit, and counted", async () => {
    const { starter, reports, branch } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starter, reports);
    const prorationAt = await halfway();
    const items = [one(starter), one(branch, 3)];
    const change = { subscriptionId, items, prorationAt };
    // Half of three branches at 25 less half of the reports at 19.
    expect(await world.subscriptions.previewChange(change)).toMatchObject({ dueNow: "28.00", dueNext: "174.00" });
    const changed = await world.subscriptions.changeNow(change, "change-1");
    expect(itemsOf(changed)).toMatchObject({ [starter]: { quantity: 1 }, [branch]: { quantity: 3 } });
    expect(Object.keys(itemsOf(changed))).toHaveLength(2);
    expect((await only(customerId)).items).toHaveLength(2);
  });

  test("a change that gives money back is due below zero, and the next bill is less by it", async () => {
    const { starter, reports } = world.prices;
    const { subscriptionId } = await subscribed(starter, reports);
    const change = { subscriptionId, items: [one(starter)], prorationAt: await halfway() };
    expect(await world.subscriptions.previewChange(change)).toMatchObject({ dueNow: "-9.50", dueNext: "89.50" });
  });

  test("another interval begins a new period at once", async () => {
    const { starter, starterYear } = world.prices;
    const { subscriptionId } = await subscribed(starter);
    const now = await halfway();
    const change = { subscriptionId, items: [one(starterYear)], prorationAt: now };
    const preview = await world.subscriptions.previewChange(change);
    expect(preview).toMatchObject({
      dueNow: "940.50",
      dueNext: "990.00",
      nextAt: secondsAfter(now, 365 * DAY_SECONDS),
    });
    const changed = await world.subscriptions.changeNow(change, "change-1");
    expect(changed.items).toMatchObject([{ interval: "year", periodStart: now }]);
  });

  test("a payment that the bank wants confirmed leaves the old plan and a pending change", async () => {
    const { starter, professional } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starter);
    await world.useCard(customerId, "pm_card_authenticationRequired");
    const change = { subscriptionId, items: [one(professional)], prorationAt: await halfway() };
    const changed = await world.subscriptions.changeNow(change, "change-1");
    expect(Object.keys(itemsOf(changed))).toEqual([starter]);
    expect(changed.pending).toEqual({
      priceIds: [professional],
      until: secondsAfter(world.now(), 23 * 3600),
      url: expect.stringMatching(/^http/),
    });
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    expect(invoice).toMatchObject({ status: "open", needsConfirmation: true });
    // Asked for once more, it is the same pending change.
    await world.subscriptions.changeNow(change, "change-2");
    expect(await world.subscriptions.invoicesOf(customerId)).toHaveLength(2);

    await world.advance(24 * 3600);
    const expired = await only(customerId);
    expect([expired.pending, Object.keys(itemsOf(expired))]).toEqual([null, [starter]]);
  });
});

describe("acts and their keys", () => {
  test("a key that another act had is a conflict: what was read has changed since", async () => {
    const { starter, reports, branch } = world.prices;
    const { subscriptionId } = await subscribed(starter);
    const prorationAt = world.now();
    await world.subscriptions.changeNow({ subscriptionId, items: [one(starter), one(reports)], prorationAt }, "same");
    const other = { subscriptionId, items: [one(starter), one(reports), one(branch)], prorationAt };
    await expect(world.subscriptions.changeNow(other, "same")).rejects.toMatchObject({ code: "conflict" });
  });

  test("a subscription that ends has no next bill", async () => {
    const { starter, reports } = world.prices;
    const { subscriptionId } = await subscribed(starter);
    await world.subscriptions.cancelAtPeriodEnd(subscriptionId, "1");
    const change = { subscriptionId, items: [one(starter)], prorationAt: await halfway() };
    expect(await world.subscriptions.previewChange(change)).toMatchObject({
      dueNow: "0.00",
      dueNext: "0.00",
      lines: [],
    });
    const more = { ...change, items: [one(starter), one(reports)] };
    expect(await world.subscriptions.previewChange(more)).toMatchObject({ dueNow: "9.50" });
  });

  test("what Stripe refuses is invalid, and what is not there too", async () => {
    const change = {
      subscriptionId: "sub_nothing",
      items: [one(world.prices.starter)],
      prorationAt: world.now(),
    };
    await expect(world.subscriptions.changeNow(change, "1")).rejects.toMatchObject({ code: "invalid_input" });
    const { subscriptionId } = await subscribed(world.prices.starter);
    const odd = { ...change, subscriptionId, items: [one("price_nothing")] };
    await expect(world.subscriptions.changeNow(odd, "2")).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("paying for a new subscription", () => {
  const wanted = async () => ({
    customerId: await world.customer(null),
    tenantId: "0193-a",
    checkoutId: crypto.randomUUID(),
    items: [one(world.prices.starter), one(world.prices.branch, 2)],
    successUrl: "https://green.pharmasight.com/billing/done?session={CHECKOUT_SESSION_ID}",
    cancelUrl: "https://green.pharmasight.com/billing",
    expiresAt: secondsAfter(world.now(), 3600),
  });
  const pay = async (url: string | null) => {
    const form = {
      act: "pay",
      name: "Amina Otieno",
      country: "KE",
      line1: "Kimathi Street 4",
      city: "Nairobi",
      business_name: "Green Cross Ltd",
      tax_id_type: "ke_pin",
      tax_id: "P051234567X",
      card_number: "4242424242424242",
      card_expiry: "12/30",
      card_cvc: "123",
    };
    const response = await fetch(url ?? "", { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
    return response.headers.get("location");
  };

  test.runIf(isStandIn)("happens on one page, which is the same for the same checkout", async () => {
    const checkout = await wanted();
    const opened = await world.subscriptions.startCheckout(checkout);
    expect(opened).toEqual({
      sessionId: expect.stringMatching(/^cs_/),
      status: "open",
      url: expect.stringMatching(/^http/),
      customerId: checkout.customerId,
      subscriptionId: null,
      checkoutId: checkout.checkoutId,
    });
    expect(await world.subscriptions.startCheckout(checkout)).toEqual(opened);
    expect(await pay(opened.url)).toBe(`https://green.pharmasight.com/billing/done?session=${opened.sessionId}`);

    const completed = await world.subscriptions.readCheckout(opened.sessionId);
    expect(completed).toMatchObject({ status: "complete", url: null });
    const subscription = await only(checkout.customerId);
    expect(completed.subscriptionId).toBe(subscription.subscriptionId);
    expect(subscription).toMatchObject({ status: "active", tenantId: "0193-a", card: { last4: "4242" } });
    expect(itemsOf(subscription)).toMatchObject({ [world.prices.branch]: { quantity: 2 } });
    // What invoices in Kenya have to say.
    const customer = await world.sdk.customers.retrieve(checkout.customerId, { expand: ["tax_ids"] });
    expect(customer).toMatchObject({ address: { country: "KE" }, tax_ids: { data: [{ type: "ke_pin" }] } });
    // Too late to shut it.
    expect(await world.subscriptions.shutCheckout(opened.sessionId)).toEqual(completed);
  });

  test("is shut, once and again", async () => {
    const { sessionId } = await world.subscriptions.startCheckout(await wanted());
    const shut = await world.subscriptions.shutCheckout(sessionId);
    expect(shut).toMatchObject({ status: "expired", url: null });
    expect(await world.subscriptions.shutCheckout(sessionId)).toEqual(shut);
  });
});

describe("a change at the period's end", () => {
  test("waits in a schedule, takes the place of an earlier one, and happens on the day", async () => {
    const { starter, professional, reports } = world.prices;
    const { customerId, subscriptionId } = await subscribed(professional, reports);
    const later = new Date("2026-12-01T08:00:00Z");
    await world.subscriptions.changeAtPeriodEnd({ subscriptionId, items: [one(professional)] }, "first");
    const waiting = await world.subscriptions.changeAtPeriodEnd({ subscriptionId, items: [one(starter)] }, "second");
    expect(waiting.scheduled).toEqual({ scheduleId: expect.any(String), priceIds: [starter], at: later });
    expect(Object.keys(itemsOf(waiting)).toSorted()).toEqual([professional, reports].toSorted());

    await world.advance(30 * DAY_SECONDS + 3600);
    const changed = await only(customerId);
    expect([Object.keys(itemsOf(changed)), changed.scheduled]).toEqual([[starter], null]);
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    expect(invoice).toMatchObject({ total: "99.00" });
  });

  test.runIf(isStandIn)("keeps what is taken off, and may be to another interval", async () => {
    const { starter, starterYear } = world.prices;
    const { customerId, subscriptionId } = await subscribed(starterYear);
    await world.sdk.coupons.create({ id: "ten", percent_off: 10, duration: "forever" });
    await world.sdk.subscriptions.update(subscriptionId, { discounts: [{ coupon: "ten" }] });
    await world.subscriptions.changeAtPeriodEnd({ subscriptionId, items: [one(starter)] }, "1");
    await world.advance(365 * DAY_SECONDS + 3600);
    const changed = await only(customerId);
    expect(changed).toMatchObject({ discount: { percent: "10" }, scheduled: null });
    expect(changed.items).toMatchObject([{ priceId: starter, interval: "month" }]);
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    expect(invoice).toMatchObject({ total: "89.10" });
  });

  test("is forgotten, once and again, and by whatever changes the subscription now", async () => {
    const { starter, professional, reports } = world.prices;
    const { subscriptionId } = await subscribed(professional);
    const down = { subscriptionId, items: [one(starter)] };
    await world.subscriptions.changeAtPeriodEnd(down, "1");
    expect((await world.subscriptions.forgetScheduledChange(subscriptionId, "2")).scheduled).toBeNull();
    expect((await world.subscriptions.forgetScheduledChange(subscriptionId, "3")).scheduled).toBeNull();

    await world.subscriptions.changeAtPeriodEnd(down, "4");
    const now = { subscriptionId, items: [one(professional), one(reports)], prorationAt: world.now() };
    expect((await world.subscriptions.changeNow(now, "5")).scheduled).toBeNull();
    await world.subscriptions.changeAtPeriodEnd(down, "6");
    expect(await world.subscriptions.cancelAtPeriodEnd(subscriptionId, "7")).toMatchObject({
      scheduled: null,
      endsAt: new Date("2026-12-01T08:00:00Z"),
    });
  });
});

describe("the end of a subscription", () => {
  const periodEnd = new Date("2026-12-01T08:00:00Z");

  test("is at the period's end and undone, be it ours or the portal's", async () => {
    const { customerId, subscriptionId } = await subscribed(world.prices.starter);
    expect((await world.subscriptions.cancelAtPeriodEnd(subscriptionId, "1")).endsAt).toEqual(periodEnd);
    expect((await world.subscriptions.undoCancel(subscriptionId, "2")).endsAt).toBeNull();
    // The portal sets the date, and leaves the flag.
    await world.sdk.subscriptions.update(subscriptionId, { cancel_at: periodEnd.getTime() / 1000 });
    expect((await only(customerId)).endsAt).toEqual(periodEnd);
    expect((await world.subscriptions.undoCancel(subscriptionId, "3")).endsAt).toBeNull();
    expect((await world.subscriptions.undoCancel(subscriptionId, "4")).endsAt).toBeNull();
  });

  test("is at once and without money back, and again it is the same", async () => {
    const { customerId, subscriptionId } = await subscribed(world.prices.starter);
    const ended = await world.subscriptions.cancelNow(subscriptionId, "1");
    expect(ended).toMatchObject({ status: "canceled", endedAt: world.now() });
    expect(await world.subscriptions.cancelNow(subscriptionId, "2")).toMatchObject({ status: "canceled" });
    expect(await world.subscriptions.invoicesOf(customerId)).toHaveLength(1);
  });
});

describe("invoices", () => {
  test("are told with what was paid, for which time, and where they are read", async () => {
    const { customerId, subscriptionId } = await subscribed(world.prices.starter, world.prices.reports);
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    expect(invoice).toEqual({
      invoiceId: expect.stringMatching(/^in_/),
      customerId,
      subscriptionId,
      number: expect.any(String),
      status: "paid",
      currency: "USD",
      total: "118.00",
      amountDue: "118.00",
      amountPaid: "118.00",
      amountRefunded: "0.00",
      amountCredited: "0.00",
      createdAt: world.now(),
      periodStart: world.now(),
      periodEnd: new Date("2026-12-01T08:00:00Z"),
      dueAt: null,
      paidAt: world.now(),
      attempts: 1,
      nextAttemptAt: null,
      needsConfirmation: false,
      isDisputed: false,
      hostedUrl: expect.stringMatching(/^http/),
      pdfUrl: expect.stringMatching(/^http/),
    });
    expect(await world.subscriptions.readInvoice(invoice?.invoiceId ?? "")).toEqual(invoice);
  });

  test("are sent and paid by other means, once", async () => {
    const customerId = await world.customer(null);
    const wanted = { customerId, tenantId: "0193-a", items: [one(world.prices.starter)], daysUntilDue: 14 };
    const started = await world.subscriptions.startInvoiced(wanted, "start-1");
    expect(await world.subscriptions.startInvoiced(wanted, "start-1")).toEqual(started);
    expect(started).toMatchObject({ status: "active", collection: "invoice", tenantId: "0193-a", card: null });
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    const paid = await world.subscriptions.markPaid(invoice?.invoiceId ?? "", "paid-1");
    expect(paid).toMatchObject({ status: "paid", amountPaid: "99.00" });
    expect(await world.subscriptions.markPaid(invoice?.invoiceId ?? "", "paid-2")).toEqual(paid);
  });

  test("are found by the charge that paid them", async () => {
    const { customerId } = await subscribed(world.prices.starter);
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    const { data } = await world.sdk.charges.list({ customer: customerId });
    expect(await world.subscriptions.invoiceOfCharge(data[0]?.id ?? "")).toBe(invoice?.invoiceId);
    expect(await world.subscriptions.invoiceOfCharge("ch_nothing")).toBeUndefined();
  });
});

describe("money back", () => {
  const refund = (invoiceId: string, amount: string, key: string) =>
    world.subscriptions.refund({ invoiceId, amount, currency: "USD", memo: "Closed for a week." }, key);
  const paidInvoice = async () => {
    const { customerId } = await subscribed(world.prices.starter);
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    return invoice?.invoiceId ?? "";
  };

  test("goes by a credit note to the card, in parts, never beyond what was paid", async () => {
    const invoiceId = await paidInvoice();
    const first = await refund(invoiceId, "40.00", "refund-1");
    expect(first).toEqual({ creditNoteId: expect.stringMatching(/^cn_/), refundId: expect.stringMatching(/^re_/) });
    await expect(refund(invoiceId, "60.00", "refund-2")).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("$59.00"),
    });
    await refund(invoiceId, "59.00", "refund-3");
    expect(await world.subscriptions.readInvoice(invoiceId)).toMatchObject({
      status: "paid",
      amountRefunded: "99.00",
      amountCredited: "99.00",
    });
  });

  test("the same act again gives nothing back, also after its key was forgotten", async () => {
    const invoiceId = await paidInvoice();
    const first = await refund(invoiceId, "99.00", "refund-1");
    expect(await refund(invoiceId, "99.00", "refund-1")).toEqual(first);
    await world.advance(3 * DAY_SECONDS);
    expect(await refund(invoiceId, "99.00", "refund-1")).toEqual(first);
    expect(await world.subscriptions.readInvoice(invoiceId)).toMatchObject({ amountRefunded: "99.00" });
  });

  test("that came by bank is noted, and moves nothing", async () => {
    const customerId = await world.customer(null);
    const wanted = { customerId, tenantId: "0193-a", items: [one(world.prices.starter)], daysUntilDue: 14 };
    await world.subscriptions.startInvoiced(wanted, "start-1");
    const [invoice] = await world.subscriptions.invoicesOf(customerId);
    const invoiceId = invoice?.invoiceId ?? "";
    await expect(refund(invoiceId, "10.00", "refund-1")).rejects.toMatchObject({ code: "conflict" });
    await world.subscriptions.markPaid(invoiceId, "paid-1");
    expect((await refund(invoiceId, "10.00", "refund-2")).refundId).toBeNull();
    expect(await world.subscriptions.readInvoice(invoiceId)).toMatchObject({
      amountCredited: "10.00",
      amountRefunded: "0.00",
    });
  });
});

test("a list is read to its end, whatever its pages hold", async () => {
  const all = Array.from({ length: 7 }, (_, index) => ({ id: `x_${index}` }));
  const pages: (string | undefined)[] = [];
  const read = await everyOne(async ({ starting_after: after }) => {
    pages.push(after);
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    return { object: "list", data: all.slice(from, from + 3), has_more: from + 3 < all.length };
  });
  expect(read).toEqual(all);
  expect(pages).toEqual([undefined, "x_2", "x_5"]);
  const odd = everyOne(async () => ({ object: "error", data: [], has_more: false }));
  await expect(odd).rejects.toMatchObject({ code: "unavailable" });
});

test.runIf(isStandIn)("the portal is opened in our configuration, made once", async () => {
  const customerId = await world.customer();
  const returnUrl = "https://green.pharmasight.com/billing";
  const open = (purpose: "overview" | "payment_method") =>
    world.subscriptions.openPortal({ customerId, returnUrl, purpose });
  expect((await open("overview")).url).toMatch(/^http/);
  expect((await open("payment_method")).url).toMatch(/^http/);
  const { configurationId } = await world.catalogue.ensurePortal();
  const { data } = await world.sdk.billingPortal.configurations.list();
  expect(data).toMatchObject([{ id: configurationId, features: { subscription_cancel: { enabled: false } } }]);
});
