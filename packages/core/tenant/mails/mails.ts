export * as Mails from "./mails.ts";

import * as z from "zod";
import { SignInLinks } from "../accounts/sign-in-links.ts";
import type { Job } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** What a message of the mail queue asks for. */
export const mailRequestSchema = z.object({ template: z.literal("sign_in_link"), linkId: z.uuid() });
export type MailRequest = z.infer<typeof mailRequestSchema>;

/** A mail in our words: who gets it and what it says. The worker sets it in type. */
export interface Letter {
  readonly template: "sign_in_link";
  readonly to: string;
  readonly companyName: string;
  readonly link: string;
  readonly minutes: number;
}

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
  const link = await SignInLinks.findForMail(tenant, request.linkId);
  if (link === undefined) return undefined;
  const url = new URL("/auth/link", address);
  url.searchParams.set("token", link.token);
  return {
    template: request.template,
    to: link.email,
    companyName: tenant.tenant.companyName,
    link: url.href,
    minutes: SignInLinks.LINK_MINUTES,
  };
}
