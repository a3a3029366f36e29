export * as Mails from "./mails.ts";

import * as z from "zod";
import { Effects } from "../../ports/effects.ts";
import { welcomeLinkToken } from "../provisioning/welcome.ts";
import type { ControlScope } from "../scope.ts";
import { CODE_MINUTES, codeOf } from "../sign-ups/codes.ts";
import { addressOf, findUrl, signInLinkUrl } from "../tenants/addresses.ts";
import { FindRequests } from "../tenants/find-requests.ts";
import { pharmaciesOfOwner } from "../tenants/owners.ts";
import { type BillingLetter, billingPayloadSchema, composeBilling } from "./billing-mails.ts";
import { composeEnquiry, type EnquiryLetter } from "./enquiry-mail.ts";

export type { BillingLetter, BillingNotice } from "./billing-mails.ts";

export interface NamedAddress {
  readonly companyName: string;
  /** With its scheme. */
  readonly address: string;
}

/** What to say to whom; the words are the views'. */
export type Letter =
  | BillingLetter
  | EnquiryLetter
  | { readonly kind: "sign_up_code"; readonly to: string; readonly code: string; readonly minutes: number }
  | {
      /** In place of a code, to somebody who had the trial, or owns a pharmacy now. */
      readonly kind: "existing_owner";
      readonly to: string;
      /** Those that are open; none when theirs are closed. */
      readonly pharmacies: readonly NamedAddress[];
      /** Where all addresses of a person are asked for. */
      readonly findUrl: string;
    }
  | { readonly kind: "pharmacies_found"; readonly to: string; readonly pharmacies: readonly NamedAddress[] }
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
  billingPayloadSchema,
  z.object({ template: z.literal("sign_up_code"), signUpId: z.uuid(), number: z.coerce.number().int() }),
  z.object({ template: z.literal("pharmacies_found"), requestId: z.uuid() }),
  z.object({ template: z.literal("enterprise_enquiry"), enquiryId: z.uuid() }),
  // Which of the job's links the mail brings: the first one's mails were recorded without a number.
  z.object({ template: z.literal("welcome"), tenantId: z.uuid(), number: z.coerce.number().int().default(1) }),
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
export async function compose(tx: ControlScope, rootUrl: string, payload: unknown): Promise<Letter | undefined> {
  const effect = payloadSchema.parse(payload);
  switch (effect.template) {
    case "sign_up_code":
      return composeCode(tx, rootUrl, effect.signUpId, effect.number);
    case "pharmacies_found":
      return composeFound(tx, rootUrl, effect.requestId);
    case "welcome":
      return composeWelcome(tx, rootUrl, effect.tenantId, effect.number);
    case "billing":
      return composeBilling(tx, rootUrl, effect);
    case "enterprise_enquiry":
      return composeEnquiry(tx, rootUrl, effect.enquiryId);
  }
}

/**
 * Whoever sends the form sees the same, customer or not: which of them it was is decided here, and only the owner of
 * the mailbox reads it. A customer gets no code, because it could open nothing.
 */
async function composeCode(
  tx: ControlScope,
  rootUrl: string,
  signUpId: string,
  number: number,
): Promise<Letter | undefined> {
  const signUp = await tx.db
    .selectFrom("signUps")
    .select("email")
    .where("id", "=", signUpId)
    .where("tenantId", "is", null)
    .where("codeNumber", "=", number)
    .where("codeExpiresAt", ">", tx.clock.now())
    .executeTakeFirst();
  if (signUp === undefined) return undefined;
  const to = signUp.email;
  const owned = await pharmaciesOfOwner(tx, to);
  if (owned.length > 0) {
    const pharmacies = owned.flatMap(({ companyName, host }) =>
      host === null ? [] : [named(rootUrl, { companyName, host })],
    );
    return { kind: "existing_owner", to, pharmacies, findUrl: findUrl(rootUrl) };
  }
  return { kind: "sign_up_code", to, code: await codeOf(tx, signUpId, number), minutes: CODE_MINUTES };
}

/** Nobody is told that an address is not known here: it may have been typed by somebody else. */
async function composeFound(tx: ControlScope, rootUrl: string, requestId: string): Promise<Letter | undefined> {
  const to = await FindRequests.take(tx, requestId);
  if (to === undefined) return undefined;
  const pharmacies = (await FindRequests.pharmaciesOf(tx, to)).map((one) => named(rootUrl, one));
  return pharmacies.length === 0 ? undefined : { kind: "pharmacies_found", to, pharmacies };
}

const named = (rootUrl: string, found: { readonly companyName: string; readonly host: string }): NamedAddress => ({
  companyName: found.companyName,
  address: addressOf(rootUrl, found.host),
});

async function composeWelcome(
  tx: ControlScope,
  rootUrl: string,
  tenantId: string,
  number: number,
): Promise<Letter | undefined> {
  const tenant = await tx.db
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
    .where("provisioningJobs.linkNumber", "=", number)
    .executeTakeFirst();
  if (tenant === undefined || tenant.trialEndsAt === null) return undefined;
  const address = addressOf(rootUrl, tenant.host);
  const token = await welcomeLinkToken(tx, tenantId, tenant.jobId);
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
