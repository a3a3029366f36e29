import { PlanChanges } from "@pharmasight/core/control/plan-changes/plan-changes";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { DAY_SECONDS, MINUTE_SECONDS } from "@pharmasight/core/kernel/clock";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/stack.ts";
import {
  type BillingWorld,
  cardForm,
  cards,
  little,
  type Owner,
  ownerOnTrial,
  post,
  priceOf,
  startBillingWorld,
  subscriber,
} from "./owners.ts";

let world: BillingWorld;
beforeAll(async () => {
  world = await startBillingWorld();
});
afterAll(() => world?.stop());

const quote = ({ control, tenantId }: Owner, wish: PlanChanges.Wish, used: PlanChanges.Used = little) =>
  PlanChanges.quote(control, world.subscriptions, { tenantId, wish, used });
const confirm = ({ control, tenantId }: Owner, changeId: string, used: PlanChanges.Used = little) =>
  PlanChanges.confirm(control, world.subscriptions, { tenantId, changeId, used });
const converge = ({ control, tenantId }: Owner) => TenantSubscriptions.converge(control, world.subscriptions, tenantId);
const subscriptionOf = ({ tenantId }: Owner) => TenantSubscriptions.find(world.system, tenantId);
const toPlan = async (code: string, interval: "month" | "year" = "month"): Promise<PlanChanges.Wish> => ({
  kind: "plan",
  priceId: await priceOf(world, code, interval),
});
const addOn = (code: string, quantity = 1): PlanChanges.Wish => ({ kind: "add_on", code, quantity });

/** Asks, and expects an answer with a price. */
async function quoted(owner: Owner, wish: PlanChanges.Wish): Promise<PlanChanges.PlanChange> {
  const answer = await quote(owner, wish);
  if (answer.kind !== "quoted") throw new Error("It was blocked.");
  return PlanChanges.find(owner.control, owner.tenantId, answer.changeId);
}

async function changed(owner: Owner, wish: PlanChanges.Wish): Promise<PlanChanges.PlanChange> {
  return confirm(owner, (await quoted(owner, wish)).id);
}

const has = async (owner: Owner) => {
  const { plan, price, addOns, state } = await subscriptionOf(owner);
  return {
    state,
    plan: `${plan.code} ${price?.interval}`,
    addOns: Object.fromEntries(addOns.map(({ code, quantity }) => [code, quantity])),
  };
};
const advance = (days: number) => world.clock.advance(days * DAY_SECONDS);
const findingsOf = ({ tenantId }: Owner) =>
  world.system.db.selectFrom("billingFindings").select(["kind", "details"]).where("tenantId", "=", tenantId).execute();
