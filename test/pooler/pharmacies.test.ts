import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import type { AppSecret } from "@pharmasight/core/ports/tenant-setup";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pharmacy, signUp, testStack } from "../harness/stack.ts";
import { openRecords, type Records, startTenantProcess, type TenantProcess } from "../harness/tenant-processes.ts";
import { describePooled, type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
import { nothing, residueOf } from "./residue.ts";
import { startWire, type Wire } from "./wire.ts";

/** The pages of two pharmacies from two processes, whose connections share one backend for each pharmacy. */
describePooled("pharmacies behind a transaction pooler", () => {
  let running: Awaited<ReturnType<typeof testStack>>;
  let records: Records;
  let pooler: PgBouncer;
  let wire: Wire;
  let pharmacies: Pharmacy[];
  let processes: TenantProcess[];

  beforeAll(async () => {
    running = await testStack();
    const { stack } = running;
    records = openRecords(stack);
    pooler = await startPgBouncer(stack.cluster);
    wire = await startWire(pooler);
    pharmacies = await Promise.all([signUp(stack, "alfa"), signUp(stack, "bravo")]);
    for (const pharmacy of pharmacies) {
      await createItem(pharmacy);
      await leadThroughPooler(pharmacy);
    }
    processes = await Promise.all([startTenantProcess(stack), startTenantProcess(stack)]);
  });
  afterAll(async () => {
    await Promise.all((processes ?? []).map((process) => process.stop()));
    await records?.close();
    await wire?.stop();
    await pooler?.stop();
    await running?.stop();
  });

  const canaryOf = ({ host }: Pharmacy): string => `Canary of ${host.split(".")[0]}`;

  test("pages asked for at once show each pharmacy its own rows, and leave nothing on the backends", async () => {
    const pages = ["/items", "/items?q=canary", "/api/v1/items", "/settings/people", "/settings/audit", "/"];
    const asked = await Promise.all(
      Array.from({ length: 120 }, async (_, index) => {
        const pharmacy = pharmacies[index % 2] as Pharmacy;
        const path = pages[Math.floor(index / 4) % pages.length] as string;
        const reply = await (processes[Math.floor(index / 2) % 2] as TenantProcess).get(pharmacy, path);
        return { pharmacy, path, reply };
      }),
    );
    for (const { pharmacy, path, reply } of asked) {
      expect({ path, isFine: reply.status === 200 || reply.status === 303 }).toEqual({ path, isFine: true });
      for (const other of pharmacies.filter((one) => one !== pharmacy)) {
        expect(reply.text).not.toContain(canaryOf(other));
        expect(reply.text).not.toContain(other.email);
      }
      if (path.includes("items")) expect(reply.text).toContain(canaryOf(pharmacy));
    }

    const clients = await pooler.console("SHOW CLIENTS");
    for (const pharmacy of pharmacies) {
      const { secret } = await pooledSecretOf(pharmacy);
      const { database } = secret.pooled;
      expect(clients.filter((row) => row["database"] === database && row["user"] === secret.app.user)).toHaveLength(2);
      const [shared] = await records.control`
        select count(*)::integer as backends from pg_stat_activity
        where datname = ${database} and usename = ${secret.app.user}`;
      expect(shared?.["backends"]).toBe(1);
      const place = { host: pooler.host, port: pooler.port, database, ...secret.app };
      const next = postgres({ ...place, max: 1, prepare: false, fetch_types: false });
      expect(await residueOf(next)).toMatchObject(nothing);
      await next.end();
    }
    expect(wire.conversations.length).toBeGreaterThanOrEqual(4);
    for (const { syncsAtOnce, namedStatements } of wire.conversations) {
      expect({ syncsAtOnce, namedStatements }).toEqual({ syncsAtOnce: 1, namedStatements: 0 });
    }
  });

  async function createItem(pharmacy: Pharmacy): Promise<void> {
    const body = JSON.stringify({
      name: canaryOf(pharmacy),
      baseUnit: "tablet",
      retailPrice: "12.50",
      taxClass: "zero_rated",
    });
    const headers = { "content-type": "application/json" };
    const reply = await pharmacy.client.ask(pharmacy.host, "/api/v1/items", { method: "POST", body, headers });
    expect(reply.status).toBe(201);
  }

  async function pooledSecretOf(
    pharmacy: Pharmacy,
  ): Promise<{ reference: string; secret: AppSecret; database: string }> {
    const { appSecret, database } = await records.of(pharmacy);
    return { reference: appSecret, database, secret: JSON.parse(await awsSecrets().read(appSecret)) as AppSecret };
  }

  /** The provider's pooler goes by `role.project`; a plain one by the names that the server has. */
  async function leadThroughPooler(pharmacy: Pharmacy): Promise<void> {
    const { reference, secret, database } = await pooledSecretOf(pharmacy);
    const plain = ({ user, password }: AppSecret["app"]) => ({ user: user.replace(/\.[a-z]{20}$/, ""), password });
    const pooled = { host: wire.host, port: wire.port, database };
    const led = { ...secret, pooled, app: plain(secret.app), reader: plain(secret.reader) };
    await awsSecrets().replace(reference, JSON.stringify(led));
    // Those of the process that signed the pharmacy up went past this pooler.
    await records.control`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${database} and usename = ${led.app.user}`;
  }
});
