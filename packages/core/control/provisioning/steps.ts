import { DAY_SECONDS, MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, unavailable } from "../../kernel/errors.ts";
import { hashToken, hmac } from "../../kernel/tokens.ts";
import type { DatabaseHosts } from "../../ports/database-hosts.ts";
import type { Payments } from "../../ports/payments.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { OwnerSecret, TenantSetup } from "../../ports/tenant-setup.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import {
  completeOwnerSecret,
  ensureAppSecret,
  ensureOwnerPassword,
  readOwnerSecret,
  roleNames,
  secretName,
} from "./credentials.ts";

export interface ProvisioningPorts {
  readonly hosts: DatabaseHosts;
  readonly setup: TenantSetup;
  readonly secrets: Secrets;
  readonly payments: Payments;
}

export interface ProvisioningSettings {
  readonly stage: string;
  readonly region: string;
  readonly size: string;
  /** Seconds between two looks at a database that is being made. */
  readonly databasePollSeconds: number;
}

export interface StepContext {
  readonly control: ControlScope;
  readonly ports: ProvisioningPorts;
  readonly settings: ProvisioningSettings;
  readonly jobId: string;
  /** When this step ran first. */
  readonly stepStartedAt: Date;
  readonly tenant: {
    readonly id: string;
    readonly name: string;
    readonly ownerName: string;
    readonly ownerEmail: string;
    readonly currency: string;
    readonly timeZone: string;
  };
  /** Absent until the tenant's place is reserved. */
  readonly database: TenantDatabase | undefined;
}

export interface TenantDatabase {
  readonly projectName: string;
  readonly region: string;
  readonly size: string;
  readonly projectRef: string | null;
  readonly ownerSecretArn: string | null;
}

/**
 * `record` writes what the step found out. It runs in the transaction that marks the step done, and only while this
 * worker holds the job: a crash before it repeats the step, and a worker that was overtaken writes nothing.
 */
export type StepOutcome =
  | { readonly kind: "done"; readonly record?: (tx: ControlScope) => Promise<void> }
  | { readonly kind: "wait"; readonly seconds: number };

export interface Step {
  readonly name: string;
  /** For the visitor who watches. */
  readonly title: string;
  /** May be repeated after any failure, at any point of it, with the same result. */
  run(context: StepContext): Promise<StepOutcome>;
}

/** From a confirmed sign-up to an open pharmacy. */
export const steps: readonly Step[] = [
  { name: "reserve_tenant", title: "Reserving your address", run: reserveTenant },
  { name: "create_database", title: "Creating your database", run: createDatabase },
  { name: "await_database", title: "Starting your database", run: awaitDatabase },
  { name: "database_roles", title: "Deciding who may read and write", run: createRoles },
  { name: "secrets", title: "Locking the database", run: makeSecrets },
  { name: "schema", title: "Laying out your records", run: applySchema },
  { name: "seed", title: "Adding your pharmacy and first branch", run: seed },
  { name: "owner_account", title: "Creating your account", run: addOwner },
  { name: "payment_customer", title: "Preparing your invoices", run: ensureCustomer },
  { name: "trial", title: "Starting your 14 free days", run: startTrial },
  { name: "welcome_email", title: "Writing your welcome mail", run: emitWelcome },
  { name: "open", title: "Opening the doors", run: open },
];

const TRIAL_DAYS = 14;
const WELCOME_LINK_DAYS = 7;
/** A project that takes longer is stuck: the step then fails, is tried again and in the end needs an operator. */
const DATABASE_WAIT_MINUTES = 15;

/** Token of the one-time link in the welcome mail: derived, so that it can be mailed again and is stored nowhere. */
export async function welcomeLinkToken(control: ControlScope, tenantId: string, jobId: string): Promise<string> {
  return hmac(await control.key("welcome-link", tenantId), jobId);
}

async function reserveTenant({ tenant, settings }: StepContext): Promise<StepOutcome> {
  return done(async (tx) => {
    await tx.db
      .insertInto("tenantDatabases")
      .values({
        tenantId: tenant.id,
        provider: "supabase",
        projectName: `pharmasight-${tenant.id}`,
        region: settings.region,
        size: settings.size,
        createdAt: tx.clock.now(),
      })
      .onConflict((conflict) => conflict.column("tenantId").doNothing())
      .execute();
  });
}

