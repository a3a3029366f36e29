import { sql } from "kysely";
import { secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound, unavailable } from "../../kernel/errors.ts";
import { constraintOf, sqlStateOf, UNIQUE_VIOLATION } from "../../kernel/sqlstate.ts";
import type {
  DatabaseEndpoint,
  DatabaseHosts,
  DatabaseProvider,
  ProjectEndpoints,
} from "../../ports/database-hosts.ts";
import type { ControlScope } from "../scope.ts";
import { requireNoOtherTrial } from "../sign-ups/trials.ts";
import { adoptionsOf, recordAdoption } from "./adoptions.ts";
import { LEASE_SECONDS } from "./claims.ts";
import { type AdoptedSecret, adoptedSecretName, keepAdoptedSecret } from "./credentials.ts";
import { type Changed, type LockedJob, lockJob, requireIdle, setGoing } from "./jobs.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "./operators.ts";
import { hostsOf, type Place, placeOf } from "./places.ts";
import { PROJECT_PREFIX, type ProvisioningPorts, type ProvisioningSettings, projectNameOf } from "./step.ts";
import { databaseStepNames } from "./steps.ts";

/** A database that a person made: a project of the provider's, or one anywhere else. */
export type AdoptedDatabase =
  | {
      readonly kind: "project";
      /** By default the one that the tenant's record, or else its plan, names. */
      readonly provider?: DatabaseProvider | undefined;
      readonly ref: string;
      readonly password: string;
    }
  | {
      readonly kind: "elsewhere";
      readonly session: DatabaseEndpoint;
      readonly pooled: DatabaseEndpoint;
      readonly user: string;
      readonly password: string;
      /** See `ProjectEndpoints`; empty for most servers. */
      readonly userSuffix: string;
    };

export interface Adoption extends Reasoned {
  readonly database: AdoptedDatabase;
}

/** The release that the migrations are written for. */
const POSTGRES_MAJOR_MIN = 17;
const READY_RETRY_SECONDS = 15;

/**
 * Gives a tenant a database that a person made, and goes on with its provisioning in it. Whatever else the saga may have
 * made under the tenant's name is left, and listed among the orphans. Adopting the same database again changes nothing
 * but its credential. Until it is recorded, nothing of the database that the tenant had is changed.
 * @throws DomainError `conflict` when the pharmacy is open or being taken back, a worker is at the job, its owner
 * has another pharmacy by now, or the database is another pharmacy's or not fit; `not_found` when there is no such project; `unavailable` when it cannot be reached or its provider is not configured here
 */
export async function adopt(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  tenantId: string,
  adoption: Adoption,
): Promise<Changed> {
  requireOperator(control);
  const reason = reasonOfOperator(adoption);
  const job = await hold(control, tenantId);
  try {
    await requireUnused(control, tenantId, adoption.database);
    const place = await placeToAdopt(control, settings, tenantId, adoption.database);
    const secret = await describe(ports, tenantId, adoption.database, place.provider);
    await requireFit(ports, secret);
    const recorded = await record(control, ports, settings, {
      job,
      reason,
      secret,
      place,
      database: adoption.database,
    });
    await forget(control, ports, recorded.replacedSecret);
    return { changed: true, state: "running" };
  } catch (error) {
    await letGo(control, job);
    throw taken(error);
  }
}

/** Keeps workers away while the database is looked at: none may make another one meanwhile. */
async function hold(control: ControlScope, tenantId: string): Promise<LockedJob> {
  return control.tx(async (tx) => {
    const job = await lockJob(tx, tenantId);
    if (job.state === "done") throw new DomainError("conflict", "This pharmacy is open: it has its database.");
    if (job.isRollback)
      throw new DomainError("conflict", "This job is being taken back: the owner has to sign up again.");
    requireIdle(tx, job);
    // Before anything of the tenant is changed, and once more when it is recorded.
    if (job.state === "failed") await requireNoOtherTrial(tx, tenantId);
    const { fence } = await tx.db
      .updateTable("provisioningJobs")
      .set({ fence: sql<string>`fence + 1`, leaseUntil: secondsAfter(tx.clock.now(), LEASE_SECONDS) })
      .where("id", "=", job.id)
      .returning("fence")
      .executeTakeFirstOrThrow();
    return { ...job, fence: String(fence) };
  });
}

