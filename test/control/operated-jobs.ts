import { Mails } from "@pharmasight/core/control/mails/mails";
import {
  type AdoptedDatabase,
  Provisioning,
  type ProvisioningPorts,
} from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError } from "@pharmasight/core/kernel/errors";
import postgres from "postgres";
import { expect } from "vitest";
import { ProvisioningJobs } from "./provisioning-jobs.ts";
import { type ControlWorld, openTenant } from "./world.ts";

/** What every operation of these tests gives as its reason. */
export const reason = "asked for by the on-call rota";
/** Of every database that is made by hand. */
export const PASSWORD = "made-by-hand-0815";

/** Jobs that an operator has to do with. */
export class OperatedJobs extends ProvisioningJobs {
  readonly #world: ControlWorld;

  constructor(world: ControlWorld) {
    super(world);
    this.#world = world;
  }

  clearFaults(): void {
    for (const vendor of [this.#world.supabase, this.#world.stripe, this.#world.secretsManager]) vendor.faults.clear();
  }

  retry = (tenantId: string) => Provisioning.retry(this.#world.operator, tenantId, { reason });

  rollback = (tenantId: string) => Provisioning.rollback(this.#world.operator, tenantId, { reason });

  adopt = (tenantId: string, database: AdoptedDatabase, ports: ProvisioningPorts = this.#world.ports) =>
    Provisioning.adopt(this.#world.operator, ports, this.#world.settings, tenantId, { database, reason });

  async jobIdOf(tenantId: string): Promise<string> {
    const job = await this.#world.system.db
      .selectFrom("provisioningJobs")
      .select("id")
      .where("tenantId", "=", tenantId)
      .executeTakeFirstOrThrow();
    return job.id;
  }

  refusing = (method: string, error: Error): ProvisioningPorts =>
    this.intercepted(async (called, call) => {
      if (called === method) throw error;
      return call();
    });

  /** A pharmacy whose job is over at a call that never succeeded. */
  async failedAt(subdomain: string, method: string) {
    const tenant = await openTenant(this.#world, subdomain);
    const ports = this.refusing(method, new DomainError("invalid_input", `The provider refuses ${method}.`));
    await this.advanceUntil(tenant.jobId, this.ended(tenant.jobId), ports);
    expect(await this.jobOf(tenant.jobId)).toMatchObject({ state: "failed" });
    return tenant;
  }

  /** A worker that stands in the middle of a call until it is let go. */
  async heldAt(jobId: string, method: string) {
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const ports = this.intercepted(async (called, call) => {
      if (called === method) {
        reached.resolve();
        await held.promise;
      }
      return call();
    });
    const worker = this.advance(jobId, ports);
    await reached.promise;
    return {
      letGo: async () => {
        held.resolve();
        await worker;
      },
    };
  }

  async asSuperuser<T>(run: (sql: postgres.Sql) => Promise<T>, database = "postgres"): Promise<T> {
    const { host, port, superuser } = this.#world.cluster;
    const sql = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
    try {
      return await run(sql);
    } finally {
      await sql.end();
    }
  }

  /** A project that a person made in the provider's dashboard. */
  async projectByHand(name: string): Promise<AdoptedDatabase & { kind: "project" }> {
    const hosts = this.#world.hosts.supabase;
    const wanted = { name, ownerPassword: PASSWORD, region: this.#world.supabase.region, size: "micro" };
    const { ref } = await hosts.create(wanted);
    await expect.poll(async () => (await hosts.inspect(ref)).status, { timeout: 20_000 }).toBe("ready");
    return { kind: "project", ref, password: PASSWORD };
  }

  /** A database on a server that has nothing to do with the provider. */
  async databaseElsewhere(name: string): Promise<AdoptedDatabase & { kind: "elsewhere" }> {
    const user = `owner_of_${name}`;
    await this.asSuperuser(async (sql) => {
      await sql.unsafe(`create role ${user} login createrole password '${PASSWORD}'`);
      await sql.unsafe(`grant pharmacy_app, pharmacy_reader to ${user} with admin option`);
      await sql.unsafe(`create database ${name} owner ${user}`);
    });
    const { host, port } = this.#world.cluster;
    const endpoint = { host, port, database: name };
    return { kind: "elsewhere", session: endpoint, pooled: endpoint, user, password: PASSWORD, userSuffix: "" };
  }

  /** As `rollback` leaves a job. @param kept projects that a person made under the tenant's name */
  async expectNothingLeft(tenantId: string, jobId: string, kept: readonly string[] = []): Promise<void> {
    expect(await this.jobOf(jobId)).toMatchObject({ state: "rolled_back", finishedAt: expect.any(Date) });
    expect(await this.tenantOf(tenantId)).toMatchObject({ state: "closed" });
    expect(
      this.projectsOf(tenantId)
        .map(({ ref }) => ref)
        .toSorted(),
    ).toEqual(kept.toSorted());
    expect(this.customersOf(tenantId)).toEqual([]);
    expect(await this.secretsOf(tenantId, jobId)).toEqual([]);
    const { db } = this.#world.system;
    expect(await db.selectFrom("tenantHosts").selectAll().where("tenantId", "=", tenantId).execute()).toEqual([]);
    expect(await db.selectFrom("signUps").selectAll().where("tenantId", "=", tenantId).execute()).toEqual([]);
    expect(await Provisioning.progress(this.#world.system, tenantId)).toBeUndefined();
    const welcome = { template: "welcome", tenantId };
    expect(await Mails.compose(this.#world.system, "http://pharmasight.example", welcome)).toBeUndefined();
  }
}
