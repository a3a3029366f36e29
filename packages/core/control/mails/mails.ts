export * as Mails from "./mails.ts";

import * as z from "zod";
import { Effects } from "../../ports/effects.ts";
import { welcomeLinkToken } from "../provisioning/steps.ts";
import type { ControlScope } from "../scope.ts";
import { CODE_MINUTES, codeOf } from "../sign-ups/codes.ts";
import { addressOf, signInLinkUrl } from "../tenants/addresses.ts";

/** What to say to whom; the words are the views'. */
export type Letter =
  | { readonly kind: "sign_up_code"; readonly to: string; readonly code: string; readonly minutes: number }
  | {
      readonly kind: "welcome";
      readonly to: string;
      readonly companyName: string;
      readonly ownerName: string;
      /** With its scheme. */
      readonly address: string;
      /** One-time sign-in link. */
      readonly link: string;
      readonly trialEnds: Date;
    };

const payloadSchema = z.discriminatedUnion("template", [
  z.object({ template: z.literal("sign_up_code"), signUpId: z.uuid(), number: z.coerce.number().int() }),
  z.object({ template: z.literal("welcome"), tenantId: z.uuid() }),
]);

/**
 * Sends the mail of an outbox row once: a second message for the same row finds it locked or done. Only a process that
 * dies between the mail service's yes and our record sends a second mail, because the service takes no key.
 * @param rootUrl scheme, root domain and, locally, port
 */
export async function deliver(
  control: ControlScope,
  rootUrl: string,
  outboxId: string,
  send: (letter: Letter) => Promise<void>,
): Promise<void> {
  await control.tx(async (tx) => {
    const row = await tx.db
      .selectFrom("outbox")
      .select("payload")
      .where("id", "=", outboxId)
      .where("doneAt", "is", null)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (row === undefined) return;
    const letter = await compose(tx, rootUrl, Effects.payloadOf(row));
    if (letter !== undefined) await send(letter);
    await tx.settle(outboxId);
  });
}

/** The letter that an effect asks for, or nothing when it would no longer say anything true. */
export async function compose(control: ControlScope, rootUrl: string, payload: unknown): Promise<Letter | undefined> {
  const effect = payloadSchema.parse(payload);
  return effect.template === "welcome"
    ? composeWelcome(control, rootUrl, effect.tenantId)
    : composeCode(control, effect.signUpId, effect.number);
}

async function composeCode(control: ControlScope, signUpId: string, number: number): Promise<Letter | undefined> {
  const signUp = await control.db
    .selectFrom("signUps")
    .select("email")
    .where("id", "=", signUpId)
    .where("tenantId", "is", null)
    .where("codeNumber", "=", number)
    .where("codeExpiresAt", ">", control.clock.now())
    .executeTakeFirst();
  if (signUp === undefined) return undefined;
  const code = await codeOf(control, signUpId, number);
  return { kind: "sign_up_code", to: signUp.email, code, minutes: CODE_MINUTES };
}

async function composeWelcome(control: ControlScope, rootUrl: string, tenantId: string): Promise<Letter | undefined> {
  const tenant = await control.db
    .selectFrom("tenants")
    .innerJoin("tenantHosts", "tenantHosts.tenantId", "tenants.id")
    .innerJoin("provisioningJobs", "provisioningJobs.tenantId", "tenants.id")
    .select([
      "tenants.name",
      "tenants.ownerName",
      "tenants.ownerEmail",
      "tenants.trialEndsAt",
      "tenantHosts.host",
      "provisioningJobs.id as jobId",
    ])
    .where("tenants.id", "=", tenantId)
    .where("tenantHosts.kind", "=", "primary")
    .executeTakeFirst();
  if (tenant === undefined || tenant.trialEndsAt === null) return undefined;
  const address = addressOf(rootUrl, tenant.host);
  const token = await welcomeLinkToken(control, tenantId, tenant.jobId);
  return {
    kind: "welcome",
    to: tenant.ownerEmail,
    companyName: tenant.name,
    ownerName: tenant.ownerName,
    address,
    link: `${signInLinkUrl(address)}?token=${token}`,
    trialEnds: tenant.trialEndsAt,
  };
}
