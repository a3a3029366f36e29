import { DomainError } from "../../kernel/errors.ts";
import type { ApiKey, Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";

/** Whether a person's rights, or a key's scopes, let them add and change items. */
export const mayEdit = (actor: Member | ApiKey): boolean =>
  actor.kind === "api_key" ? actor.scopes.includes("items:write") : Permissions.may(actor, "items.edit");

/**
 * Whether somebody sees what items cost. An item costs the same in every branch, so that one branch is enough; programs
 * never do.
 */
export const maySeeCosts = (actor: Member | ApiKey): boolean =>
  actor.kind === "member" && Permissions.maySomewhere(actor, "items.view_cost");

/** @throws DomainError `forbidden` */
export function requireEditor(actor: Member | ApiKey): void {
  if (mayEdit(actor)) return;
  const message =
    actor.kind === "api_key"
      ? "This API key may not change items. Issue one with the scope items:write."
      : "Your role lets you look at items. Ask the owner if you need to change them.";
  throw new DomainError("forbidden", message);
}

/**
 * Items belong to all branches: whoever may see them in one sees them. A key only with its scope.
 * @throws DomainError `forbidden`
 */
export function requireReader(actor: Member | ApiKey): void {
  if (actor.kind === "member") Permissions.requireSomewhere(actor, "items.view");
  else if (!actor.scopes.includes("items:read"))
    throw new DomainError("forbidden", "This API key may not read items. Issue one with the scope items:read.");
}

/**
 * Whoever may not see costs sets none either: they would overwrite what they cannot see.
 * @throws DomainError `forbidden` on `costPrice`
 */
export function requireCostSetter(actor: Member | ApiKey): void {
  if (maySeeCosts(actor)) return;
  const message =
    actor.kind === "api_key"
      ? "API keys do not set costs. Leave costPrice out."
      : "Your role does not let you see what items cost, so you cannot set it. Leave the cost out.";
  throw new DomainError("forbidden", message, { fields: { costPrice: message } });
}
