import * as z from "zod";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import type { JobState } from "./jobs.ts";

const ACTION = "tenant.database_adopted";
const afterSchema = z.object({ projectRef: z.string().nullable() });

export interface RecordedAdoption {
  readonly tenantId: string;
  readonly reason: string;
  readonly stateBefore: JobState;
  readonly provider: string;
  /** Null for a database at no provider of ours. */
  readonly projectRef: string | null;
}

/** Keeps for good that a person made this database, also once the tenant has another one. */
export async function recordAdoption(tx: ControlScope, adoption: RecordedAdoption): Promise<void> {
  const { tenantId, reason, stateBefore, provider, projectRef } = adoption;
  await ControlAudit.append(tx, {
    action: ACTION,
    tenantId,
    reason,
    before: { state: stateBefore },
    after: { state: "running", provider, projectRef },
  });
}

/**
 * Every adoption of these tenants, whatever was adopted after it. The audit log has them: nothing in it is ever changed,
 * while a tenant's row knows its last database only.
 */
export async function adoptionsOf(
  control: ControlScope,
  tenantIds: readonly string[],
): Promise<readonly { readonly projectRef: string | null }[]> {
  if (tenantIds.length === 0) return [];
  const rows = await control.db
    .selectFrom("auditLog")
    .select("after")
    .where("tenantId", "in", tenantIds)
    .where("action", "=", ACTION)
    .execute();
  return rows.map(({ after }) => afterSchema.parse(after));
}
