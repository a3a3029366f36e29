import { setTimeout as sleep } from "node:timers/promises";
import { adoptedSecretName, secretName } from "@pharmasight/core/control/provisioning/credentials";
import {
  Provisioning,
  type ProvisioningPorts,
  type ProvisioningSettings,
} from "@pharmasight/core/control/provisioning/provisioning";
import postgres from "postgres";
import { expect } from "vitest";
import * as z from "zod";
import type { ControlWorld } from "./world.ts";

export const appSecretSchema = z.object({
  pooled: z.object({ host: z.string(), port: z.number(), database: z.string() }),
  app: z.object({ user: z.string(), password: z.string() }),
  reader: z.object({ user: z.string(), password: z.string() }),
});

const ENDED: readonly string[] = ["done", "failed", "rolled_back"];

/** What a test of provisioning asks of its world, and does in it. */
export class ProvisioningJobs {
  readonly #world: ControlWorld;
  readonly #settings: ProvisioningSettings;

  /** @param settings by default the world's */
  constructor(world: ControlWorld, settings: ProvisioningSettings = world.settings) {
    this.#world = world;
    this.#settings = settings;
  }

  advance = (jobId: string, ports: ProvisioningPorts = this.#world.ports): Promise<void> =>
    Provisioning.advance(this.#world.system, ports, this.#settings, jobId);

  jobOf = (jobId: string) =>
    this.#world.system.db.selectFrom("provisioningJobs").selectAll().where("id", "=", jobId).executeTakeFirstOrThrow();

  stepsOf = (jobId: string) =>
    this.#world.system.db
      .selectFrom("provisioningSteps")
      .selectAll()
      .where("jobId", "=", jobId)
      .orderBy("position")
      .execute();

  attemptsOf = (jobId: string) =>
    this.#world.system.db
      .selectFrom("provisioningAttempts")
      .selectAll()
      .where("jobId", "=", jobId)
      .orderBy("fence")
      .execute();

  tenantOf = (tenantId: string) =>
    this.#world.system.db.selectFrom("tenants").selectAll().where("id", "=", tenantId).executeTakeFirstOrThrow();

  databaseOf = (tenantId: string) =>
    this.#world.system.db
      .selectFrom("tenantDatabases")
      .selectAll()
      .where("tenantId", "=", tenantId)
      .executeTakeFirstOrThrow();

  hintsOf = (jobId: string) => this.#world.sent.filter(({ message }) => message.jobId === jobId);

  /** Advances the job, as its hints would, until `reached`. Time passes between two hints. */
  async advanceUntil(
    jobId: string,
    reached: () => Promise<boolean>,
    ports: ProvisioningPorts = this.#world.ports,
  ): Promise<void> {
    for (let hint = 0; hint < 400; hint += 1) {
      if (await reached()) return;
      await this.advance(jobId, ports);
      this.#world.clock.advance(3);
      const open = (await this.stepsOf(jobId)).find((step) => step.state !== "done");
      if (open?.name === "await_database") await sleep(20);
    }
    throw new Error(`The job got stuck: ${JSON.stringify(await this.stepsOf(jobId))}`);
  }

  ended = (jobId: string) => async () => ENDED.includes((await this.jobOf(jobId)).state);

  nextIs = (jobId: string, name: string) => async () =>
    (await this.stepsOf(jobId)).find((step) => step.state !== "done")?.name === name;

  /** Asks the tenant's database on the credential that requests are served with. */
  async askTenant(tenantId: string, query: string): Promise<readonly Record<string, unknown>[]> {
    const { appSecretArn } = await this.databaseOf(tenantId);
    const secret = await this.#world.ports.secrets.read(appSecretArn ?? "");
    const { pooled, app } = appSecretSchema.parse(JSON.parse(secret));
    const { user: username, password } = app;
    const sql = postgres({ ...pooled, username, password, max: 1, prepare: false, fetch_types: false });
    try {
      return [...(await sql.unsafe(query))];
    } finally {
      await sql.end();
    }
  }

  projectsOf = (tenantId: string) =>
    this.#world.supabase.projects().filter(({ name }) => name === `pharmasight-${tenantId}`);

  customersOf = (tenantId: string) =>
    this.#world.stripe.customers().filter(({ metadata }) => metadata.tenant_id === tenantId);

  /** Which secrets the tenant has: its two, and those of its first adoptions. */
  async secretsOf(tenantId: string, jobId: string): Promise<readonly string[]> {
    const naming = { control: this.#world.system, stage: this.#world.settings.stage, tenantId, jobId };
    const names = new Map([
      ["owner", await secretName(naming, "owner")],
      ["app", await secretName(naming, "app")],
    ]);
    for (const number of [1, 2, 3]) names.set(`adopted ${number}`, await adoptedSecretName(naming, number));
    const there: string[] = [];
    for (const [what, name] of names) {
      const found = await this.#world.ports.secrets.read(name).catch(() => undefined);
      if (found !== undefined) there.push(what);
    }
    return there;
  }

  welcomesOf = (tenantId: string) =>
    this.#world.system.db
      .selectFrom("outbox")
      .select(["id", "payload"])
      .where("dedupeKey", "like", `welcome:${tenantId}%`)
      .orderBy("id")
      .execute();

  auditOf = (tenantId: string) =>
    this.#world.system.db
      .selectFrom("auditLog")
      .select(["action", "actorKind", "actorId", "reason"])
      .where("tenantId", "=", tenantId)
      .orderBy("at")
      .execute();

  /** What must be there once, however often a step was run. */
  async expectOneOfEach(tenantId: string, email: string): Promise<void> {
    const projects = this.projectsOf(tenantId);
    expect(projects).toHaveLength(1);
    expect(await this.databaseOf(tenantId)).toMatchObject({ projectRef: projects[0]?.ref });
    await this.expectOpen(tenantId, email);
  }

  /** As `expectOneOfEach`, wherever the database is. */
  async expectOpen(tenantId: string, email: string): Promise<void> {
    expect(this.customersOf(tenantId)).toMatchObject([{ email }]);
    const tenant = await this.tenantOf(tenantId);
    expect(tenant).toMatchObject({ state: "trial" });
    expect(tenant.schemaVersion).toBeGreaterThan(0);
    expect(await this.welcomesOf(tenantId)).toHaveLength(1);
    expect(await this.askTenant(tenantId, "select email, role from pharmacy.users")).toEqual([
      { email, role: "owner" },
    ]);
    expect(await this.askTenant(tenantId, "select tenant_id::text from pharmacy.identity")).toEqual([
      { tenant_id: tenantId },
    ]);
    expect((await this.auditOf(tenantId)).filter(({ action }) => action === "tenant.opened")).toHaveLength(1);
  }

  /** The same ports, except that `intercept` stands before every call. */
  intercepted(intercept: (method: string, call: () => Promise<unknown>) => Promise<unknown>): ProvisioningPorts {
    const wrap = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== "function") return method;
          return (...args: unknown[]) =>
            intercept(String(name), async () => Reflect.apply(method, target, args) as Promise<unknown>);
        },
      });
    const { setup, secrets, payments } = this.#world.ports;
    const { supabase, postgres: server } = this.#world.hosts;
    const hosts = { supabase: wrap(supabase), postgres: wrap(server) };
    return { hosts, setup: wrap(setup), secrets: wrap(secrets), payments: wrap(payments) };
  }
}
