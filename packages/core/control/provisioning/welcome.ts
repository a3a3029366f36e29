import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { hashToken, hmac } from "../../kernel/tokens.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { emailSchema, mailboxOf } from "../tenants/mailboxes.ts";
import { readOwnerSecret } from "./credentials.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "./operators.ts";
import { type ProvisioningPorts, present } from "./step.ts";

const WELCOME_LINK_DAYS = 7;

/** Token of the one-time link in the welcome mail: derived, so that it can be mailed again and is stored nowhere. */
export async function welcomeLinkToken(control: ControlScope, tenantId: string, jobId: string): Promise<string> {
  const job = await control.db
    .selectFrom("provisioningJobs")
    .select("linkNumber")
    .where("id", "=", jobId)
    .executeTakeFirstOrThrow();
  return tokenOf(control, tenantId, jobId, job.linkNumber);
}

export const welcomeLinkExpiry = (now: Date): Date => secondsAfter(now, WELCOME_LINK_DAYS * DAY_SECONDS);

/** @param number which of the job's links the mail is to bring, from 1; an earlier one's mail is not sent any more */
export async function emitWelcome(tx: ControlScope, tenantId: string, number: number): Promise<void> {
  await tx.emit({
    queue: "control-mail",
    payload: { template: "welcome", tenantId, number: String(number) },
    dedupeKey: welcomeKey(tenantId, number),
  });
}

/** Under which key the outbox has the mail of a link. */
export const welcomeKey = (tenantId: string, number: number): string =>
  number === 1 ? `welcome:${tenantId}` : `welcome:${tenantId}:${number}`;

export interface Resending extends Reasoned {
  /** Where the owner's address was wrong. */
  readonly email?: string | undefined;
}

/**
 * Mails the welcome anew, with another link; the one before no longer works. May be repeated after any failure: a
 * command that stopped half-way goes on with the link that it had begun.
 * @throws DomainError `conflict` before the pharmacy is open, and once its owner has signed in
 */
export async function resend(
  control: ControlScope,
  ports: Pick<ProvisioningPorts, "setup" | "secrets">,
  tenantId: string,
  resending: Resending,
): Promise<{ readonly email: string }> {
  requireOperator(control);
  const reason = reasonOfOperator(resending);
  const corrected = correctedAddress(resending.email);
  // The row stays locked meanwhile: of two commands at once, the second one sees the first one's link.
  return control.tx(async (tx) => {
    const job = await lockOpened(tx, tenantId);
    const number = job.linkNumber + 1;
    const email = corrected ?? job.ownerEmail;
    const now = tx.clock.now();
    const owner = await readOwnerSecret(ports.secrets, present(job.ownerSecretArn, "owner secret"));
    await ports.setup.renewOwnerLink(owner, {
      userId: job.id,
      email,
      linkHash: hashToken(await tokenOf(tx, tenantId, job.id, number)),
      linkExpiresAt: welcomeLinkExpiry(now),
      at: now,
    });
    await tx.db.updateTable("provisioningJobs").set({ linkNumber: number }).where("id", "=", job.id).execute();
    if (email !== job.ownerEmail) {
      const mailbox = mailboxOf(email);
      // The trial as well: whoever has the mailbox that was mistyped has had none.
      await tx.db
        .updateTable("tenants")
        .set({ ownerEmail: email, ownerMailbox: mailbox, trialMailbox: mailbox, updatedAt: now })
        .where("id", "=", tenantId)
        .execute();
    }
    await emitWelcome(tx, tenantId, number);
    await ControlAudit.append(tx, {
      action: "tenant.welcome_resent",
      tenantId,
      reason,
      before: { ownerEmail: job.ownerEmail },
      after: { ownerEmail: email, linkNumber: number },
    });
    return { email };
  });
}

async function lockOpened(tx: ControlScope, tenantId: string) {
  const job = await tx.db
    .selectFrom("provisioningJobs")
    .innerJoin("tenants", "tenants.id", "provisioningJobs.tenantId")
    .innerJoin("tenantDatabases", "tenantDatabases.tenantId", "tenants.id")
    .select([
      "provisioningJobs.id",
      "provisioningJobs.state",
      "provisioningJobs.linkNumber",
      "tenants.ownerEmail",
      "tenantDatabases.ownerSecretArn",
    ])
    .where("provisioningJobs.tenantId", "=", tenantId)
    .forUpdate("provisioningJobs")
    .executeTakeFirst();
  if (job?.state === "done") return job;
  throw new DomainError("conflict", "This pharmacy is not open: its welcome mail is sent when it is.");
}

function correctedAddress(email: string | undefined): string | undefined {
  if (email === undefined) return undefined;
  const parsed = emailSchema.safeParse(email);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? "Enter an email address.";
  throw invalidInput(message, { email: message });
}

async function tokenOf(control: ControlScope, tenantId: string, jobId: string, number: number): Promise<string> {
  const key = await control.key("welcome-link", tenantId);
  return hmac(key, number === 1 ? jobId : `${jobId}:${number}`);
}
