import { DomainError, notFound, unavailable } from "../kernel/errors.ts";
import { type Act, type Because, Entitlements } from "../registry/entitlements/entitlements.ts";
import type { RegistryEntry } from "../registry/registry.ts";
import type { CodeSchema } from "./schema/capabilities.ts";

/**
 * Whether there is a database to enter, at a version that the code understands.
 * @throws DomainError `not_found`, `unavailable` or `maintenance`
 */
export function requireOpen(entry: RegistryEntry, schema: CodeSchema): void {
  if (entry.state === "closed") throw notFound("address");
  if (entry.state === "provisioning" || entry.state === "provisioning_failed" || entry.appSecretArn === null) {
    throw unavailable("This pharmacy is being set up.", 5);
  }
  if (entry.schemaVersion === null || entry.schemaVersion < schema.required) {
    throw new DomainError("maintenance", "This pharmacy is being updated.", { retryAfterSeconds: 60 });
  }
}

/**
 * Whether what is paid for lets somebody do this.
 * @param what begins the refusal, for example “Adding people”
 * @throws DomainError `payment_required`
 */
export function requireAct(entry: RegistryEntry, act: Act, what = "Working here"): void {
  const { isAllowed, because } = Entitlements.act(Entitlements.termsOf(entry), act);
  if (!isAllowed) throw new DomainError("payment_required", Entitlements.sentence(because, what, entry.timeZone));
}

/**
 * Whether somebody may work with a module, or read its records.
 * @throws DomainError `payment_required` when the pharmacy's state forbids it, else `module_required`, both with the reason
 */
export function requireModule(entry: RegistryEntry, name: string, act: Act, at: Date): void {
  const terms = Entitlements.termsOf(entry);
  const title = Entitlements.titleOf(terms, name);
  requireAct(entry, act, title);
  const { isAllowed, because } = Entitlements.module(terms, name, at, act);
  if (!isAllowed) throw moduleRequired(entry, title, because);
}

const moduleRequired = ({ timeZone }: RegistryEntry, title: string, because: Because): DomainError =>
  new DomainError("module_required", Entitlements.sentence(because, title, timeZone));
