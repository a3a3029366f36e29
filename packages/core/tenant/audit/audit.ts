export * as TenantAudit from "./audit.ts";

import { newId } from "../../kernel/ids.ts";
import type { TenantActor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

export interface AuditEntry {
  /** What happened, past tense, dotted: `session.refused`. */
  readonly action: string;
  readonly reason?: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** Appends to the pharmacy's own audit log; inside `tx` it commits with the change. */
export async function append(tenant: TenantScope<TenantActor>, entry: AuditEntry): Promise<void> {
  const { actor } = tenant;
  const isRequest = actor.kind !== "job" && actor.kind !== "operator";
  await tenant.db
    .insertInto("auditLog")
    .values({
      id: newId(tenant.clock),
      at: tenant.clock.now(),
      actorKind: actor.kind,
      actorId: actorId(actor),
      action: entry.action,
      reason: entry.reason ?? null,
      sourceIp: isRequest ? actor.sourceIp : null,
      requestId: isRequest ? actor.requestId : null,
      before: entry.before ?? null,
      after: entry.after ?? null,
    })
    .execute();
}

function actorId(actor: TenantActor): string | null {
  if (actor.kind === "member") return actor.userId;
  if (actor.kind === "api_key") return actor.keyId;
  if (actor.kind === "operator") return actor.operatorId;
  if (actor.kind === "job") return actor.name;
  return null;
}
