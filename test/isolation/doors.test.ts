import { type Act, Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import { beforeEach, describe, expect, test } from "vitest";
import { ALFA, BRAVO, origin, PERSON, RecordedTenancy, SESSION } from "./recorded-tenancy.ts";

let world: RecordedTenancy;
beforeEach(() => {
  world = new RecordedTenancy();
});

const KEY = `ps_${"0".repeat(8)}_${"A".repeat(43)}`;
const visit = (host: string) => TenantScope.forVisitor(world.tenancy, host, origin);
const enter = (host: string, token?: string, act: Act = "work") =>
  TenantScope.forMember(world.tenancy, host, token, origin, act);
const call = (act: Act) => TenantScope.forApiKey(world.tenancy, "alfa", KEY, origin, act);
const run = (tenantId: string, act: Act = "work") => TenantScope.forJob(world.tenancy, tenantId, "test", act);
const doors = {
  visitor: () => visit("alfa"),
  member: () => enter("alfa", world.token(ALFA)),
  program: () => call("work"),
  job: () => run(ALFA),
  operator: () =>
    TenantScope.forOperator(world.tenancy, ALFA, { operatorId: "o", reason: "the owner asked us to look" }),
};
const codeOf = (entering: Promise<unknown>) =>
  entering.then(
    () => "entered",
    (error: { code?: string }) => error.code ?? "an unexpected error",
  );
const aliveAt = (...tenantIds: string[]) => {
  world.answer = ({ tenantId, text }) =>
    text.includes('"sessions"') && tenantIds.includes(tenantId) ? [world.sessionRow()] : [];
};

describe("each door", () => {
  test("leads to the database of the pharmacy that was asked for, whoever was there before", async () => {
    for (const [host, tenantId] of [
      ["alfa", ALFA],
      ["bravo", BRAVO],
      ["alfa", ALFA],
    ] as const) {
      for (const scope of [await visit(host), await run(tenantId)]) {
        await scope.db.selectFrom("items").select("id").execute();
        expect([scope.tenant.tenantId, world.statements.at(-1)?.tenantId]).toEqual([tenantId, tenantId]);
      }
    }
  });

  test.each([
    ["closed", "not_found"],
    ["provisioning", "unavailable"],
    ["provisioning_failed", "unavailable"],
  ] as const)("is shut, without a statement, while a pharmacy is %s", async (state, code) => {
    world.change("alfa", { state });
    for (const [door, knock] of Object.entries(doors))
      expect({ door, code: await codeOf(knock()) }).toEqual({ door, code });
    expect(world.statements).toEqual([]);
  });

  test("is shut, without a statement, to code that is ahead of the database", async () => {
    world.change("alfa", { schemaVersion: 0 });
    for (const [door, knock] of Object.entries(doors))
      expect({ door, code: await codeOf(knock()) }).toEqual({ door, code: "maintenance" });
    expect(world.statements).toEqual([]);
  });

  test("is shut to work, without a statement, while a pharmacy is suspended", async () => {
    world.change("alfa", { state: "suspended" });
    for (const act of ["work", "finish_document", "grow"] as const) {
      expect(await codeOf(enter("alfa", world.token(ALFA), act))).toBe("payment_required");
      expect(await codeOf(call(act))).toBe("payment_required");
      expect(await codeOf(run(ALFA, act))).toBe("payment_required");
    }
    expect(world.statements).toEqual([]);
  });

  test("is open to signing in, paying, reading and exporting while a pharmacy is suspended", async () => {
    world.change("alfa", { state: "suspended" });
    world.answer = ({ text }) => (text.includes('"sessions"') ? [world.sessionRow()] : keyRows(text));
    for (const act of ["sign_in", "see_billing", "read_records", "export"] as const) {
      const scope = await enter("alfa", world.token(ALFA), act);
      expect(scope.mayWork).toBe(false);
      expect(await codeOf(run(ALFA, act))).toBe("entered");
    }
    expect(await codeOf(call("read_records"))).toBe("entered");
  });

  test("for programs needs API access, to read too and whatever is overdue", async () => {
    world.answer = ({ text }) => keyRows(text);
    world.change("alfa", { state: "past_due", graceEndsAt: world.now });
    expect(await codeOf(call("read_records"))).toBe("entered");
    expect(await codeOf(call("work"))).toBe("module_required");
    for (const state of ["active", "past_due", "suspended"] as const) {
      world = new RecordedTenancy();
      world.answer = ({ text }) => keyRows(text);
      world.change("alfa", { state, includedModules: ["inventory"] });
      expect(await codeOf(call("read_records"))).toBe("module_required");
    }
  });

  test("is not at an old name, which only leads to the new one", async () => {
    world.change("alfa", { hostKind: "redirect", hostUntil: new Date(world.now.getTime() + 1000) });
    for (const knock of [doors.visitor, doors.member, doors.program]) expect(await codeOf(knock())).toBe("not_found");
    expect(world.statements).toEqual([]);
  });

  test("for an operator gives the reader's connection, and only the entry in the log is written by another", async () => {
    const { db } = await doors.operator();
    await db.selectFrom("items").select("id").execute();
    expect(world.statements.map(({ role }) => role)).toEqual(["app", "reader"]);
  });
});

describe("a session's token", () => {
  beforeEach(() => aliveAt(ALFA, BRAVO));

  test("opens the pharmacy that it was made for", async () => {
    expect(await codeOf(enter("alfa", world.token(ALFA)))).toBe("entered");
  });

  test.each([
    ["of another pharmacy", () => world.token(BRAVO)],
    ["of another pharmacy that names this one", () => world.token(BRAVO, ALFA)],
    ["of this pharmacy's key that names another", () => world.token(ALFA, BRAVO)],
    ["signed for another purpose", () => world.token(ALFA, ALFA, "second-step")],
    ["without a signature", () => `${world.token(ALFA).split(".")[0]}.`],
  ])("%s opens nothing and costs no statement", async (_, token) => {
    expect(await codeOf(enter("alfa", token()))).toBe("unauthenticated");
    expect(world.statements).toEqual([]);
  });

  test("whose session lives at one pharmacy is refused at another that has ended the same one", async () => {
    aliveAt(ALFA);
    expect(await codeOf(enter("alfa", world.token(ALFA)))).toBe("entered");
    expect(await codeOf(enter("bravo", world.token(BRAVO)))).toBe("unauthenticated");
  });
});

describe("what is forgotten while it is being looked up is not kept", () => {
  test("a session", async () => {
    const { promise: looked, resolve: answer } = Promise.withResolvers<void>();
    world.answer = async ({ text }) => {
      if (!text.includes('"sessions"')) return [];
      await looked;
      return [world.sessionRow()];
    };
    const early = codeOf(enter("alfa", world.token(ALFA)));
    await expect.poll(() => world.statements.length).toBe(1);
    (await visit("alfa")).forgetSession(SESSION);
    answer();
    expect(await early).toBe("entered");
    world.answer = () => [];
    expect(await codeOf(enter("alfa", world.token(ALFA)))).toBe("unauthenticated");
  });

  test("an API key", async () => {
    const { promise: looked, resolve: answer } = Promise.withResolvers<void>();
    world.answer = async ({ text }) => {
      if (!text.startsWith("select")) return [];
      await looked;
      return [{ keyId: PERSON, scopes: ["items:read"], expiresAt: null }];
    };
    const early = codeOf(doors.program());
    await expect.poll(() => world.statements.length).toBe(1);
    const { hashKey } = await import("@pharmasight/core/tenant/api-keys/key");
    (await visit("alfa")).forgetApiKey(hashKey(ALFA, KEY));
    answer();
    expect(await early).toBe("entered");
    world.answer = () => [];
    expect(await codeOf(doors.program())).toBe("unauthenticated");
  });
});

describe("a message of a pharmacy", () => {
  const row = { id: PERSON, queue: "tenant-events", payload: { tenantId: BRAVO, event: "x" }, dueAt: new Date(0) };

  test("names the pharmacy whose outbox it was in, whatever its payload says", async () => {
    world.answer = ({ text }) => (text.includes("select id, queue") ? [row] : []);
    await (await visit("alfa")).relay();
    expect(world.sent).toEqual([{ queue: "tenant-events", message: { tenantId: ALFA, event: "x", outboxId: PERSON } }]);
  });

  test("is hinted at under the pharmacy's own id", async () => {
    const scope = await visit("alfa");
    await scope.tx((tx) => tx.emit({ queue: "tenant-mail", payload: {}, dedupeKey: "x" }));
    expect(world.sent[0]).toEqual({ queue: "tenant-relay", message: { tenantId: ALFA } });
  });
});

test("an address that nobody had is looked up again after five seconds, though no counter moved", async () => {
  expect(await codeOf(visit("gamma"))).toBe("not_found");
  const alfa = world.entries.get("alfa");
  if (alfa !== undefined) world.entries.set("gamma", { ...alfa, host: "gamma" });
  world.now = new Date(world.now.getTime() + 5001);
  expect(await codeOf(visit("gamma"))).toBe("entered");
});

test("strangers who used up their room at one pharmacy have their own at another", async () => {
  world.answer = ({ text }) => (text.includes("request_quotas") ? [{ taken: "0" }] : []);
  const requests = async (host: string, count: number) => {
    const scope = await visit(host);
    const counted = await Promise.all(Array.from({ length: count }, () => scope.countRequest()));
    return counted.filter(({ refusal }) => refusal !== undefined).length;
  };
  world.answer = ({ tenantId }) => [{ taken: tenantId === ALFA ? "1000000" : "1" }];
  expect(await requests("alfa", 400)).toBeGreaterThan(0);
  expect(await requests("bravo", 1)).toBe(0);
});

const keyRows = (text: string) =>
  text.includes('"apiKeys"') && text.startsWith("select")
    ? [{ keyId: PERSON, scopes: ["items:read", "items:write"], expiresAt: null }]
    : [];

test("a module that was granted ends with its grant", () => {
  const entry = world.entries.get("alfa");
  if (entry === undefined) throw new Error("there is an alfa");
  const grant = { module: "pos", source: "grant" as const, title: null, expiresAt: world.now };
  const terms = Entitlements.termsOf({ ...entry, grantedModules: [grant] });
  expect(Entitlements.module(terms, "pos", new Date(world.now.getTime() - 1)).isAllowed).toBe(true);
  expect(Entitlements.module(terms, "pos", world.now).isAllowed).toBe(false);
});
