import { roleNames } from "@pharmasight/core/control/provisioning/credentials";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { DomainError, unavailable } from "@pharmasight/core/kernel/errors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OperatedJobs, PASSWORD, reason } from "./operated-jobs.ts";
import { type ControlWorld, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterEach(() => jobs.clearFaults());
afterAll(() => world?.stop());

describe("adopt", () => {
  test("goes on in a project that a person made", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("adopts-project", "create");
    const database = await jobs.projectByHand("made by hand");
    expect(await jobs.adopt(tenantId, database)).toEqual({ changed: true, state: "running" });
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ projectRef: database.ref, isAdopted: true });
    expect(jobs.projectsOf(tenantId)).toEqual([]);
    expect(await jobs.auditOf(tenantId)).toContainEqual({
      action: "tenant.database_adopted",
      actorKind: "operator",
      actorId: "wanjiku",
      reason,
    });
    const everything = JSON.stringify([
      await jobs.databaseOf(tenantId),
      await world.system.db.selectFrom("auditLog").selectAll().where("tenantId", "=", tenantId).execute(),
    ]);
    expect(everything).not.toContain(PASSWORD);
  });

  test("goes on in a database on any server, also when another one was laid out already", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("adopts-elsewhere", "ensureCustomer");
    const [before] = jobs.projectsOf(tenantId);
    const database = await jobs.databaseElsewhere("adopted_elsewhere");
    // Two servers would each have roles of their own; the one of this test has them once.
    const { app, reader } = roleNames(tenantId);
    await jobs.asSuperuser((sql) => sql.unsafe(`grant ${app}, ${reader} to ${database.user} with admin option`));
    await jobs.adopt(tenantId, database);
    await jobs.adopt(tenantId, database);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
    expect(await jobs.askTenant(tenantId, "select current_database() as name")).toEqual([
      { name: "adopted_elsewhere" },
    ]);
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ provider: "postgres", projectRef: null, isAdopted: true });
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter(({ ref }) => ref === before?.ref)).toMatchObject([{ why: "replaced" }]);
  });

  test("refuses a database that is another pharmacy's, recorded, named or claimed", async () => {
    const other = await openTenant(world, "has-its-own");
    await jobs.advanceUntil(other.jobId, jobs.ended(other.jobId));
    const { projectRef } = await jobs.databaseOf(other.tenantId);
    const inMaking = await openTenant(world, "in-the-making");
    const named = await jobs.projectByHand(`pharmasight-${inMaking.tenantId}`);
    const claimed = await jobs.databaseElsewhere("claimed_by_another");
    const first = await jobs.failedAt("claims-first", "create");
    await jobs.adopt(first.tenantId, claimed);
    await jobs.advanceUntil(first.jobId, jobs.ended(first.jobId));

    const { tenantId, jobId } = await jobs.failedAt("wants-another", "create");
    for (const database of [{ ...named, ref: projectRef ?? "" }, named, claimed]) {
      await expect(jobs.adopt(tenantId, database)).rejects.toMatchObject({
        code: "conflict",
        message: "This database belongs to another pharmacy.",
      });
    }
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "failed", leaseUntil: null });
    await jobs.expectOneOfEach(other.tenantId, other.email);
  });

  test("refuses what cannot be reached, is not there, is not ready or is not one database", async () => {
    const { tenantId } = await jobs.failedAt("adopts-nothing", "create");
    const good = await jobs.databaseElsewhere("reachable");
    const twin = await jobs.databaseElsewhere("twin_of_reachable");
    const ref = "b".repeat(20);
    for (const [database, code] of [
      [{ ...good, password: "wrong" }, "unavailable"],
      [{ ...good, pooled: { ...good.pooled, port: 1 } }, "unavailable"],
      [{ ...good, session: { ...good.session, database: "nowhere" } }, "unavailable"],
      [{ kind: "project", ref, password: PASSWORD }, "not_found"],
      [{ kind: "project", ref: "../organizations", password: PASSWORD }, "not_found"],
    ] as const) {
      await expect(jobs.adopt(tenantId, database), JSON.stringify(database)).rejects.toMatchObject({ code });
    }
    await jobs.asSuperuser((sql) => sql.unsafe("grant connect on database twin_of_reachable to owner_of_reachable"));
    await expect(jobs.adopt(tenantId, { ...good, pooled: twin.pooled })).rejects.toMatchObject({
      message: expect.stringContaining("two different databases"),
    });
    await jobs.asSuperuser((sql) => sql.unsafe("alter role owner_of_reachable nocreaterole"));
    await expect(jobs.adopt(tenantId, good)).rejects.toMatchObject({ message: expect.stringContaining("CREATEROLE") });
    expect(await jobs.databaseOf(tenantId)).toMatchObject({ isAdopted: false });
  });

  test("keeps off while a worker is at the job, and keeps workers off while it looks", async () => {
    const { tenantId, jobId } = await openTenant(world, "adopts-busily");
    const database = await jobs.projectByHand("busily made");
    await jobs.advance(jobId);
    const worker = await jobs.heldAt(jobId, "create");
    await expect(jobs.adopt(tenantId, database)).rejects.toMatchObject({
      code: "conflict",
      retryAfterSeconds: expect.any(Number),
    });
    await worker.letGo();
    const looking = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const ports = jobs.intercepted(async (method, call) => {
      if (method === "inspect") {
        looking.resolve();
        await goOn.promise;
      }
      return call();
    });
    const adopting = jobs.adopt(tenantId, database, ports);
    await looking.promise;
    const before = await jobs.attemptsOf(jobId);
    await jobs.advance(jobId);
    expect(await jobs.attemptsOf(jobId)).toEqual(before);
    goOn.resolve();
    expect(await adopting).toMatchObject({ changed: true });
  });

  test("of a database by two pharmacies at once gives it to one", async () => {
    const one = await jobs.failedAt("adopts-at-once-a", "create");
    const two = await jobs.failedAt("adopts-at-once-b", "create");
    const database = await jobs.projectByHand("wanted by two");
    const results = await Promise.allSettled([jobs.adopt(one.tenantId, database), jobs.adopt(two.tenantId, database)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("is over once the pharmacy is open", async () => {
    const { tenantId, jobId } = await openTenant(world, "adopts-too-late");
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    const database = await jobs.databaseElsewhere("too_late");
    await expect(jobs.adopt(tenantId, database)).rejects.toMatchObject({ code: "conflict" });
  });

  test("survives a stop after each of its effects", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("adopts-crashing", "create");
    const database = await jobs.databaseElsewhere("adopted_crashing");
    const crashed = new Set<string>();
    const ports = jobs.intercepted(async (method, call) => {
      const result = await call();
      if (crashed.has(method)) return result;
      crashed.add(method);
      throw new Error("stopped");
    });
    const command = () => jobs.adopt(tenantId, database, ports);
    for (let stops = 0; stops < 5; stops += 1) await command().catch(() => undefined);
    expect(crashed.size).toBeGreaterThan(1);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOpen(tenantId, email);
  });

  test("leaves its database alone when the provisioning is taken back", async () => {
    const { tenantId, jobId } = await jobs.failedAt("adopted-rollback", "create");
    const database = await jobs.projectByHand(`pharmasight-${tenantId}`);
    await jobs.adopt(tenantId, database);
    await jobs.advanceUntil(jobId, jobs.nextIs(jobId, "payment_customer"));
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    expect(await jobs.jobOf(jobId)).toMatchObject({ state: "rolled_back" });
    expect(jobs.projectsOf(tenantId).map(({ ref }) => ref)).toEqual([database.ref]);
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual([]);
    const identity = await jobs.asSuperuser(
      (sql) => sql`select tenant_id::text from pharmacy.identity`,
      `project_${database.ref}`,
    );
    expect([...identity]).toEqual([{ tenant_id: tenantId }]);
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter(({ ref }) => ref === database.ref)).toMatchObject([{ why: "adopted" }]);
  });

  test("that stops before it is recorded leaves the database that the pharmacy has as it was", async () => {
    const { tenantId, jobId, email } = await jobs.failedAt("adopts-halfway", "migrate");
    const before = await jobs.secretsOf(tenantId, jobId);
    const database = await jobs.databaseElsewhere("adopted_halfway");
    const stopping = jobs.intercepted(async (method, call) => {
      const result = await call();
      const hasKept = method === "replace" || (method === "create" && Object(result).created === true);
      if (hasKept) throw new Error("stopped");
      return result;
    });
    await expect(jobs.adopt(tenantId, database, stopping)).rejects.toThrow("stopped");
    await jobs.retry(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectOneOfEach(tenantId, email);
    expect(await jobs.asSuperuser((sql) => sql`select to_regnamespace('pharmacy')`, "adopted_halfway")).toMatchObject([
      { to_regnamespace: null },
    ]);
    expect(before).toEqual(["owner", "app"]);
    // Its owner's credential is the one that it was made with.
    await Provisioning.resend(world.operator, world.ports, tenantId, { reason });
  });

  test("of another database forgets the credential of the one before, at once or when it is taken back", async () => {
    const { tenantId, jobId } = await jobs.failedAt("adopts-two", "create");
    await jobs.adopt(tenantId, await jobs.projectByHand("first of two"));
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual(["adopted 1"]);
    const second = await jobs.projectByHand("second of two");
    await jobs.adopt(tenantId, second);
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual(["adopted 2"]);
    const ports = jobs.refusing("delete", unavailable("Secrets Manager does not answer.", 1));
    expect(await jobs.adopt(tenantId, second, ports)).toEqual({ changed: true, state: "running" });
    expect(await jobs.secretsOf(tenantId, jobId)).toEqual(["adopted 2", "adopted 3"]);
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });

  test("of another database leaves the first one alone too when the provisioning is taken back", async () => {
    const { tenantId, jobId } = await jobs.failedAt("adopted-twice", "create");
    const first = await jobs.projectByHand(`pharmasight-${tenantId}`);
    const second = await jobs.databaseElsewhere("adopted_second");
    await jobs.adopt(tenantId, first);
    await jobs.adopt(tenantId, second);
    const refused = jobs.refusing("migrate", new DomainError("invalid_input", "refused"));
    await jobs.advanceUntil(jobId, jobs.ended(jobId), refused);
    // What the saga makes beside it under the same name goes.
    const { ref } = await jobs.projectByHand(`pharmasight-${tenantId}`);
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId, [first.ref]);
    expect(ref).not.toBe(first.ref);
    const orphans = await Provisioning.orphans(world.operator, world.ports.hosts);
    expect(orphans.filter(({ name }) => name === `pharmasight-${tenantId}`)).toMatchObject([
      { ref: first.ref, why: "adopted" },
    ]);
  });

  test("that stopped leaves no secret behind when the provisioning is taken back", async () => {
    const { tenantId, jobId } = await jobs.failedAt("adopted-never", "create");
    const database = await jobs.projectByHand("adopted by nobody");
    let secrets = 0;
    const stopping = jobs.intercepted(async (method, call) => {
      const result = await call();
      if (method !== "create") return result;
      secrets += 1;
      throw new Error("stopped");
    });
    await expect(jobs.adopt(tenantId, database, stopping)).rejects.toThrow("stopped");
    expect(secrets).toBe(1);
    expect(await jobs.secretsOf(tenantId, jobId)).toContain("adopted 1");
    await jobs.rollback(tenantId);
    await jobs.advanceUntil(jobId, jobs.ended(jobId));
    await jobs.expectNothingLeft(tenantId, jobId);
  });
});
