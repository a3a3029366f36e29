export * as Mails from "./mails.ts";

import * as z from "zod";
import { AccountNotices } from "../accounts/account-notices.ts";
import { PasswordResets } from "../accounts/password-resets.ts";
import { SignInLinks } from "../accounts/sign-in-links.ts";
import type { Job } from "../actors.ts";
import { PeopleLetters } from "../people/people-letters.ts";
import type { TenantScope } from "../scope.ts";

/** What a message of the mail queue asks for. Each template is composed by the noun that it belongs to. */
export const mailRequestSchema = z.discriminatedUnion("template", [
  SignInLinks.mailSchema,
  PasswordResets.mailSchema,
  AccountNotices.passwordChangedSchema,
  AccountNotices.twoFactorChangedSchema,
  PeopleLetters.invitationSchema,
  PeopleLetters.ownershipTransferredSchema,
  PeopleLetters.addressChangedSchema,
]);
export type MailRequest = z.infer<typeof mailRequestSchema>;

/** A mail in our words: who gets it and what it says. The worker sets it in type. */
export type Letter =
  | SignInLinks.LinkLetter
  | PasswordResets.ResetLetter
  | AccountNotices.NoticeLetter
  | PeopleLetters.PeopleLetter;

/**
 * Sends the mail of an outbox row unless it was sent. The row is locked meanwhile, so that a message that comes twice
 * at once sends one; only a process killed between the sending and the commit leaves a second one possible.
 * @param address the pharmacy's own address, for links
 */
export async function deliver(
  tenant: TenantScope<Job>,
  message: MailRequest & { readonly outboxId: string },
  address: string,
  send: (letter: Letter) => Promise<unknown>,
): Promise<void> {
  await tenant.tx(async (tx) => {
    const open = await tx.db
      .selectFrom("outbox")
      .select("id")
      .where("id", "=", message.outboxId)
      .where("doneAt", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (open === undefined) return;
    const letter = await letterFor(tx, message, address);
    if (letter !== undefined) await send(letter);
    await tx.settle(message.outboxId);
  });
}

/** @returns undefined when there is nobody to write to, or nothing left to say */
async function letterFor(tenant: TenantScope<Job>, request: MailRequest, address: string): Promise<Letter | undefined> {
  switch (request.template) {
    case "sign_in_link":
      return SignInLinks.compose(tenant, request, address);
    case "password_reset":
      return PasswordResets.compose(tenant, request, address);
    case "password_changed":
    case "two_factor_changed":
      return AccountNotices.compose(tenant, request, address);
    case "invitation":
    case "ownership_transferred":
    case "address_changed":
      return PeopleLetters.compose(tenant, request, address);
  }
}