async function createDatabase(context: StepContext): Promise<StepOutcome> {
  const { tenant, ports } = context;
  const database = present(context.database, "place of the database");
  // The password is kept before it is used, and the name is looked up before it is used again: whenever this stops, what
  // was made is found and can still be opened.
  const owner = await ensureOwnerPassword(ports.secrets, await nameOf(context, "owner"), tenant.id);
  const found = await ports.hosts.find(database.projectName);
  const project =
    found !== undefined && found.status !== "removed"
      ? found
      : await ports.hosts.create({
          name: database.projectName,
          ownerPassword: owner.password,
          region: database.region,
          size: database.size,
        });
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantDatabases")
      .set({ projectRef: project.ref, ownerSecretArn: owner.reference })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

async function awaitDatabase({ control, ports, settings, database, stepStartedAt }: StepContext): Promise<StepOutcome> {
  const { status } = await ports.hosts.inspect(present(database?.projectRef, "database project"));
  if (status === "ready") return done();
  if (status !== "creating")
    throw new DomainError("conflict", `The provider says that the database project has ${status}.`);
  if (control.clock.now() > secondsAfter(stepStartedAt, DATABASE_WAIT_MINUTES * MINUTE_SECONDS)) {
    throw unavailable(`The database project is not ready after ${DATABASE_WAIT_MINUTES} minutes.`, 60);
  }
  return { kind: "wait", seconds: settings.databasePollSeconds };
}

async function createRoles({ tenant, ports, database }: StepContext): Promise<StepOutcome> {
  const endpoints = await ports.hosts.endpoints(present(database?.projectRef, "database project"));
  const reference = present(database?.ownerSecretArn, "owner secret");
  const owner = await completeOwnerSecret(ports.secrets, reference, endpoints);
  await ports.setup.createRoles(owner, roleNames(tenant.id));
  return done();
}

async function makeSecrets(context: StepContext): Promise<StepOutcome> {
  const { tenant, ports, database } = context;
  const endpoints = await ports.hosts.endpoints(present(database?.projectRef, "database project"));
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

async function applySchema(context: StepContext): Promise<StepOutcome> {
  const { schemaVersion } = await context.ports.setup.migrate(await ownerOf(context));
  return done(async (tx) => {
    await tx.db
      .updateTable("tenants")
      .set({ schemaVersion, updatedAt: tx.clock.now() })
      .where("id", "=", context.tenant.id)
      .execute();
  });
}

async function seed(context: StepContext): Promise<StepOutcome> {
  const { control, ports, tenant } = context;
  const owner = await ownerOf(context);
  await ports.setup.claimIdentity(owner);
  const { name: companyName, currency, timeZone } = tenant;
  await ports.setup.seed(owner, { companyName, currency, timeZone, at: control.clock.now() });
  return done();
}

async function addOwner(context: StepContext): Promise<StepOutcome> {
  const { control, ports, tenant, jobId } = context;
  const now = control.clock.now();
  await ports.setup.addOwner(await ownerOf(context), {
    // The job makes one owner, so its id serves as theirs and is the same when the step is repeated.
    userId: jobId,
    name: tenant.ownerName,
    email: tenant.ownerEmail,
    linkHash: hashToken(await welcomeLinkToken(control, tenant.id, jobId)),
    linkExpiresAt: secondsAfter(now, WELCOME_LINK_DAYS * DAY_SECONDS),
    at: now,
  });
  return done();
}

async function ensureCustomer({ tenant, ports }: StepContext): Promise<StepOutcome> {
  const { customerId } = await ports.payments.ensureCustomer({
    tenantId: tenant.id,
    companyName: tenant.name,
    ownerEmail: tenant.ownerEmail,
  });
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantSubscriptions")
      .set({ stripeCustomerId: customerId, updatedAt: tx.clock.now() })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

async function startTrial({ tenant }: StepContext): Promise<StepOutcome> {
  return done(async (tx) => {
    const now = tx.clock.now();
    const trialEndsAt = secondsAfter(now, TRIAL_DAYS * DAY_SECONDS);
    const started = await tx.db
      .updateTable("tenants")
      .set({ trialEndsAt, updatedAt: now })
      .where("id", "=", tenant.id)
      .where("trialEndsAt", "is", null)
      .returning("id")
      .executeTakeFirst();
    if (started === undefined) return;
    await tx.db
      .updateTable("tenantSubscriptions")
      .set({ currentPeriodStart: now, currentPeriodEnd: trialEndsAt, updatedAt: now })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

async function emitWelcome({ tenant }: StepContext): Promise<StepOutcome> {
  return done((tx) =>
    tx.emit({
      queue: "control-mail",
      payload: { template: "welcome", tenantId: tenant.id },
      dedupeKey: `welcome:${tenant.id}`,
    }),
  );
}

async function open({ tenant }: StepContext): Promise<StepOutcome> {
  return done(async (tx) => {
    const opened = await tx.db
      .updateTable("tenants")
      .set({ state: "trial", updatedAt: tx.clock.now() })
      .where("id", "=", tenant.id)
      .where("state", "=", "provisioning")
      .returning("schemaVersion")
      .executeTakeFirst();
    if (opened === undefined) return;
    await ControlAudit.append(tx, {
      action: "tenant.opened",
      tenantId: tenant.id,
      before: { state: "provisioning" },
      after: { state: "trial", schemaVersion: opened.schemaVersion },
    });
  });
}

const done = (record?: (tx: ControlScope) => Promise<void>): StepOutcome =>
  record === undefined ? { kind: "done" } : { kind: "done", record };

function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined)
    throw new Error(`The ${what} is missing: an earlier step did not record it.`);
  return value;
}

const nameOf = ({ control, settings, tenant, jobId }: StepContext, kind: "owner" | "app"): Promise<string> =>
  secretName({ control, stage: settings.stage, tenantId: tenant.id, jobId }, kind);

const ownerOf = ({ ports, database }: StepContext): Promise<OwnerSecret> =>
  readOwnerSecret(ports.secrets, present(database?.ownerSecretArn, "owner secret"));
