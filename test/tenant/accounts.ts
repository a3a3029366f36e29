import { openIdentity } from "@pharmasight/adapters/auth/better-auth";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import type { Member } from "@pharmasight/core/tenant/actors";
import { type Letter, Mails } from "@pharmasight/core/tenant/mails/mails";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { Pharmacy } from "./pharmacy.ts";

/** The address in the links of mails. */
const address = "http://alfa.pharmasight.localhost:3000";
export const password = "correct horse battery";
export const otherPassword = "seven quiet lakes";

/** Delivers what is in the mail queue, each message `copies` times at once. */
export async function deliver(pharmacy: Pharmacy, copies = 1): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const { message } of pharmacy.jobs.of("tenant-mail")) {
    const request = Mails.mailRequestSchema.parse(message);
    const outboxId = message.outboxId ?? "";
    const run = async () =>
      Mails.deliver(await pharmacy.job(), { ...request, outboxId }, address, async (letter) => letters.push(letter));
    await Promise.all(Array.from({ length: copies }, run));
  }
  return letters;
}

/** The one-time token in the link of a letter. */
export function tokenIn(letter: Letter | undefined): string {
  const link = letter !== undefined && "link" in letter ? letter.link : "";
  return new URL(link).searchParams.get("token") ?? "";
}

export async function setPassword(pharmacy: Pharmacy, userId: string, text = password): Promise<void> {
  await openIdentity(await pharmacy.visitor()).setPassword(userId, text);
}

/** Begins a session as the sign-in does. */
export async function begin(
  pharmacy: Pharmacy,
  userId: string,
  userAgent?: string,
): Promise<{ token: string; person: TenantScope<Member> }> {
  const { token } = await Sessions.begin(await pharmacy.visitor(), userId, { userAgent, factorPassed: true });
  return { token, person: await pharmacy.holder(token) };
}

/** What an attempt came to: "done", or the code of its error. */
export const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "done",
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );

/** The fields that an attempt was refused for. */
export const fieldsOf = (attempt: Promise<unknown>): Promise<string[]> =>
  attempt.then(
    () => [],
    (error: unknown) => (error instanceof DomainError ? Object.keys(error.fields) : [String(error)]),
  );
