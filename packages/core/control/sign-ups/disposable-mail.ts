import { disposableEmailBlocklistSet } from "disposable-email-domains-js";

let known: ReadonlySet<string> | undefined;

/**
 * Whether an address is of a domain that lends mailboxes for minutes, or below one. The list is the community's
 * (github.com/disposable-email-domains), as its package brings it; it is read when the first form comes.
 */
export function isDisposable(email: string): boolean {
  known ??= disposableEmailBlocklistSet();
  const labels = email
    .slice(email.lastIndexOf("@") + 1)
    .toLowerCase()
    .split(".");
  for (let from = 0; from < labels.length - 1; from += 1) {
    if (known.has(labels.slice(from).join("."))) return true;
  }
  return false;
}
