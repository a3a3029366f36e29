export * as SignInLinks from "./sign-in-links.ts";

import { sql } from "kysely";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { newId } from "../../kernel/ids.ts";
import { hashToken, hmac } from "../../kernel/tokens.ts";
import type { Job, Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";

/** How long a link that was asked for is good. */
export const LINK_MINUTES = 15;
/** Links that one person can have mailed within that time: nobody's inbox is filled by a stranger. */
const LINKS_MAX = 3;

const KEY_PURPOSE = "sign-in-link";

/**
 * Has a one-time sign-in link mailed to the person of this address. Somebody unknown gets no mail, and the caller cannot
 * tell: the same statements run and the same effect is recorded either way, with an id that leads to no link.
 */
export async function request(tenant: TenantScope<Visitor>, email: string): Promise<void> {
  const linkId = newId(tenant.clock);
  const tokenHash = hashToken(await tokenOf(tenant, linkId));
  const now = tenant.clock.now();
  const expiresAt = secondsAfter(now, LINK_MINUTES * MINUTE_SECONDS);
  const since = secondsAfter(now, -LINK_MINUTES * MINUTE_SECONDS);
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
          .where("users.email", "=", email.trim().toLowerCase())
          .where(
            (e) =>
              e
                .selectFrom("signInLinks")
                .select((inner) => inner.fn.countAll<string>().as("count"))
                .whereRef("signInLinks.userId", "=", "users.id")
                .where("signInLinks.createdAt", ">", since),
            "<",
            String(LINKS_MAX),
          ),
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
 * Uses a link up. Of any number of attempts at once, one gets the person.
 * @returns undefined when the link is unknown, used or too old
 */
export async function consume(tenant: TenantScope<Visitor>, token: string): Promise<{ userId: string } | undefined> {
  const now = tenant.clock.now();
  return tenant.tx(async (tx) => {
    const used = await tx.db
      .updateTable("signInLinks")
      .set({ usedAt: now })
      .where("tokenHash", "=", hashToken(token))
      .where("usedAt", "is", null)
      .where("expiresAt", ">", now)
      .returning("userId")
      .executeTakeFirst();
    if (used !== undefined)
      await TenantAudit.append(tx, { action: "sign_in_link.used", after: { userId: used.userId } });
    return used;
  });
}

/** Whether a link could be used now: for the page that asks to confirm. */
export async function isUsable(tenant: TenantScope<Visitor>, token: string): Promise<boolean> {
  const row = await tenant.db
    .selectFrom("signInLinks")
    .select("userId")
    .where("tokenHash", "=", hashToken(token))
    .where("usedAt", "is", null)
    .where("expiresAt", ">", tenant.clock.now())
    .executeTakeFirst();
  return row !== undefined;
}

/** The token of a link that was asked for and whom to mail it to; undefined when there is nobody, or it is too late. */
export async function findForMail(
  tenant: TenantScope<Job>,
  linkId: string,
): Promise<{ readonly email: string; readonly token: string } | undefined> {
  const token = await tokenOf(tenant, linkId);
  const row = await tenant.db
    .selectFrom("signInLinks")
    .innerJoin("users", "users.id", "signInLinks.userId")
    .select("users.email")
    .where("signInLinks.tokenHash", "=", hashToken(token))
    .where("signInLinks.usedAt", "is", null)
    .where("signInLinks.expiresAt", ">", tenant.clock.now())
    .executeTakeFirst();
  return row === undefined || row.email === null ? undefined : { email: row.email, token };
}

/** Made anew from the link's id whenever it is needed, so that no table and no message holds it. */
async function tokenOf(tenant: TenantScope<Visitor> | TenantScope<Job>, linkId: string): Promise<string> {
  return hmac(await tenant.key(KEY_PURPOSE), linkId);
}