const invoicesOf = ({ tenantId }: Owner) =>
  world.system.db
    .selectFrom("invoices")
    .select(["id", "total", "status", "amountPaid"])
    .where("tenantId", "=", tenantId)
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .execute();
/** Answers the bank's question, where it asks one. */
const confirmAtBank = async (url: string, asked: Response) => {
  const method = /name="payment_method" value="([^"]+)"/.exec(await asked.text())?.[1];
  if (method !== undefined) await post(url, { act: "confirm", payment_method: method });
};
/** Transactions that wait for a lock. */
const waiting = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'
  `.execute(world.system.db);
  return rows[0]?.n ?? 0;
};
const useCard = async (owner: Owner, number: string) => {
  const { customerId } = await subscriptionOf(owner);
  const { url } = await world.subscriptions.openPortal({
    customerId: customerId ?? "",
    returnUrl: "http://green.test/billing",
    purpose: "payment_method",
  });
  await confirmAtBank(url, await post(url, { ...cardForm(number), act: "card" }));
};

describe("an upgrade", () => {
  test("is there at once, and costs to the cent what was shown, however much later it is confirmed", async () => {
    const owner = await subscriber(world, "upgrades");
    advance(10);
    const change = await quoted(owner, await toPlan("professional"));
    expect(change).toMatchObject({ kind: "now", state: "quoted", currency: "USD", dueNext: "299.00" });
    expect(Number(change.dueNow)).toBeGreaterThan(100);
    expect(change.lines.reduce((sum, { amount }) => sum + Number(amount), 0)).toBeCloseTo(Number(change.dueNow), 2);
    expect(await has(owner)).toMatchObject({ plan: "starter month" });
    world.clock.advance(25 * MINUTE_SECONDS);
    expect(await confirm(owner, change.id)).toMatchObject({ state: "applied", invoiced: null });
    expect(await has(owner)).toEqual({ state: "active", plan: "professional month", addOns: {} });
    expect((await invoicesOf(owner))[0]).toMatchObject({ total: change.dueNow, status: "paid" });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("confirmed many times at once happens once", async () => {
    const owner = await subscriber(world, "doubleclick");
    advance(3);
    const { id } = await quoted(owner, await toPlan("professional"));
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => confirm(owner, id)));
    expect(answers.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(await confirm(owner, id)).toMatchObject({ state: "applied" });
    expect(await invoicesOf(owner)).toHaveLength(2);
  });

  test("beside another change at the same moment: one is made, the other is refused", async () => {
    const owner = await subscriber(world, "twochanges");
    const upgrade = await quoted(owner, await toPlan("professional"));
    const addition = await quoted(owner, addOn("extra_branch"));
    const answers = await Promise.allSettled([confirm(owner, upgrade.id), confirm(owner, addition.id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const [first] = answers;
    expect(await has(owner)).toMatchObject(
      first.status === "fulfilled"
        ? { plan: "professional month", addOns: {} }
        : { plan: "starter month", addOns: { extra_branch: 1 } },
    );
    expect(await invoicesOf(owner)).toHaveLength(2);
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("waits for whoever changes the plan at that moment, and then sees the new one", async () => {
    const owner = await subscriber(world, "waitsforit");
    const { id } = await quoted(owner, await toPlan("professional"));
    const locked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const other = world.system.tx(async (tx) => {
      const { id: planId } = await tx.db
        .selectFrom("subscriptionPlans")
        .select("id")
        .where("code", "=", "professional")
        .executeTakeFirstOrThrow();
      await tx.db.updateTable("tenantSubscriptions").set({ planId }).where("tenantId", "=", owner.tenantId).execute();
      locked.resolve();
      await released.promise;
    });
    await locked.promise;
    const confirmed = confirm(owner, id);
    await eventually("somebody who waits", async () => ((await waiting()) > 0 ? true : undefined));
    released.resolve();
    await other;
    expect(await confirmed).toMatchObject({ state: "applied" });
  });

  test("at amounts older than half an hour is refused, and nothing happens", async () => {
    const owner = await subscriber(world, "tooold");
    const { id } = await quoted(owner, await toPlan("professional"));
    world.clock.advance(30 * MINUTE_SECONDS);
    await expect(confirm(owner, id)).rejects.toMatchObject({ code: "gone" });
    expect(await has(owner)).toMatchObject({ plan: "starter month" });
    expect(await invoicesOf(owner)).toHaveLength(1);
  });

  test("at amounts of items that are others by now is refused, and nothing happens", async () => {
    const owner = await subscriber(world, "otheritems");
    const { id } = await quoted(owner, await toPlan("professional"));
    await changed(owner, addOn("reports"));
    await expect(confirm(owner, id)).rejects.toMatchObject({ code: "gone" });
    expect(await has(owner)).toMatchObject({ plan: "starter month", addOns: { reports: 1 } });
  });

  test("whose items were changed behind our back at the provider is refused", async () => {
    const owner = await subscriber(world, "behindourback");
    const { id } = await quoted(owner, await toPlan("professional"));
    const { subscriptionId } = await subscriptionOf(owner);
    const { stripePriceId } = await world.system.db
      .selectFrom("prices")
      .select("stripePriceId")
      .where("addOnCode", "=", "reports")
      .where("billingInterval", "=", "month")
      .executeTakeFirstOrThrow();
    const starter = await world.system.db
      .selectFrom("prices")
      .select("stripePriceId")
      .where("id", "=", await priceOf(world, "starter"))
      .executeTakeFirstOrThrow();
    const items = [starter.stripePriceId ?? "", stripePriceId ?? ""].map((priceId) => ({ priceId, quantity: 1 }));
    const change = { subscriptionId: subscriptionId ?? "", items, prorationAt: world.clock.now() };
    await world.subscriptions.changeNow(change, "behind");
    await expect(confirm(owner, id)).rejects.toMatchObject({ code: "gone" });
  });

  test("edits the plan's item alone; a module that the new plan has is dropped with credit in the same call", async () => {
    const owner = await subscriber(world, "includes");
    await changed(owner, addOn("reports"));
    await changed(owner, addOn("extra_branch", 2));
    advance(10);
    const change = await quoted(owner, await toPlan("professional"));
    expect(change.lines.some(({ description, amount }) => /Reports/.test(description) && amount.startsWith("-"))).toBe(
      true,
    );
    await confirm(owner, change.id);
    expect(await has(owner)).toMatchObject({ plan: "professional month", addOns: { extra_branch: 2 } });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("whose payment the bank wants confirmed changes nothing until it is", async () => {
    const owner = await subscriber(world, "asksbank");
    await useCard(owner, cards.asksAlways);
    advance(5);
    const { id } = await quoted(owner, await toPlan("professional"));
    expect(await confirm(owner, id)).toMatchObject({ state: "waiting" });
    expect(await has(owner)).toMatchObject({ plan: "starter month" });
    await expect(quote(owner, addOn("reports"))).rejects.toMatchObject({ code: "conflict" });
    const { pending } = await subscriptionOf(owner);
    expect(pending?.url).toMatch(/^http/);
    const page = pending?.url ?? "";
    await confirmAtBank(page, await post(page, { ...cardForm(cards.asksAlways), act: "pay" }));
    await converge(owner);
    expect(await has(owner)).toMatchObject({ state: "active", plan: "professional month" });
    expect(await PlanChanges.find(owner.control, owner.tenantId, id)).toMatchObject({ state: "applied" });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("whose confirmation nobody gives leaves the old plan, and can be asked for again", async () => {
    const owner = await subscriber(world, "givesup");
    await useCard(owner, cards.asksAlways);
    const { id } = await quoted(owner, await toPlan("professional"));
    await confirm(owner, id);
    advance(2);
    await converge(owner);
    expect(await has(owner)).toEqual({ state: "active", plan: "starter month", addOns: {} });
    expect(await PlanChanges.find(owner.control, owner.tenantId, id)).toMatchObject({ state: "expired" });
    expect(await quote(owner, await toPlan("professional"))).toMatchObject({ kind: "quoted" });
  });

  test("of unknown outcome is made by confirming again, once", async () => {
    const owner = await subscriber(world, "lostreply");
    advance(4);
    const change = await quoted(owner, await toPlan("professional"));
    world.stripe.faults.add({ on: "POST /v1/subscriptions/", action: "lost-reply", count: 3 });
    await expect(confirm(owner, change.id)).rejects.toMatchObject({ code: "unavailable" });
    world.stripe.faults.clear();
    expect(await confirm(owner, change.id)).toMatchObject({ state: "applied" });
    expect(await invoicesOf(owner)).toHaveLength(2);
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("that is billed other than it was shown is a finding and an alarm", async () => {
    const owner = await subscriber(world, "differs");
    advance(6);
    const change = await quoted(owner, await toPlan("professional"));
    await world.system.db.updateTable("planChanges").set({ dueNow: "1.00" }).where("id", "=", change.id).execute();
    const before = world.alarms.length;
    expect(await confirm(owner, change.id)).toMatchObject({ state: "applied", invoiced: change.dueNow });
    expect(await findingsOf(owner)).toMatchObject([
      { kind: "invoice_differs", details: { quoted: "1.00", invoiced: change.dueNow } },
    ]);
    expect(world.alarms.slice(before)).toEqual(["invoice-differs"]);
  });

  test("from the month to the year begins a year now, and credits what is left of the month", async () => {
    const owner = await subscriber(world, "toyear");
    advance(15);
    const change = await quoted(owner, await toPlan("starter", "year"));
    expect(change.kind).toBe("now");
    expect(Number(change.dueNow)).toBeLessThan(990);
    expect(Number(change.dueNow)).toBeGreaterThan(900);
    await confirm(owner, change.id);
    expect(await has(owner)).toMatchObject({ plan: "starter year" });
    expect(await findingsOf(owner)).toEqual([]);
  });
});

describe("a downgrade", () => {
  test("begins when what is paid for has run out, and costs then what was shown", async () => {
    const owner = await subscriber(world, "downgrades", "professional");
    advance(10);
    const change = await changed(owner, await toPlan("starter"));
    expect(change).toMatchObject({ kind: "at_period_end", state: "waiting", dueNow: "0.00", dueNext: "99.00" });
    expect(await has(owner)).toMatchObject({ plan: "professional month" });
    expect((await subscriptionOf(owner)).scheduled).not.toBeNull();
    advance(25);
    await converge(owner);
    expect(await has(owner)).toMatchObject({ state: "active", plan: "starter month" });
    expect(await PlanChanges.find(owner.control, owner.tenantId, change.id)).toMatchObject({ state: "applied" });
    expect((await invoicesOf(owner))[0]).toMatchObject({ total: "99.00" });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("is given up, and the plan goes on", async () => {
    const owner = await subscriber(world, "keepsit", "professional");
    const change = await changed(owner, await toPlan("starter"));
    await expect(quote(owner, await toPlan("professional", "year"))).rejects.toMatchObject({ code: "conflict" });
    const give = () => PlanChanges.cancelScheduled(owner.control, world.subscriptions, { tenantId: owner.tenantId });
    await give();
    await give();
    expect((await subscriptionOf(owner)).scheduled).toBeNull();
    expect(await PlanChanges.find(owner.control, owner.tenantId, change.id)).toMatchObject({ state: "expired" });
    advance(35);
    await converge(owner);
    expect(await has(owner)).toMatchObject({ state: "active", plan: "professional month" });
  });

  test("to a plan without room is blocked with what there is too much of", async () => {
    const owner = await subscriber(world, "toomuch", "professional");
    const used = { branches: 3, users: 12, items: 400 };
    expect(await quote(owner, await toPlan("starter"), used)).toMatchObject({
      kind: "blocked",
      excesses: [
        { limit: "branches", used: 3, max: 1 },
        { limit: "users", used: 12, max: 5 },
      ],
    });
  });

  test("that had room when it was shown, and has none when it is confirmed, is refused", async () => {
    const owner = await subscriber(world, "grewmeanwhile", "professional");
    const { id } = await quoted(owner, await toPlan("starter"));
    await expect(confirm(owner, id, { ...little, branches: 2 })).rejects.toMatchObject({ code: "gone" });
    expect((await subscriptionOf(owner)).scheduled).toBeNull();
  });

  test("counts the room that was bought beside the plan", async () => {
    const owner = await subscriber(world, "roombeside", "professional");
    await changed(owner, addOn("extra_branch", 2));
    expect(await quote(owner, await toPlan("starter"), { ...little, branches: 3 })).toMatchObject({ kind: "quoted" });
    expect(await quote(owner, await toPlan("starter"), { ...little, branches: 4 })).toMatchObject({ kind: "blocked" });
  });
});

describe("an addition", () => {
  test("is bought for the rest of the period, and dropped at its end", async () => {
    const owner = await subscriber(world, "addition");
    advance(10);
    const bought = await changed(owner, addOn("multi_branch"));
    expect(bought).toMatchObject({ kind: "now", state: "applied", invoiced: null });
    expect(await has(owner)).toMatchObject({ addOns: { multi_branch: 1 } });
    const dropped = await changed(owner, addOn("multi_branch", 0));
    expect(dropped).toMatchObject({ kind: "at_period_end", state: "waiting", dueNext: "99.00" });
    expect(await has(owner)).toMatchObject({ addOns: { multi_branch: 1 } });
    advance(25);
    await converge(owner);
    expect(await has(owner)).toEqual({ state: "active", plan: "starter month", addOns: {} });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test("dropped beside a planned downgrade joins it", async () => {
    const owner = await subscriber(world, "joinsplan", "professional");
    await changed(owner, addOn("extra_branch", 2));
    await changed(owner, await toPlan("starter"));
    await changed(owner, addOn("extra_branch", 0));
    advance(35);
    await converge(owner);
    expect(await has(owner)).toEqual({ state: "active", plan: "starter month", addOns: {} });
    expect(await findingsOf(owner)).toEqual([]);
  });

  test.each([
    ["that the plan has", "reports", 1, "conflict"],
    ["that is had already", "extra_branch", 0, "conflict"],
    ["that nobody sells", "teleport", 1, "invalid_input"],
    ["in a number that is none", "extra_branch", Number.NaN, "invalid_input"],
    ["in a number that is too large", "extra_branch", 101, "invalid_input"],
  ])("%s is refused", async (_what, code, quantity, refusal) => {
    const owner = await subscriber(
      world,
      `refused${code.slice(0, 5).replace("_", "")}${String(quantity).toLowerCase()}`,
      "professional",
    );
    await expect(quote(owner, addOn(code, quantity))).rejects.toMatchObject({ code: refusal });
  });

  test("that can be had once is refused twice", async () => {
    const owner = await subscriber(world, "onceonly");
    await expect(quote(owner, addOn("stock_take", 2))).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("nothing changes", () => {
  test("on a trial, for another pharmacy's owner, or while a payment is overdue", async () => {
    const trial = await ownerOnTrial(world, "stilltrial");
    await expect(quote(trial, await toPlan("professional"))).rejects.toMatchObject({ code: "conflict" });
    const owner = await subscriber(world, "overdue");
    await expect(quote({ ...owner, control: trial.control }, addOn("reports"))).rejects.toMatchObject({
      code: "forbidden",
    });
    await useCard(owner, cards.failsLater);
    advance(32);
    await converge(owner);
    expect(await has(owner)).toMatchObject({ state: "past_due" });
    await expect(quote(owner, await toPlan("professional"))).rejects.toThrow(/overdue/);
    await expect(quote(owner, addOn("reports"))).rejects.toThrow(/overdue/);
  });

  test("by a change of another pharmacy", async () => {
    const [mine, theirs] = [await subscriber(world, "minechange"), await subscriber(world, "theirchange")];
    const { id } = await quoted(theirs, await toPlan("professional"));
    await expect(confirm(mine, id)).rejects.toMatchObject({ code: "not_found" });
    await expect(confirm({ ...theirs, control: mine.control }, id)).rejects.toMatchObject({ code: "forbidden" });
    await expect(confirm(theirs, "1'; drop table tenants")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("a cancellation", () => {
  const act = (name: "cancel" | "undoCancel", owner: Owner) =>
    PlanChanges[name](owner.control, world.subscriptions, { tenantId: owner.tenantId, reason: "Too dear" });

  test("keeps access until what is paid for has run out, and can be taken back until then, again and again", async () => {
    const owner = await subscriber(world, "cancels");
    await Promise.all([act("cancel", owner), act("cancel", owner)]);
    expect(await has(owner)).toMatchObject({ state: "cancelled", plan: "starter month" });
    await expect(quote(owner, addOn("reports"))).rejects.toMatchObject({ code: "conflict" });
    await act("undoCancel", owner);
    await act("undoCancel", owner);
    expect(await has(owner)).toMatchObject({ state: "active" });
    await act("cancel", owner);
    expect(await has(owner)).toMatchObject({ state: "cancelled" });
    advance(33);
    await converge(owner);
    expect(await has(owner)).toMatchObject({ state: "suspended" });
    await expect(act("undoCancel", owner)).rejects.toMatchObject({ code: "conflict" });
  });

  test("gives up what was planned for the same moment", async () => {
    const owner = await subscriber(world, "cancelsplanned", "professional");
    const change = await changed(owner, await toPlan("starter"));
    await act("cancel", owner);
    expect(await has(owner)).toMatchObject({ state: "cancelled" });
    expect(await PlanChanges.find(owner.control, owner.tenantId, change.id)).toMatchObject({ state: "expired" });
  });

  test("says in the audit log who asked, and why", async () => {
    const owner = await subscriber(world, "saidwhy");
    await act("cancel", owner);
    const asked = await world.system.db
      .selectFrom("auditLog")
      .select(["actorKind", "actorId", "reason", "sourceIp"])
      .where("tenantId", "=", owner.tenantId)
      .where("action", "=", "subscription.cancel_asked")
      .executeTakeFirstOrThrow();
    expect(asked).toMatchObject({ actorKind: "member", reason: "Too dear", sourceIp: "192.0.2.7" });
  });
});