async function letGo(control: ControlScope, job: LockedJob): Promise<void> {
  await control.db
    .updateTable("provisioningJobs")
    .set({ leaseUntil: null })
    .where("id", "=", job.id)
    .where("fence", "=", job.fence)
    .execute();
}

/** @throws DomainError `conflict` when another pharmacy has this project */
async function requireUnused(control: ControlScope, tenantId: string, database: AdoptedDatabase): Promise<void> {
  if (database.kind === "elsewhere") return;
  const other = await control.db
    .selectFrom("tenantDatabases")
    .innerJoin("provisioningJobs", "provisioningJobs.tenantId", "tenantDatabases.tenantId")
    .select("tenantDatabases.tenantId")
    .where("tenantDatabases.projectRef", "=", database.ref)
    .where("tenantDatabases.tenantId", "<>", tenantId)
    .where("provisioningJobs.state", "<>", "rolled_back")
    .executeTakeFirst();
  if (other !== undefined) throw belongsToAnother();
}

const belongsToAnother = (): DomainError => new DomainError("conflict", "This database belongs to another pharmacy.");

/** A server that no provider of ours knows is `postgres` in the record, with nothing to ask it for. */
async function placeToAdopt(
  control: ControlScope,
  settings: ProvisioningSettings,
  tenantId: string,
  database: AdoptedDatabase,
): Promise<Place> {
  const place = await placeOf(control, settings.places, tenantId);
  if (database.kind === "elsewhere") return { ...place, provider: "postgres" };
  if (database.provider !== undefined) return { ...place, provider: database.provider };
  const recorded = await control.db
    .selectFrom("tenantDatabases")
    .select(["provider", "region", "size"])
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  return recorded ?? place;
}

/** Where the database is and who owns it, as the provider or the person says. */
async function describe(
  ports: ProvisioningPorts,
  tenantId: string,
  database: AdoptedDatabase,
  provider: DatabaseProvider,
): Promise<AdoptedSecret> {
  const endpoints: ProjectEndpoints =
    database.kind === "project"
      ? await endpointsOfProject(hostsOf(ports.hosts, provider), tenantId, database.ref)
      : { ...database, ownerUser: database.user };
  const { session, pooled, ownerUser, userSuffix } = endpoints;
  return { tenantId, user: ownerUser, password: database.password, session, pooled, userSuffix };
}

async function endpointsOfProject(hosts: DatabaseHosts, tenantId: string, ref: string): Promise<ProjectEndpoints> {
  const { name, status } = await hosts.inspect(ref);
  if (status === "removed") throw notFound(`database project as ${ref}`);
  if (status === "failed") throw new DomainError("conflict", "The provider failed to make this project: make another.");
  // One that is being made for another pharmacy may not be recorded yet, but it has that pharmacy's name.
  if (name?.startsWith(PROJECT_PREFIX) && name !== projectNameOf(tenantId)) throw belongsToAnother();
  if (status === "creating") throw unavailable("The project is not ready yet.", READY_RETRY_SECONDS);
  return hosts.endpoints(ref);
}

/** @throws DomainError `conflict` when the database is not one that a pharmacy can have */
async function requireFit(ports: ProvisioningPorts, secret: AdoptedSecret): Promise<void> {
  const facts = await ports.setup.inspect(secret, secret.pooled);
  const refuse = (why: string) => new DomainError("conflict", why);
  if (facts.tenantId !== undefined && facts.tenantId !== secret.tenantId) throw belongsToAnother();
  if (facts.majorVersion < POSTGRES_MAJOR_MIN)
    throw refuse(`The server is Postgres ${facts.majorVersion}: it has to be ${POSTGRES_MAJOR_MIN} or newer.`);
  if (!facts.canSetUp) throw refuse("Its owner may not make roles and schemas: grant CREATEROLE and CREATE to them.");
  if (!facts.isOneDatabase) throw refuse("The two endpoints lead to two different databases.");
}

interface Accepted {
  readonly job: LockedJob;
  readonly reason: string;
  readonly secret: AdoptedSecret;
  readonly place: Place;
  readonly database: AdoptedDatabase;
}

