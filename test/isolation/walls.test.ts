import { OpenTenants } from "@pharmasight/core/tenant/open-tenants";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DRAIN_SECONDS, type Invariant, Violation } from "./model/judge.ts";
import { Machine } from "./model/machine.ts";
import { type CredentialKind, credentialKinds, nameOf } from "./model/requests.ts";
import { type AskStep, runs, type Step } from "./model/steps.ts";
import { ids } from "./model/tenants.ts";
import { startWorld, type World } from "./model/world.ts";

/** Set by `npm run test:isolation`. */
const asked = {
  seed: Number(process.env.WALLS_SEED ?? 20_261_124),
  path: process.env.WALLS_PATH,
  runs: Number(process.env.WALLS_RUNS ?? 25),
};
const isLong = process.env.WALLS_RUNS !== undefined;
const isReplay = asked.path !== undefined;
const LONG_MS = 12 * 3_600_000;

/** No pharmacy's byte, statement or message reaches another, whatever is asked, queued, changed and broken meanwhile. */
describe("the walls between pharmacies", () => {
  let world: World;
  let machine: Machine;

  beforeAll(async () => {
    world = await startWorld();
    machine = new Machine(world);
  });
  beforeEach(() => machine.begin());
  afterAll(() => world?.stop());

  const ask = (route: number, credential: CredentialKind, more: Partial<AskStep> = {}): AskStep => ({
    kind: "ask",
    tenant: 0,
    other: 0,
    route,
    credential,
    address: "primary",
    known: true,
    ...more,
  });
  const routeOf = (name: string) => machine.routes.findIndex((route) => nameOf(route) === name);

  test.skipIf(isReplay)("stand on every route, for every credential, open or suspended", async () => {
    expect(machine.routes.length).toBeGreaterThan(80);
    const before = machine.judge.coverage.size;
    for (const suspended of [false, true]) {
      if (suspended) await machine.run({ kind: "suspend", tenant: 0, delayed: false });
      for (const route of machine.routes.keys()) {
        for (const credential of credentialKinds) await machine.run(ask(route, credential, { other: route }));
      }
    }
    expect(machine.judge.coverage.size - before).toBe(machine.routes.length * credentialKinds.length * 2);
    expect(machine.judge.statementsSeen).toBeGreaterThan(1000);
    expect(machine.judge.ownRecordsSeen).toBeGreaterThan(4);
  });

  test.skipIf(isReplay)("let a suspended pharmacy's import rest, until somebody comes back who has paid", async () => {
    const [first] = world.tenants;
    if (first === undefined) throw new Error("There are no tenants.");
    const worked = () => world.database(first)`
      select id from pharmacy.outbox where queue = 'item-imports' and done_at is not null and dedupe_key <> 'walls'
        and dedupe_key like ${`item-import:${ids.newImport}:1:%`}`;
    await machine.run({ kind: "enqueue", tenant: 0 });
    await machine.run({ kind: "consume", picks: [0], strangers: [] });
    expect(world.queued.map(({ queue }) => queue)).toEqual(["item-imports"]);
    await machine.run({ kind: "suspend", tenant: 0, delayed: false });
    await machine.run({ kind: "consume", picks: [0], strangers: [] });
    await machine.run({ kind: "pass", seconds: 301 });
    expect(world.queued).toEqual([]);
    await machine.run({ kind: "resume", tenant: 0, delayed: false });
    const before = (await worked()).length;
    await machine.run(ask(routeOf("GET /"), "owner"));
    const turn = world.queued.findIndex(({ queue }) => queue === "item-imports");
    expect(turn).toBeGreaterThanOrEqual(0);
    await machine.run({ kind: "consume", picks: [turn], strangers: [] });
    expect(await worked()).toHaveLength(before + 1);
  });

  test.skipIf(isReplay)("stand when the registry's answers come later than a change", async () => {
    const before = machine.answersOvertaken;
    for (const _ of ["suspended", "paid"]) {
      await machine.run({ kind: "lag", tenant: 0, asks: [ask(routeOf("GET /items"), "owner")] });
      await machine.run({ kind: "pass", seconds: 11 });
      // Refused, and taken again: the judge knows which.
      await machine.run(ask(routeOf("POST /items"), "owner"));
    }
    expect(machine.answersOvertaken - before).toBeGreaterThanOrEqual(2);
  });

  test(
    "stand whatever happens in whatever order",
    async () => {
      let count = 0;
      const property = fc.asyncProperty(runs, async (steps) => {
        count += 1;
        await machine.begin();
        for (const step of [...steps, { kind: "pass", seconds: DRAIN_SECONDS } as const]) {
          await machine.run(step).catch((error: unknown) => {
            // At once, because shrinking takes long, and may be interrupted.
            if (isLong) process.stderr.write(`run ${count}: ${String(error)}\n${JSON.stringify(step)}\n`);
            throw error;
          });
        }
      });
      await fc.assert(property, {
        seed: asked.seed,
        numRuns: asked.runs,
        ...(asked.path === undefined ? {} : { path: asked.path }),
        endOnFailure: false,
        reporter: (details) => {
          if (!details.failed) return;
          const command = `npm run test:isolation -- --seed ${details.seed} --path ${details.counterexamplePath} --runs ${asked.runs}`;
          const { message = "" } = (details.errorInstance ?? {}) as Error;
          throw new Error(`${message}\nAgain: ${command}\n${JSON.stringify(details.counterexample, null, 1)}`);
        },
      });
      if (isLong) {
        const total = machine.routes.length * credentialKinds.length * 3;
        process.stderr.write(
          `seed ${asked.seed}: ${count} runs, ${machine.judge.statementsSeen} statements, ` +
            `${machine.judge.coverage.size} of ${total} route × credential × state, ` +
            `${machine.answersOvertaken} answers overtaken\n`,
        );
      }
    },
    isLong ? LONG_MS : 60_000,
  );

  describe.skipIf(isReplay)("are seen to fall: planted", () => {
    const items = () => routeOf("GET /items");
    const owner = () => ask(items(), "owner");

    async function brokenBy(steps: readonly Step[]): Promise<readonly Invariant[]> {
      try {
        for (const step of steps) await machine.run(step);
      } catch (error) {
        if (error instanceof Violation) return error.broken;
        throw error;
      } finally {
        vi.restoreAllMocks();
      }
      return [];
    }

    /** What the first pharmacy's address leads to, changed. */
    function plant(change: (found: NonNullable<Found>) => NonNullable<Found>): void {
      const original = OpenTenants.prototype.findByHost;
      vi.spyOn(OpenTenants.prototype, "findByHost").mockImplementation(async function (this: OpenTenants, host) {
        const found = await original.call(this, host);
        return found?.entry.tenantId === world.tenants[0]?.tenantId && found !== undefined ? change(found) : found;
      });
    }

    test("nothing, nothing falls", async () => {
      expect(await brokenBy([owner(), ask(items(), "foreign session")])).toEqual([]);
    });

    test("another pharmacy's connection: its canary is shown, and its database asked", async () => {
      const host = world.tenants[1]?.label ?? "";
      const theirs = await world.tenancy.openTenants.findByHost(host);
      plant(({ entry, tenant }) => ({
        entry,
        tenant: Object.create(tenant, { connection: { value: () => theirs?.tenant.connection() } }) as typeof tenant,
      }));
      expect(await brokenBy([owner()])).toEqual(expect.arrayContaining(["canary", "database"]));
    });

    test("an entry from before the suspension: a suspended pharmacy's records are changed", async () => {
      await machine.run({ kind: "suspend", tenant: 0, delayed: false });
      const real = await world.tenancy.openTenants.findByHost(world.tenants[0]?.label ?? "");
      plant(({ entry }) => {
        const active = { ...entry, state: "active" as const };
        const own = { entry: { value: active }, connection: { value: () => real?.tenant.connection() } };
        return { entry: active, tenant: Object.create(real?.tenant ?? null, own) as NonNullable<Found>["tenant"] };
      });
      const writes = ask(routeOf("POST /items"), "owner");
      expect(await brokenBy([writes])).toEqual(expect.arrayContaining(["suspended", "closed"]));
    });

    test("an error that nobody foresaw: the answer is no refusal", async () => {
      plant(() => {
        throw new TypeError("planted");
      });
      expect(await brokenBy([owner()])).toEqual(["closed"]);
    });

    test("a connection that nobody closes: the cap is passed", async () => {
      const [first] = world.tenants;
      if (first === undefined) throw new Error("There are no tenants.");
      await machine.run(owner());
      const end = await world.leak(first);
      expect(await brokenBy([{ kind: "pass", seconds: DRAIN_SECONDS }])).toEqual(["connections"]);
      await end();
    });

    test("another pharmacy's words in a log line, a message and a mail: each is heard", async () => {
      const [first, second] = world.tenants;
      if (first === undefined || second === undefined) throw new Error("There are no tenants.");
      const { tenantId } = first;
      world.log.info("planted", { tenantId, name: second.canary });
      expect(await brokenBy([owner()])).toEqual(["canary"]);
      await world.tenancy.jobs.send("tenant-mail", { tenantId, name: second.canary });
      expect(await brokenBy([owner()])).toEqual(["canary"]);
      await world.tenancy.jobs.send("tenant-mail", { name: "nobody's" });
      expect(await brokenBy([owner()])).toEqual(["closed"]);
    });
  });
});

type Found = Awaited<ReturnType<OpenTenants["findByHost"]>>;
