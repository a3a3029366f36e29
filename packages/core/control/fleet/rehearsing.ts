import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { DatabaseHosts } from "../../ports/database-hosts.ts";
import type { RehearsalReport } from "../../ports/schemas.ts";
import type { OwnerSecret } from "../../ports/tenant-setup.ts";
import { ControlAudit } from "../audit/audit.ts";
import { readOwnerSecret } from "../provisioning/credentials.ts";
import { requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { migrationsBetween, openStates } from "./deployments.ts";
import { look } from "./looks.ts";
import type { FleetPorts } from "./ports.ts";
import { reportSchema } from "./reports.ts";
import { tenantIdOf } from "./selection.ts";

/** A rehearsal as it is kept. */
export interface Rehearsal {
  readonly id: string;
  readonly tenantId: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  /** Whether what was rehearsed may be rolled out. */
  readonly hasPassed: boolean;
  readonly report: RehearsalReport;
  readonly rehearsedBy: string;
  readonly rehearsedAt: Date;
}

/**
 * Tries the migrations that a staging tenant has not, and keeps the report: on a copy of its database where the provider
 * makes one, otherwise on the tenant itself, which has them afterwards.
 * @param wanted.toVersion by default the newest
 * @throws DomainError `conflict` for a tenant that is not of ring staging, has the version already or is led by a
 * deployment, `unavailable` when its database does not answer
 */
export async function rehearse(
  control: ControlScope,
  ports: FleetPorts,
  wanted: { readonly tenant: string; readonly toVersion?: number | undefined },
): Promise<Rehearsal> {
  requireOperator(control);
  const { migrations } = ports.schemas;
  const toVersion = wanted.toVersion ?? migrations.at(-1)?.version ?? 0;
  if (!migrations.some(({ version }) => version === toVersion)) throw notFound(`version ${toVersion} of the schema`);
  const tenantId = await tenantIdOf(control, wanted.tenant);
  const subject = await subjectOf(control, tenantId, toVersion);
  const owner = await readOwnerSecret(ports.secrets, subject.ownerSecretArn);
  const report = await tryOut(control, ports, { ...subject, tenantId }, owner, toVersion);
  return keep(control, tenantId, report, checksumsOf(ports, report));
}

/** @throws DomainError `not_found` */
export async function rehearsal(control: ControlScope, id: string): Promise<Rehearsal> {
  if (!idSchema.safeParse(id).success) throw notFound("rehearsal");
  const row = await control.db.selectFrom("rehearsals").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound("rehearsal");
  const { checksums: _, report, ...kept } = row;
  return { ...kept, report: reportSchema.parse(report) };
}

interface Subject {
  readonly provider: "supabase" | "postgres";
  readonly projectRef: string | null;
  readonly ownerSecretArn: string;
}

async function subjectOf(control: ControlScope, tenantId: string, toVersion: number): Promise<Subject> {
  const tenant = await control.db
    .selectFrom("tenants")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .select(["ring", "schemaVersion", "provider", "projectRef", "ownerSecretArn"])
    .where("tenants.id", "=", tenantId)
    .executeTakeFirst();
  if (tenant === undefined || tenant.ownerSecretArn === null) throw notFound("database of this pharmacy");
  const { ring, schemaVersion, provider, projectRef, ownerSecretArn } = tenant;
  if (ring !== "staging") {
    throw new DomainError(
      "conflict",
      "Only a pharmacy of ring staging is rehearsed with: nobody else's data is copied.",
    );
  }
  if ((schemaVersion ?? 0) >= toVersion) {
    throw new DomainError("conflict", `It has version ${schemaVersion ?? 0} already: there is nothing to rehearse.`);
  }
  const held = await control.db
    .selectFrom("deploymentTargets")
    .select("deploymentId")
    .where("tenantId", "=", tenantId)
    .where("state", "in", [...openStates])
    .executeTakeFirst();
  if (held === undefined) return { provider, projectRef, ownerSecretArn };
  throw new DomainError("conflict", `Deployment ${held.deploymentId} has not done with it: let it end, or abandon it.`);
}

async function tryOut(
  control: ControlScope,
  ports: FleetPorts,
  { tenantId, provider, projectRef }: Subject & { readonly tenantId: string },
  owner: OwnerSecret,
  toVersion: number,
): Promise<RehearsalReport> {
  const hosts: DatabaseHosts | undefined = ports.hosts[provider];
  if (hosts?.copy === undefined || projectRef === null) {
    const report = await ports.rehearsals.rehearse(owner, toVersion);
    await look(control, ports, tenantId);
    return report;
  }
  const copy = await hosts.copy(projectRef, `rehearsal_${newId(control.clock).replaceAll("-", "")}`);
  try {
    const { session, ownerUser: user } = copy.endpoints;
    return await ports.rehearsals.rehearse({ ...owner, session, user }, toVersion);
  } finally {
    // A copy that stays is dropped by a later one: the report is worth more than an error about it.
    await copy
      .discard()
      .catch((error: unknown) => control.log.warn("a copy was not dropped", { error: String(error) }));
  }
}

function checksumsOf({ schemas }: FleetPorts, { fromVersion, toVersion }: RehearsalReport): string[] {
  return migrationsBetween(schemas.migrations, fromVersion, toVersion).map(({ checksum }) => checksum);
}

async function keep(
  control: ControlScope,
  tenantId: string,
  report: RehearsalReport,
  checksums: string[],
): Promise<Rehearsal> {
  const { actor, clock } = control;
  const rehearsedBy = actor.kind === "operator" ? actor.operatorId : actor.kind;
  const { fromVersion, toVersion, failure } = report;
  const kept = { id: newId(clock), tenantId, fromVersion, toVersion, hasPassed: failure === undefined };
  const rehearsedAt = clock.now();
  return control.tx(async (tx) => {
    const row = { ...kept, checksums, report, rehearsedBy, rehearsedAt };
    await tx.db.insertInto("rehearsals").values(row).execute();
    await ControlAudit.append(tx, {
      action: "migration.rehearsed",
      tenantId,
      after: { rehearsal: kept.id, fromVersion, toVersion, hasPassed: kept.hasPassed },
    });
    return { ...kept, report, rehearsedBy, rehearsedAt };
  });
}
