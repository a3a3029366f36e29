import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, unavailable } from "../../kernel/errors.ts";
import type { DatabaseHosts, ProjectEndpoints } from "../../ports/database-hosts.ts";
import type { OwnerSecret } from "../../ports/tenant-setup.ts";
import { lockFleet, settledVersion } from "../fleet/baseline.ts";
import type { ControlScope } from "../scope.ts";
import { forgetCreation, noteCreation, secondsToSettle } from "./creations.ts";
import {
  completeOwnerSecret,
  ensureAppSecret,
  ensureOwnerPassword,
  readAdoptedEndpoints,
  readOwnerSecret,
  roleNames,
  secretName,
} from "./credentials.ts";
import { hostsOf, placeOf } from "./places.ts";
import { done, present, projectNameOf, type StepContext, type StepOutcome, type TenantDatabase } from "./step.ts";

/** A project that takes longer is stuck: the step then fails, is tried again and in the end needs an operator. */
const DATABASE_WAIT_MINUTES = 15;
/** Projects that the provider may spoil before an operator is asked. */
const PROJECTS_MAX = 3;

export async function reservePlace({ control, ports, settings, tenant }: StepContext): Promise<StepOutcome> {
  const place = await placeOf(control, settings.places, tenant.id);
  // Before it is recorded: until then the plan may still be given another place.
  hostsOf(ports.hosts, place.provider);
  return done(async (tx) => {
    await tx.db
      .insertInto("tenantDatabases")
      .values({
        ...place,
        tenantId: tenant.id,
        projectName: projectNameOf(tenant.id),
        createdAt: tx.clock.now(),
      })
      .onConflict((conflict) => conflict.column("tenantId").doNothing())
      .execute();
  });
}

