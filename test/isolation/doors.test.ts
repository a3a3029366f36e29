import { Modules } from "@pharmasight/core/registry/modules";
import { TenantScope } from "@pharmasight/core/tenant/scope";
import { beforeEach, describe, expect, test } from "vitest";
import { ALFA, BRAVO, origin, PERSON, RecordedTenancy, SESSION } from "./recorded-tenancy.ts";

let world: RecordedTenancy;
beforeEach(() => {
  world = new RecordedTenancy();
});

const KEY = `ps_${"0".repeat(8)}_${"A".repeat(43)}`;
const visit = (host: string) => TenantScope.forVisitor(world.tenancy, host, origin);
const enter = (host: string, token?: string) => TenantScope.forMember(world.tenancy, host, token, origin);
const doors = {
  visitor: () => visit("alfa"),
  member: () => enter("alfa", world.token(ALFA)),
  program: () => TenantScope.forApiKey(world.tenancy, "alfa", KEY, origin),
  job: () => TenantScope.forJob(world.tenancy, ALFA, "test"),
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
      for (const scope of [await visit(host), await TenantScope.forJob(world.tenancy, tenantId, "test")]) {
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

  test("to a pharmacy's records is shut, without a statement, while it is suspended", async () => {
    world.change("alfa", { state: "suspended" });
    expect(await codeOf(doors.member())).toBe("payment_required");
    expect(await codeOf(doors.program())).toBe("payment_required");
    expect(await codeOf(TenantScope.forJob(world.tenancy, ALFA, "test", "refused"))).toBe("payment_required");
    expect(world.statements).toEqual([]);
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

test("a module that was granted ends with its grant", () => {
  const entry = world.entries.get("alfa");
  if (entry === undefined) throw new Error("there is an alfa");
  const granted = { ...entry, grantedModules: [{ module: "pos", expiresAt: world.now }] };
  expect(Modules.isEntitled(granted, "pos", new Date(world.now.getTime() - 1))).toBe(true);
  expect(Modules.isEntitled(granted, "pos", world.now)).toBe(false);
});