/** @returns the secret of the database that the tenant had before, which nothing leads to any more */
async function record(
  control: ControlScope,
  ports: ProvisioningPorts,
  settings: ProvisioningSettings,
  { job, reason, secret, place, database }: Accepted,
): Promise<{ readonly replacedSecret: string | null }> {
  const { tenantId } = secret;
  return control.tx(async (tx) => {
    const now = tx.clock.now();
    const current = await lockJob(tx, tenantId);
    if (current.fence !== job.fence)
      throw new DomainError("conflict", "Somebody else changed this job: look at it again.");
    if (current.state === "failed") await requireNoOtherTrial(tx, tenantId);
    const before = await tx.db
      .selectFrom("tenantDatabases")
      .select("ownerSecretArn")
      .where("tenantId", "=", tenantId)
      .executeTakeFirst();
    const adopted = {
      provider: place.provider,
      projectRef: database.kind === "project" ? database.ref : null,
      ownerSecretArn: await keepSecret(tx, ports, settings, job, secret),
      isAdopted: true,
    } as const;
    await freeOfRolledBack(tx, adopted.projectRef);
    await tx.db
      .insertInto("tenantDatabases")
      .values({
        ...place,
        ...adopted,
        tenantId,
        projectName: projectNameOf(tenantId),
        createdAt: now,
      })
      .onConflict((conflict) => conflict.column("tenantId").doUpdateSet(adopted))
      .execute();
    // All that was done in another database is done again in this one.
    await tx.db
      .updateTable("provisioningSteps")
      .set({ state: "waiting", attempts: 0, startedAt: null, finishedAt: null, lastError: null })
      .where("jobId", "=", job.id)
      .where((e) => e.or([e("name", "in", [...databaseStepNames]), e("state", "<>", "done")]))
      .execute();
    await tx.db
      .updateTable("tenants")
      .set({ state: "provisioning", updatedAt: now })
      .where("id", "=", tenantId)
      .where("state", "=", "provisioning_failed")
      .execute();
    await setGoing(tx, current, "running", null);
    const { provider, projectRef } = adopted;
    await recordAdoption(tx, { tenantId, reason, stateBefore: job.state, provider, projectRef });
    return { replacedSecret: before?.ownerSecretArn ?? null };
  });
}

/**
 * Each adoption has a secret of its own, made while its job is locked: one that stops before it is recorded leaves the
 * credential of the database that the tenant has as it was, and the next one takes its name over.
 * @returns its reference
 */
async function keepSecret(
  tx: ControlScope,
  ports: ProvisioningPorts,
  { stage }: ProvisioningSettings,
  job: LockedJob,
  secret: AdoptedSecret,
): Promise<string> {
  const { tenantId } = secret;
  const number = (await adoptionsOf(tx, [tenantId])).length + 1;
  const name = await adoptedSecretName({ control: tx, stage, tenantId, jobId: job.id }, number);
  const { reference } = await keepAdoptedSecret(ports.secrets, name, secret);
  return reference;
}

/** What is left when this fails goes when the provisioning is taken back. */
async function forget(control: ControlScope, ports: ProvisioningPorts, reference: string | null): Promise<void> {
  if (reference === null) return;
  await ports.secrets.delete(reference).catch((error: unknown) => {
    control.log.warn("the secret of a replaced database is still there", { reference, error: String(error) });
  });
}

/** A project that an earlier tenant had adopted and that was left when its provisioning was taken back. */
async function freeOfRolledBack(tx: ControlScope, projectRef: string | null): Promise<void> {
  if (projectRef === null) return;
  await tx.db
    .updateTable("tenantDatabases")
    .set({ projectRef: null })
    .where("projectRef", "=", projectRef)
    .where("tenantId", "in", (e) =>
      e.selectFrom("provisioningJobs").select("tenantId").where("state", "=", "rolled_back"),
    )
    .execute();
}

/** Of two that adopt one project at once, the database lets one. */
function taken(error: unknown): unknown {
  const isTaken = sqlStateOf(error) === UNIQUE_VIOLATION && constraintOf(error) === "tenant_databases_project_ref_key";
  return isTaken ? belongsToAnother() : error;
}