export async function createDatabase(context: StepContext): Promise<StepOutcome> {
  const { tenant, ports } = context;
  const database = present(context.database, "place of the database");
  if (database.isAdopted) return done();
  const hosts = hostsOf(ports.hosts, database.provider);
  // The password is kept before it is used, and the name is looked up before it is used again: whenever this stops, what
  // was made is found and can still be opened.
  const owner = await ensureOwnerPassword(ports.secrets, await nameOf(context, "owner"), tenant.id);
  const found = await hosts.find(database.projectName);
  if (found?.status === "failed") await deleteFailed(context, database, found.ref);
  const isUsable = found?.status === "creating" || found?.status === "ready";
  // One that was asked for and not recorded, and has shown itself by now, is no reason to wait.
  if (found === undefined) await requireSettled(context);
  const project = isUsable ? found : await create(context, database, hosts, owner.password);
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantDatabases")
      .set({ projectRef: project.ref, ownerSecretArn: owner.reference, creationAskedAt: null })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

/** @throws DomainError `unavailable` while a project that was asked for before may still show itself */
async function requireSettled({ control, tenant }: StepContext): Promise<void> {
  const seconds = await secondsToSettle(control, tenant.id);
  if (seconds === 0) return;
  throw unavailable("The provider was asked for the project, and may still be making it.", seconds);
}

async function create(
  context: StepContext,
  { projectName: name, region, size }: TenantDatabase,
  hosts: DatabaseHosts,
  ownerPassword: string,
): Promise<{ readonly ref: string }> {
  const schemaVersion = await schemaVersionFor(context);
  await noteCreation(context.control, context.tenant.id);
  try {
    return await hosts.create({ name, ownerPassword, region, size, schemaVersion });
  } catch (error) {
    // Whoever refuses has made nothing; whoever does not answer may have.
    const isRefused = error instanceof DomainError && error.code !== "unavailable";
    if (isRefused) await forgetCreation(context.control, context.tenant.id);
    throw error;
  }
}

export async function awaitDatabase(context: StepContext): Promise<StepOutcome> {
  const { control, ports, settings, stepStartedAt } = context;
  const database = present(context.database, "place of the database");
  if (isElsewhere(database)) return done();
  const hosts = hostsOf(ports.hosts, database.provider);
  const { status } = await hosts.inspect(present(database.projectRef, "database project"));
  if (status === "ready") return done();
  if (status !== "creating") {
    return replaceProject(context, database, status === "failed" ? "has failed" : "is gone");
  }
  if (control.clock.now() > secondsAfter(stepStartedAt, DATABASE_WAIT_MINUTES * MINUTE_SECONDS)) {
    throw unavailable(`The database project is not ready after ${DATABASE_WAIT_MINUTES} minutes.`, 60);
  }
  return { kind: "wait", seconds: settings.databasePollSeconds };
}

/**
 * A project that the provider failed to make, or that is gone, will never be ready. A new one is made in its place:
 * safe, because nothing of the pharmacy has been in it, which only comes after this step. An adopted one is a person's
 * to mend, and so is a provider that spoils one after the other: each costs money.
 */
async function replaceProject(
  context: StepContext,
  database: TenantDatabase,
  what: "has failed" | "is gone",
): Promise<StepOutcome> {
  const { control, jobId, tenant } = context;
  if (database.isAdopted) {
    throw new DomainError("conflict", `The adopted database project ${what}: mend it, or adopt another.`);
  }
  const made = await projectsMade(control, jobId);
  // An operator who tries again grants as many once more.
  if (made > 0 && made % PROJECTS_MAX === 0) {
    throw new DomainError("conflict", `The provider says that the database project ${what}, now ${made} times.`);
  }
  if (what === "has failed") await deleteFailed(context, database, present(database.projectRef, "database project"));
  return {
    kind: "restart",
    from: "create_database",
    reason: `The provider says that the database project ${what}: another one is made.`,
    record: async (tx) => {
      await tx.db
        .updateTable("tenantDatabases")
        .set({ projectRef: null })
        .where("tenantId", "=", tenant.id)
        .where("isAdopted", "=", false)
        .execute();
    },
  };
}

async function deleteFailed(
  { ports, settings }: StepContext,
  { provider }: TenantDatabase,
  ref: string,
): Promise<void> {
  const { isAccepted } = await hostsOf(ports.hosts, provider).delete(ref);
  if (isAccepted) return;
  throw unavailable("The provider is not ready to delete the project that failed.", settings.databasePollSeconds);
}

async function projectsMade(control: ControlScope, jobId: string): Promise<number> {
  const { count } = await control.db
    .selectFrom("provisioningAttempts")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("jobId", "=", jobId)
    .where("step", "=", "create_database")
    .where("outcome", "=", "done")
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function createRoles(context: StepContext): Promise<StepOutcome> {
  const { tenant, ports, database } = context;
  const reference = present(database?.ownerSecretArn, "owner secret");
  const owner = isElsewhere(database)
    ? await readOwnerSecret(ports.secrets, reference)
    : await completeOwnerSecret(ports.secrets, reference, await endpointsOf(context));
  await ports.setup.createRoles(owner, roleNames(tenant.id));
  return done();
}

export async function makeSecrets(context: StepContext): Promise<StepOutcome> {
  const { tenant, ports } = context;
  const endpoints = await endpointsOf(context);
  const { reference, secret } = await ensureAppSecret(
    ports.secrets,
    await nameOf(context, "app"),
    tenant.id,
    endpoints,
  );
  const roles = roleNames(tenant.id);
  await ports.setup.setPasswords(await ownerOf(context), {
    app: { user: roles.app, password: secret.app.password },
    reader: { user: roles.reader, password: secret.reader.password },
  });
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantDatabases")
      .set({ appSecretArn: reference })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

export async function applySchema(context: StepContext): Promise<StepOutcome> {
  const toVersion = await schemaVersionFor(context);
  const { schemaVersion } = await context.ports.setup.migrate(await ownerOf(context), toVersion);
  return done(async (tx) => {
    await tx.db
      .updateTable("tenants")
      .set({ schemaVersion, updatedAt: tx.clock.now() })
      .where("id", "=", context.tenant.id)
      .execute();
  });
}

/**
 * Leads the new database on when the whole fleet got a newer version since its own was made: no deployment will do it,
 * because none takes in who is not open yet.
 * @returns the version that it has then
 */
export async function catchUpWithFleet(context: StepContext): Promise<number> {
  const { control, ports, tenant } = context;
  const { schemaVersion } = await control.db
    .selectFrom("tenants")
    .select("schemaVersion")
    .where("id", "=", tenant.id)
    .executeTakeFirstOrThrow();
  const toVersion = await schemaVersionFor(context);
  if (schemaVersion !== null && schemaVersion >= toVersion) return schemaVersion;
  return (await ports.setup.migrate(await ownerOf(context), toVersion)).schemaVersion;
}

/** @throws DomainError `unavailable` when the fleet has gone on; it goes no further until the transaction ends */
export async function requireCurrent(
  tx: ControlScope,
  { ports: { setup } }: StepContext,
  version: number,
): Promise<void> {
  await lockFleet(tx);
  if (version >= (await settledVersion(tx, setup.newestSchemaVersion, setup.requiredSchemaVersion))) return;
  throw unavailable("The whole fleet got a newer schema just now.", 1);
}

/** What all other pharmacies have: nobody begins with a change that is still being tried on a few. */
const schemaVersionFor = ({ control, ports: { setup } }: StepContext): Promise<number> =>
  settledVersion(control, setup.newestSchemaVersion, setup.requiredSchemaVersion);

export const ownerOf = ({ ports, database }: StepContext): Promise<OwnerSecret> =>
  readOwnerSecret(ports.secrets, present(database?.ownerSecretArn, "owner secret"));

/** An adopted database of which no provider tells the endpoints: they stand in its owner's secret. */
const isElsewhere = (database: TenantDatabase | undefined): boolean =>
  database?.isAdopted === true && database.projectRef === null;

async function endpointsOf({ ports, ...context }: StepContext): Promise<ProjectEndpoints> {
  const database = present(context.database, "place of the database");
  return isElsewhere(database)
    ? readAdoptedEndpoints(ports.secrets, present(database.ownerSecretArn, "owner secret"))
    : hostsOf(ports.hosts, database.provider).endpoints(present(database.projectRef, "database project"));
}

const nameOf = ({ control, settings, tenant, jobId }: StepContext, kind: "owner" | "app"): Promise<string> =>
  secretName({ control, stage: settings.stage, tenantId: tenant.id, jobId }, kind);
