export * as ControlAudit from "./audit.ts";

import { newId } from "../../kernel/ids.ts";
import type { ControlScope } from "../scope.ts";

export interface AuditEntry {
  /** What happened, past tense, dotted: `tenant.provisioned`. */
  readonly action: string;
  readonly tenantId?: string;
  readonly reason?: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** Appends to the control plane's audit log; inside `tx` it commits with the change. */
export async function append(control: ControlScope, entry: AuditEntry): Promise<void> {
  const { actor } = control;
  await control.db
    .insertInto("auditLog")
    .values({
      id: newId(control.clock),
      at: control.clock.now(),
      actorKind: actor.kind,
      actorId: actor.kind === "system" ? actor.name : actor.kind === "operator" ? actor.operatorId : null,
      tenantId: entry.tenantId ?? null,
      action: entry.action,
      reason: entry.reason ?? null,
      sourceIp: actor.kind === "visitor" ? actor.sourceIp : null,
      requestId: actor.kind === "visitor" ? actor.requestId : null,
      before: entry.before ?? null,
      after: entry.after ?? null,
    })
    .execute();
}
