export * as ControlAudit from "./audit.ts";

import { newId } from "../../kernel/ids.ts";
import type { ControlActor, ControlScope } from "../scope.ts";

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
      actorId: actorIdOf(actor),
      tenantId: entry.tenantId ?? null,
      action: entry.action,
      reason: entry.reason ?? null,
      sourceIp: "sourceIp" in actor ? actor.sourceIp : null,
      requestId: "requestId" in actor ? actor.requestId : null,
      before: entry.before ?? null,
      after: entry.after ?? null,
    })
    .execute();
}

function actorIdOf(actor: ControlActor): string | null {
  switch (actor.kind) {
    case "system":
      return actor.name;
    case "operator":
      return actor.operatorId;
    case "member":
      return actor.userId;
    case "visitor":
      return null;
  }
}
