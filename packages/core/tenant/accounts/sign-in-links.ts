export * as SignInLinks from "./sign-in-links.ts";

import { sql } from "kysely";
import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { newId } from "../../kernel/ids.ts";
import { networkOf } from "../../kernel/networks.ts";
import type { RateLimit } from "../../kernel/rate-limits.ts";
import { hashToken, hmac } from "../../kernel/tokens.ts";
import type { Job, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";
import { type Account, Credentials } from "./credentials.ts";

/** How long a link that was asked for is good. */
export const LINK_MINUTES = 15;
/** Links that one person can have mailed within that time: nobody's inbox is filled by a stranger. */
export const LINK_LIMIT: RateLimit = { name: "sign-in-link", hits: 3, windowSeconds: LINK_MINUTES * MINUTE_SECONDS };
const NETWORK_LIMIT: RateLimit = { name: "sign-in-link-network", hits: 50, windowSeconds: 15 * MINUTE_SECONDS };

const KEY_PURPOSE = "sign-in-link";

export const mailSchema = z.object({ template: z.literal("sign_in_link"), linkId: z.uuid() });

export interface LinkLetter {
  readonly template: "sign_in_link";
  readonly to: string;
  readonly companyName: string;
  readonly link: string;
  readonly minutes: number;
}

/**
 * Has a one-time sign-in link mailed to the person of this mail address or username. Somebody unknown, or without a
 * mail address, gets no mail, and the caller cannot tell: the same limits are counted, the same statements run and the
 * same effect is recorded either way, with an id that leads to no link.
 * @throws DomainError `rate_limited` after three links in 15 minutes, or 50 from one network
 */
export async function request(tenant: TenantScope<Visitor>, login: string): Promise<void> {
  const account = await Credentials.findByLogin(tenant, login);
  const network = networkOf(tenant.actor.sourceIp);
  const subject = account?.userId ?? `login ${Credentials.loginOf(login)}`;
  await tenant.limits.take(
    [
      { limit: NETWORK_LIMIT, subject: network },
      { limit: LINK_LIMIT, subject },
    ],
    "Enough links were asked for. Look into your mail, also where spam goes.",
  );
  const linkId = newId(tenant.clock);
  const tokenHash = hashToken(await tokenOf(tenant, linkId));
  const now = tenant.clock.now();
  const expiresAt = secondsAfter(now, LINK_MINUTES * MINUTE_SECONDS);
  await tenant.tx(async (tx) => {
    await tx.db
      .insertInto("signInLinks")
      .columns(["tokenHash", "userId", "expiresAt", "createdAt"])
      .expression(
        tx.db
          .selectFrom("users")
          .select([
            sql<string>`${tokenHash}::text`.as("tokenHash"),
            "users.id as userId",
            sql<Date>`${expiresAt}::timestamptz`.as("expiresAt"),
            sql<Date>`${now}::timestamptz`.as("createdAt"),
          ])
          .where("users.id", "=", account?.userId ?? linkId)
          .where("users.email", "is not", null),
      )
      .execute();
    await tx.emit({
      queue: "tenant-mail",
      payload: { template: "sign_in_link", linkId },
      dedupeKey: `sign-in-link:${linkId}`,
    });
  });
}

/**
 * Uses a link up, and takes the mail address for proved. Of any number of attempts at once, one gets the person, with the
 * password of that moment: no session begins by the link once it is another.
 * @returns undefined when the link is unknown, used or too old, and for somebody who was deactivated
 */
export async function consume(tenant: TenantScope<Visitor>, token: string): Promise<Account | undefined> {
  const now = tenant.clock.now();
  return tenant.tx(async (tx) => {
    const link = await findUsable(tx, token);
    if (link === undefined || !(await Credentials.lock(tx, link.userId))) return undefined;
    const { userId } = link;
    const used = await tx.db
      .updateTable("signInLinks")
      .set({ usedAt: now })
      .where("tokenHash", "=", hashToken(token))
      .where("usedAt", "is", null)
      .returning("userId")
      .executeTakeFirst();
    if (used === undefined) return undefined;
    await tx.db
      .updateTable("users")
      .set({ emailVerified: true, updatedAt: now })
      .where("id", "=", userId)
      .where("emailVerified", "=", false)
      .execute();
    await TenantAudit.append(tx, { action: "sign_in_link.used", after: { userId } });
    return Credentials.findById(tx, userId);
  });
}

/** Whether a link could be used now: for the page that asks to confirm. */
export async function isUsable(tenant: TenantScope<Visitor>, token: string): Promise<boolean> {
  return (await findUsable(tenant, token)) !== undefined;
}

/** The mail with a link that was asked for; undefined when there is nobody, or it is too late. */
export async function compose(
  tenant: TenantScope<Job>,
  { linkId }: z.infer<typeof mailSchema>,
  address: string,
): Promise<LinkLetter | undefined> {
  const token = await tokenOf(tenant, linkId);
  const row = await tenant.db
    .selectFrom("signInLinks")
    .innerJoin("users", "users.id", "signInLinks.userId")
    .select("users.email")
    .where("signInLinks.tokenHash", "=", hashToken(token))
    .where("signInLinks.usedAt", "is", null)
    .where("signInLinks.expiresAt", ">", tenant.clock.now())
    .where("users.deactivatedAt", "is", null)
    .executeTakeFirst();
  if (row === undefined || row.email === null) return undefined;
  const link = new URL("/auth/link", address);
  link.searchParams.set("token", token);
  return {
    template: "sign_in_link",
    to: row.email,
    companyName: tenant.tenant.companyName,
    link: link.href,
    minutes: LINK_MINUTES,
  };
}

function findUsable(tenant: TenantScope<Visitor>, token: string): Promise<{ readonly userId: string } | undefined> {
  return tenant.db
    .selectFrom("signInLinks")
    .select("userId")
    .where("tokenHash", "=", hashToken(token))
    .where("usedAt", "is", null)
    .where("expiresAt", ">", tenant.clock.now())
    .executeTakeFirst();
}

/** Made anew from the link's id whenever it is needed, so that no table and no message holds it. */
async function tokenOf(tenant: TenantScope<Visitor | Job>, linkId: string): Promise<string> {
  return hmac(await tenant.key(KEY_PURPOSE), linkId);
}
