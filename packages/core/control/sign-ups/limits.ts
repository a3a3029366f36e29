import { sql } from "kysely";
import { HOUR_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import type { ControlScope } from "../scope.ts";

const PER_EMAIL = 5;
const PER_IP = 20;

/**
 * Makes the sign-ups of one address and of one network wait for each other until the transaction ends. Addresses are
 * locked before networks everywhere, so that two of them never wait for each other in a circle.
 */
export async function serialise(tx: ControlScope, email: string, sourceIp?: string): Promise<void> {
  await lock(tx, `sign-up email ${email}`);
  if (sourceIp !== undefined) await lock(tx, `sign-up ip ${sourceIp}`);
}

/** @throws DomainError `rate_limited`, with the seconds until one more is allowed. Exact after `serialise`. */
export async function requireRoom(tx: ControlScope, email: string, sourceIp: string): Promise<void> {
  await requireFewer(tx, "email", email, PER_EMAIL);
  await requireFewer(tx, "sourceIp", sourceIp, PER_IP);
}

async function requireFewer(tx: ControlScope, column: "email" | "sourceIp", value: string, limit: number) {
  const now = tx.clock.now();
  const recent = await tx.db
    .selectFrom("signUps")
    .select("createdAt")
    .where(column, "=", value)
    .where("createdAt", ">", secondsAfter(now, -HOUR_SECONDS))
    .orderBy("createdAt", "desc")
    .limit(limit)
    .execute();
  const oldest = recent.at(limit - 1);
  if (oldest === undefined) return;
  const freeAt = secondsAfter(oldest.createdAt, HOUR_SECONDS);
  throw new DomainError("rate_limited", "There were too many sign-ups from here in the last hour. Try again later.", {
    retryAfterSeconds: Math.max(1, Math.ceil((freeAt.getTime() - now.getTime()) / 1000)),
  });
}

async function lock(tx: ControlScope, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx.db);
}
