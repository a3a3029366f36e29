import { sql } from "kysely";
import { DomainError } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";
import { mailboxOf } from "../tenants/mailboxes.ts";
import { type OwnedPharmacy, pharmaciesOfOwner } from "../tenants/owners.ts";

/**
 * Asked only after the code proved whose address it is: nobody else learns who is a customer. The sign-ups of one
 * mailbox wait for each other here until their transactions end; no key could decide it, because a pharmacy that never
 * opened does not count.
 * @throws DomainError `conflict` with `fields.email` when this owner had the trial, or owns a pharmacy now
 */
export async function requireFirstTrial(tx: ControlScope, email: string): Promise<void> {
  const earlier = await trialsOf(tx, mailboxOf(email));
  if (earlier.length === 0) return;
  const message =
    "You have had a free trial with this email address. Sign in to your pharmacy, or write to us to open another.";
  throw new DomainError("conflict", message, { fields: { email: message } });
}

/**
 * Asked before a failed provisioning goes on: until now it was no pharmacy, so its owner was free to sign up again.
 * @throws DomainError `conflict` when they did, in words for an operator
 */
export async function requireNoOtherTrial(tx: ControlScope, failedTenantId: string): Promise<void> {
  const { ownerEmail } = await tx.db
    .selectFrom("tenants")
    .select("ownerEmail")
    .where("id", "=", failedTenantId)
    .executeTakeFirstOrThrow();
  const others = await trialsOf(tx, mailboxOf(ownerEmail));
  if (others.length === 0) return;
  const names = others.map(({ companyName, host }) => host ?? companyName).join(", ");
  throw new DomainError(
    "conflict",
    `The owner has signed up again meanwhile and has ${names}: one trial for each owner. Roll this one back.`,
  );
}

/** Holds the mailbox until the transaction ends: sign-ups and retries of one owner go one after the other. */
async function trialsOf(tx: ControlScope, mailbox: string): Promise<readonly OwnedPharmacy[]> {
  const name = `trial of ${mailbox}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx.db);
  return pharmaciesOfOwner(tx, mailbox);
}
