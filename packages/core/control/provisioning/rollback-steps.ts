import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { unavailable } from "../../kernel/errors.ts";
import type { DatabaseHosts, ListedProject } from "../../ports/database-hosts.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { adoptionsOf } from "./adoptions.ts";
import { secondsToSettle } from "./creations.ts";
import { adoptedSecretName, secretName } from "./credentials.ts";
import { configuredHosts, hostsOf } from "./places.ts";
import { done, projectNameOf, type Step, type StepContext, type StepOutcome } from "./step.ts";

/**
 * Takes a provisioning back that an operator gave up: whatever was made is deleted, found by name where no record of it
 * was written. What a person made and we adopted stays. Each step may be repeated after any failure.
 */
export const rollbackSteps: readonly Step[] = [
  { name: "rollback_customer", title: "Deleting the customer at the payment provider", run: deleteCustomer },
  { name: "rollback_database", title: "Deleting the database project", run: deleteProjects },
  { name: "rollback_secrets", title: "Deleting both secrets", run: deleteSecrets },
  { name: "rollback_release", title: "Releasing the address and the sign-up", run: releaseAddress },
];

/** The steps of a rollback stand in the job's list behind its own, whatever a later version adds to those. */
export const FIRST_ROLLBACK_POSITION = 1000;

/** A provider that takes longer to delete a project needs a person. */
const DELETION_WAIT_MINUTES = 30;

async function deleteCustomer({ control, ports, tenant, jobId }: StepContext): Promise<StepOutcome> {
  if (await wasTried(control, jobId, "payment_customer")) {
    await ports.payments.deleteCustomer({
      tenantId: tenant.id,
      companyName: tenant.name,
      ownerEmail: tenant.ownerEmail,
    });
  }
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantSubscriptions")
      .set({ stripeCustomerId: null, updatedAt: tx.clock.now() })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

async function deleteProjects(context: StepContext): Promise<StepOutcome> {
  const { control, settings, stepStartedAt, tenant, database } = context;
  // Also one that was adopted before another one was.
  const adopted = await adoptionsOf(control, [tenant.id]);
  let found = 0;
  for (const hosts of hostsToSearch(context)) {
    const refs = new Set((await namesakes(hosts, tenant.id)).map(({ ref }) => ref));
    const recorded = database?.isAdopted ? null : database?.projectRef;
    if (recorded && (await hosts.inspect(recorded)).status !== "removed") refs.add(recorded);
    for (const { projectRef } of adopted) if (projectRef) refs.delete(projectRef);
    for (const ref of refs) await hosts.delete(ref);
    found += refs.size;
  }
  // Deleting may take a while, may have been refused for now, and a creation may only now come to its end: so it is
  // looked at again until nothing is left.
  if (found > 0 || (await secondsToSettle(control, tenant.id)) > 0) {
    if (control.clock.now() > secondsAfter(stepStartedAt, DELETION_WAIT_MINUTES * MINUTE_SECONDS)) {
      throw unavailable(`The database project is still there after ${DELETION_WAIT_MINUTES} minutes.`, MINUTE_SECONDS);
    }
    return { kind: "wait", seconds: settings.databasePollSeconds };
  }
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantDatabases")
      .set({ projectRef: null })
      .where("tenantId", "=", tenant.id)
      .where("isAdopted", "=", false)
      .execute();
  });
}

/**
 * Where projects of the tenant may be: at the provider that was recorded before anything was made. When a person's
 * database took the place of what was made, that record is gone, and every provider is asked.
 */
function hostsToSearch({ ports, database }: StepContext): readonly DatabaseHosts[] {
  if (database === undefined) return [];
  if (database.isAdopted) return configuredHosts(ports.hosts).map(({ hosts }) => hosts);
  return [hostsOf(ports.hosts, database.provider)];
}

/** Every project that carries the tenant's name: a create whose reply was lost leaves one that nobody recorded. */
async function namesakes(hosts: DatabaseHosts, tenantId: string): Promise<readonly ListedProject[]> {
  const name = projectNameOf(tenantId);
  const found: ListedProject[] = [];
  let after: string | undefined;
  do {
    const page = await hosts.list(name, after);
    found.push(...page.projects.filter((project) => project.name === name && project.status !== "removed"));
    after = page.next;
  } while (after !== undefined);
  return found;
}

async function deleteSecrets({ control, ports, settings, jobId, tenant, database }: StepContext): Promise<StepOutcome> {
  const naming = { control, stage: settings.stage, tenantId: tenant.id, jobId };
  // By name as well: a secret whose reply was lost has no record of its reference, nor has that of an adoption that
  // stopped, which would have been the next.
  const adopted = Array.from({ length: (await adoptionsOf(control, [tenant.id])).length + 1 }, (_, index) =>
    adoptedSecretName(naming, index + 1),
  );
  const names = await Promise.all([secretName(naming, "app"), secretName(naming, "owner"), ...adopted]);
  for (const reference of [database?.appSecretArn, database?.ownerSecretArn, ...names]) {
    if (reference) await ports.secrets.delete(reference);
  }
  return done(async (tx) => {
    await tx.db
      .updateTable("tenantDatabases")
      .set({ ownerSecretArn: null, appSecretArn: null })
      .where("tenantId", "=", tenant.id)
      .execute();
  });
}

async function releaseAddress({ tenant, database }: StepContext): Promise<StepOutcome> {
  return done(async (tx) => {
    const now = tx.clock.now();
    const released = await tx.db
      .deleteFrom("tenantHosts")
      .where("tenantId", "=", tenant.id)
      .returning("host")
      .execute();
    await tx.db
      .updateTable("signUps")
      .set({ tenantId: null, confirmedAt: null })
      .where("tenantId", "=", tenant.id)
      .execute();
    await tx.db.updateTable("tenants").set({ state: "closed", updatedAt: now }).where("id", "=", tenant.id).execute();
    await ControlAudit.append(tx, {
      action: "tenant.rolled_back",
      tenantId: tenant.id,
      before: { hosts: released.map(({ host }) => host) },
      after: { state: "closed", databaseKept: database?.isAdopted ?? false },
    });
  });
}

/** Whether a step was ever begun: what it makes may then be there, recorded or not. */
async function wasTried(control: ControlScope, jobId: string, step: string): Promise<boolean> {
  const attempt = await control.db
    .selectFrom("provisioningAttempts")
    .select("fence")
    .where("jobId", "=", jobId)
    .where("step", "=", step)
    .limit(1)
    .executeTakeFirst();
  return attempt !== undefined;
}
