export * as RecoveryCodes from "./recovery-codes.ts";

import { randomInt } from "node:crypto";
import { hmac } from "../../kernel/tokens.ts";
import type { Member, Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

export const CODES = 10;
/** Letters and digits that nobody takes for one another. Ten of them are 49 random bits. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
const LENGTH = 10;
const KEY_PURPOSE = "recovery-code";

/** Ten new codes, in place of those from before. Only their keyed hashes are stored. */
export async function renew(tx: TenantScope<Member>): Promise<readonly string[]> {
  const { userId } = tx.actor;
  const createdAt = tx.clock.now();
  const codes = Array.from({ length: CODES }, newCode);
  const hashes = await Promise.all(codes.map((code) => hashOf(tx, userId, code)));
  await tx.db.deleteFrom("recoveryCodes").where("userId", "=", userId).execute();
  await tx.db
    .insertInto("recoveryCodes")
    .values(hashes.map((codeHash) => ({ codeHash, userId, createdAt })))
    .execute();
  return codes;
}

/** Uses a code up. Of any number of attempts at once, one succeeds. */
export async function use(tx: TenantScope<Visitor | Member>, userId: string, code: string): Promise<boolean> {
  const used = await tx.db
    .updateTable("recoveryCodes")
    .set({ usedAt: tx.clock.now() })
    .where("codeHash", "=", await hashOf(tx, userId, code))
    .where("userId", "=", userId)
    .where("usedAt", "is", null)
    .returning("userId")
    .executeTakeFirst();
  return used !== undefined;
}

/** How many codes of somebody were not used. */
export async function countLeft(tenant: TenantScope<Member>): Promise<number> {
  const { left } = await tenant.db
    .selectFrom("recoveryCodes")
    .select((e) => e.fn.countAll<string>().as("left"))
    .where("userId", "=", tenant.actor.userId)
    .where("usedAt", "is", null)
    .executeTakeFirstOrThrow();
  return Number(left);
}

function newCode(): string {
  const letters = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}

/** With a key of the pharmacy, since 49 bits could be tried out; however it was typed. */
async function hashOf(tenant: TenantScope<Visitor | Member>, userId: string, code: string): Promise<string> {
  const plain = code.toLowerCase().replace(/[^a-z0-9]/g, "");
  return hmac(await tenant.key(KEY_PURPOSE), `${userId}:${plain}`);
}
