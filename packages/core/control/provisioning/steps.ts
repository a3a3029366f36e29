import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { hashToken } from "../../kernel/tokens.ts";
import { ControlAudit } from "../audit/audit.ts";
import {
  applySchema,
  awaitDatabase,
  catchUpWithFleet,
  createDatabase,
  createRoles,
  makeSecrets,
  ownerOf,
  requireCurrent,
  reservePlace,
} from "./database-steps.ts";
import { done, type Step, type StepContext, type StepOutcome } from "./step.ts";
import { emitWelcome, welcomeLinkExpiry, welcomeLinkToken } from "./welcome.ts";

/** From a confirmed sign-up to an open pharmacy. */
export const steps: readonly Step[] = [
  { name: "reserve_tenant", title: "Reserving your address", run: reservePlace },
  { name: "create_database", title: "Creating your database", run: createDatabase },
  { name: "await_database", title: "Starting your database", run: awaitDatabase },
  { name: "database_roles", title: "Deciding who may read and write", run: createRoles },
  { name: "secrets", title: "Locking the database", run: makeSecrets },
  { name: "schema", title: "Laying out your records", run: applySchema },
  { name: "seed", title: "Adding your pharmacy and first branch", run: seed },
  { name: "owner_account", title: "Creating your account", run: addOwner },
  { name: "payment_customer", title: "Preparing your invoices", run: ensureCustomer },
  { name: "trial", title: "Starting your 14 free days", run: startTrial },
  { name: "welcome_email", title: "Writing your welcome mail", run: writeWelcome },
  { name: "open", title: "Opening the doors", run: open },
];

/** What has to be done again when the database becomes another one. */
export const databaseStepNames: readonly string[] = [
  "create_database",
  "await_database",
  "database_roles",
  "secrets",
  "schema",
  "seed",
  "owner_account",
];

const TRIAL_DAYS = 14;

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
    linkExpiresAt: welcomeLinkExpiry(now),
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

async function writeWelcome({ tenant }: StepContext): Promise<StepOutcome> {
  return done((tx) => emitWelcome(tx, tenant.id, 1));
}

async function open(context: StepContext): Promise<StepOutcome> {
  const { tenant } = context;
  const schemaVersion = await catchUpWithFleet(context);
  return done(async (tx) => {
    await requireCurrent(tx, context, schemaVersion);
    const opened = await tx.db
      .updateTable("tenants")
      .set({ state: "trial", schemaVersion, updatedAt: tx.clock.now() })
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
