import { DomainError } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";

/**
 * One of a pharmacy's own people acts on that pharmacy and on no other, whatever id a caller hands over.
 * @throws DomainError `forbidden`
 */
export function requireOwn({ actor }: ControlScope, tenantId: string): void {
  if (actor.kind !== "member" || actor.tenantId === tenantId) return;
  throw new DomainError("forbidden", "This is another pharmacy's subscription.");
}

/** Who asked, for a column: an id of ours, or the name of what runs by itself. */
export function askedBy({ actor }: ControlScope): string {
  switch (actor.kind) {
    case "member":
      return actor.userId;
    case "operator":
      return actor.operatorId;
    case "system":
      return actor.name;
    case "visitor":
      return actor.kind;
  }
}
