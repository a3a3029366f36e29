import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { scramVerifier } from "@pharmasight/adapters/postgres/scram";
import type { AppSecret } from "@pharmasight/core/ports/tenant-setup";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Reply } from "../harness/client.ts";
import { eventually, type Pharmacy, ROOT, signUp, testStack } from "../harness/stack.ts";
import { openRecords, type Records, startTenantProcess, type TenantProcess } from "../harness/tenant-processes.ts";
import { startWire, type Wire } from "../pooler/wire.ts";

/** Tells the processes' connections from those of the stack's own functions. */
const STAGE = "caps";
const PROCESSES = 4;
const POOL_SIZE = 3;
/** The promise to an operator: how long a change of the registry may take to bite everywhere. */
const BITES_WITHIN_MS = 10_000;
/** Registry looks are this far apart, and open pharmacies are served so long while they fail. */
const CHECK_SECONDS = 5;
const GRACE_SECONDS = 60;
/** A connection is not used for longer. */
const MAX_AGE_SECONDS = 300;

/** Several real processes of the tenant plane, and what an operator may do to a pharmacy while they serve it. */
describe("processes that serve the same pharmacies", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let records: Records;
  let wayToControl: Wire;
  let processes: TenantProcess[];
  let alfa: Pharmacy;
  let bravo: Pharmacy;
  const loads: Load[] = [];

  beforeAll(async () => {
    running = await testStack();
    const { stack } = running;
    records = openRecords(stack);
    wayToControl = await startWire({ host: stack.cluster.host, port: stack.cluster.port });
    const { registryReader } = stack.controlDatabase;
    const { host, port } = wayToControl;
    const { reference } = await awsSecrets().create(
      "registry-by-wire",
      JSON.stringify({ ...registryReader, host, port }),
    );
    [alfa, bravo] = await Promise.all([signUp(stack, "alfa"), signUp(stack, "bravo")]);
    // What is tested is not how many requests a pharmacy may send.
    await records.control`update control.tenants set flags = flags || '{"requestsPerMinute": 100000000}'`;
    // A pharmacy stays open, and a connection may be idle, for longer than its age: so nothing but age ends it here.
    const settings = {
      STAGE,
      OPEN_TENANT_TTL_SECONDS: "3600",
      TENANT_IDLE_SECONDS: "3600",
      REGISTRY_DATABASE_SECRET: reference,
      TENANT_POOL_SIZE: String(POOL_SIZE),
    };
    processes = await Promise.all(Array.from({ length: PROCESSES }, () => startTenantProcess(stack, settings)));
  });
  afterEach(async () => {
    await Promise.all(loads.splice(0).map((load) => load.end()));
  });
  afterAll(async () => {
    await Promise.all((processes ?? []).map((process) => process.stop()));
    await records?.close();
    await wayToControl?.stop();
    await running?.stop();
  });

  /** Asks one process for a page, over and over. */
  function loadOf(process: TenantProcess, pharmacy: Pharmacy, path = "/api/v1/items"): Load {
    const load = new Load(() => process.get(pharmacy, path));
    loads.push(load);
    return load;
  }

  const allAnswer = async (pharmacy: Pharmacy) => {
    for (const process of processes) expect((await process.get(pharmacy, "/api/v1/items")).status).toBe(200);
  };

  /** How long it takes each process to answer as it should, from now; they are asked side by side. */
  const bites = (look: (process: TenantProcess) => Promise<boolean>): Promise<number[]> => {
    const from = performance.now();
    return Promise.all(
      processes.map(async (process) => {
        await eventually("the change", async () => ((await look(process)) ? true : undefined));
        return performance.now() - from;
      }),
    );
  };

  const backendsOf = async (pharmacy: Pharmacy): Promise<number[]> => {
    const { database } = await records.of(pharmacy);
    const rows = await records.control`
      select pid from pg_stat_activity where datname = ${database} and application_name = ${`pharmasight-tenant-${STAGE}`}`;
    return rows.map((row) => Number(row["pid"]));
  };

  test("suspending a pharmacy, and letting it in again, bites in each process within ten seconds", async () => {
    await allAnswer(alfa);
    const { tenantId } = await records.of(alfa);
    const state = (name: string) => records.control`update control.tenants set state = ${name} where id = ${tenantId}`;
    await state("suspended");
    // What is read stays open; a form to write with does not.
    const out = await bites(async (process) => (await process.get(alfa, "/items/new")).status === 402);
    expect(Math.max(...out)).toBeLessThan(BITES_WITHIN_MS);
    await state("trial");
    const back = await bites(async (process) => (await process.get(alfa, "/items/new")).status === 200);
    expect(Math.max(...back)).toBeLessThan(BITES_WITHIN_MS);
    await allAnswer(bravo);
  });

  test("renaming a pharmacy bites in each process within ten seconds, and the old name sends on", async () => {
    await allAnswer(bravo);
    const { tenantId } = await records.of(bravo);
    const newHost = `charlie.${ROOT}`;
    for (const process of processes) expect((await process.get(bravo, "/items", newHost)).status).toBe(404);
    await records.control.begin(async (sql) => {
      await sql`update control.tenant_hosts set kind = 'redirect', until = now() + interval '1 day' where host = 'bravo'`;
      await sql`insert into control.tenant_hosts (host, tenant_id, kind, created_at) values ('charlie', ${tenantId}, 'primary', now())`;
    });
    const renamed = await bites(async (process) => {
      const [old, now] = [await process.get(bravo, "/items"), await process.get(bravo, "/items", newHost)];
      return old.status === 308 && String(old.headers["location"]).includes(newHost) && now.status === 200;
    });
    expect(Math.max(...renamed)).toBeLessThan(BITES_WITHIN_MS);
    await records.control.begin(async (sql) => {
      await sql`delete from control.tenant_hosts where host = 'charlie'`;
      await sql`update control.tenant_hosts set kind = 'primary', until = null where host = 'bravo'`;
    });
    await bites(async (process) => (await process.get(bravo, "/items")).status === 200);
  });

  test.each(["secret first", "database first"] as const)(
    "a new password fails no request under load: %s",
    async (order) => {
      await allAnswer(alfa);
      const under = processes.flatMap((process) => [loadOf(process, alfa), loadOf(process, alfa)]);
      await Promise.all(under.map((load) => load.more(5)));
      const { appSecret } = await records.of(alfa);
      const secret = JSON.parse(await awsSecrets().read(appSecret)) as AppSecret;
      const rotated = { ...secret, app: { ...secret.app, password: `rotated-${order.replace(" ", "-")}` } };
      const role = secret.app.user.replace(/\.[a-z]{20}$/, "");
      const changes = [
        () => awsSecrets().replace(appSecret, JSON.stringify(rotated)),
        async () => {
          const verifier = await scramVerifier(rotated.app.password);
          await records.control.unsafe(`alter role "${role}" password '${verifier}'`);
        },
      ];
      const before = new Set(await backendsOf(alfa));
      for (const change of order === "secret first" ? changes : changes.toReversed()) {
        await change();
        await Promise.all(under.map((load) => load.more(2)));
      }
      // Every connection of before is past its age now, so the next one of each process needs the new password.
      await Promise.all(processes.map((process) => process.jump(MAX_AGE_SECONDS + 1)));
      await Promise.all(under.map((load) => load.more(20)));
      const after = await eventually("connections with the new password only", async () => {
        const open = await backendsOf(alfa);
        return open.some((pid) => before.has(pid)) ? undefined : open;
      });
      expect(after.length).toBeGreaterThanOrEqual(PROCESSES);
      for (const load of under) expect(load.failures).toEqual([]);
    },
  );

  test("a thawed process closes what is past its age, and the requests at the thaw get their answers", async () => {
    const process = processes[0] as TenantProcess;
    await Promise.all(Array.from({ length: 10 }, () => process.get(alfa, "/api/v1/items")));
    for (const other of processes.slice(1)) await other.stop();
    const before = await eventually("the connections of one process", async () => {
      const open = await backendsOf(alfa);
      return open.length <= POOL_SIZE ? open : undefined;
    });
    process.freeze();
    // What the pooler does to clients that it has not heard of for long, on some of them.
    await records.control`select pg_terminate_backend(${before[0] ?? 0}, 5000)`;
    const asked = Array.from({ length: 10 }, () => process.get(alfa, "/api/v1/items"));
    const jumped = process.jump(MAX_AGE_SECONDS + 1);
    process.thaw();
    await jumped;
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses).toEqual(statuses.map(() => 200));
    expect((await process.get(alfa, "/api/v1/items")).status).toBe(200);
    await eventually("none of the old connections", async () => {
      const open = await backendsOf(alfa);
      return open.length > 0 && !open.some((pid) => before.includes(pid)) ? true : undefined;
    });
  });

  test("a change of the registry leaves no connection of before open", async () => {
    const process = processes[0] as TenantProcess;
    await Promise.all(Array.from({ length: 10 }, () => process.get(alfa, "/api/v1/items")));
    const before = await backendsOf(alfa);
    expect(before.length).toBeGreaterThan(0);
    const { tenantId } = await records.of(alfa);
    await records.control`update control.tenants set updated_at = updated_at where id = ${tenantId}`;
    await process.jump(CHECK_SECONDS + 1);
    expect((await process.get(alfa, "/api/v1/items")).status).toBe(200);
    const gone = async () => {
      const open = await backendsOf(alfa);
      return open.length > 0 && !open.some((pid) => before.includes(pid)) ? true : undefined;
    };
    await eventually("none of the old connections", gone, BITES_WITHIN_MS);
  });

  test("ten times as many requests as connections open no more connections or descriptors than the cap", async () => {
    const process = processes[0] as TenantProcess;
    const pharmacies = [alfa, bravo];
    await Promise.all(pharmacies.map((pharmacy) => process.get(pharmacy, "/api/v1/items")));
    const idle = await process.descriptors();
    const width = 10 * POOL_SIZE;
    const under = pharmacies.flatMap((pharmacy) => Array.from({ length: width }, () => loadOf(process, pharmacy)));
    let most = 0;
    for (let look = 0; look < 20; look += 1) {
      await under[0]?.more(2);
      const open = await Promise.all(pharmacies.map(backendsOf));
      most = Math.max(most, ...open.map((pids) => pids.length));
      // One socket for each request that is under way, one for each connection, and a few of the platform's own.
      expect(await process.descriptors()).toBeLessThan(idle + 2 * width + 2 * POOL_SIZE + 10);
    }
    expect(most).toBe(POOL_SIZE);
    await Promise.all(loads.splice(0).map((load) => load.end()));
    for (const load of under) expect(load.failures).toEqual([]);
  });

  test("a silent control database lets open pharmacies be served a minute longer, then nobody, then all again", async () => {
    const process = processes[0] as TenantProcess;
    expect((await process.get(alfa, "/api/v1/items")).status).toBe(200);
    const under = [loadOf(process, alfa), loadOf(process, bravo)];
    await Promise.all(under.map((load) => load.more(3)));
    await wayToControl.down();
    await process.jump(CHECK_SECONDS + 1);
    await Promise.all(under.map((load) => load.more(5)));
    await process.jump(GRACE_SECONDS - CHECK_SECONDS - 5);
    await Promise.all(under.map((load) => load.more(5)));
    for (const load of under) expect(load.failures).toEqual([]);

    await process.jump(2 * CHECK_SECONDS);
    const refused = await eventually("the end of the grace", async () => {
      const reply = await process.get(alfa, "/api/v1/items");
      return reply.status === 503 ? reply : undefined;
    });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    await Promise.all(under.map((load) => load.end()));
    for (const load of under) expect(load.failures.every(({ status }) => status === 503)).toBe(true);

    await wayToControl.up();
    const from = performance.now();
    await eventually("service again", async () =>
      (await process.get(alfa, "/api/v1/items")).status === 200 ? true : undefined,
    );
    expect(performance.now() - from).toBeLessThan(BITES_WITHIN_MS);
    expect((await process.get(bravo, "/api/v1/items")).status).toBe(200);
  });
});

/** Requests one after another, until the end is asked for. */
class Load {
  /** Answers other than 200. */
  readonly failures: { readonly status: number; readonly text: string }[] = [];
  #answers = 0;
  #isEnding = false;
  readonly #done: Promise<void>;

  constructor(ask: () => Promise<Reply>) {
    this.#done = this.#run(ask);
  }

  /** Waits for so many more answers. */
  async more(count: number): Promise<void> {
    const enough = this.#answers + count;
    await eventually("more answers", async () => (this.#answers >= enough ? true : undefined));
  }

  end(): Promise<void> {
    this.#isEnding = true;
    return this.#done;
  }

  async #run(ask: () => Promise<Reply>): Promise<void> {
    while (!this.#isEnding) {
      const { status, text } = await ask();
      this.#answers += 1;
      if (status !== 200) this.failures.push({ status, text: text.slice(0, 300) });
    }
  }
}
