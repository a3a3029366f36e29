import { newId } from "@pharmasight/core/kernel/ids";
import type { PasswordHashing } from "@pharmasight/core/tenant/accounts/credentials";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Mails } from "@pharmasight/core/tenant/mails/mails";
import type { BranchRole, Role } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { Pharmacy } from "./pharmacy.ts";

/** Instead of scrypt, which a test of other things need not wait for. */
export const quickHashing: PasswordHashing = {
  hash: async (password) => `hash of ${password}`,
  verify: async (password, hash) => hash === `hash of ${password}`,
  decoy: "nobody's",
};

export interface Colleague {
  readonly userId: string;
  /** Their session as it is now: each call goes through the door again. */
  enter(): Promise<TenantScope<Member>>;
}

interface ColleagueSpec {
  readonly role?: Exclude<Role, "owner"> | null;
  readonly branchRoles?: readonly BranchRole[];
  readonly email?: string | null;
  readonly username?: string | null;
  readonly name?: string;
}

/** Somebody of a pharmacy with a session of their own. */
export async function colleague(pharmacy: Pharmacy, spec: ColleagueSpec = {}): Promise<Colleague> {
  const { db, clock } = await pharmacy.visitor();
  const userId = newId(clock);
  const now = clock.now();
  const { name = spec.role ?? "nobody", role = null, username = null } = spec;
  const email = spec.email === undefined ? `${userId}@example.com` : spec.email;
  const stamps = { createdAt: now, updatedAt: now };
  await db
    .insertInto("users")
    .values({ id: userId, name, email, username, role, ...stamps })
    .execute();
  for (const { branchId, role: there } of spec.branchRoles ?? []) {
    await db.insertInto("userBranchRoles").values({ userId, branchId, role: there }).execute();
  }
  const token = await beginSession(pharmacy, userId);
  return { userId, enter: () => pharmacy.holder(token) };
}

/** The token of a new session. */
export async function beginSession(pharmacy: Pharmacy, userId: string): Promise<string> {
  const { db, clock } = await pharmacy.visitor();
  const sessionId = newId(clock);
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + 3_600_000_000);
  const stamps = { createdAt: now, updatedAt: now, lastSeenAt: now };
  await db
    .insertInto("sessions")
    .values({ id: sessionId, userId, token: sessionId, expiresAt, ...stamps })
    .execute();
  return pharmacy.token({ userId, sessionId });
}

/** A further branch; its id. */
export async function addBranch(pharmacy: Pharmacy, code: string): Promise<string> {
  const { db, clock } = await pharmacy.visitor();
  const id = newId(clock);
  const stamps = { createdAt: clock.now(), updatedAt: clock.now() };
  await db
    .insertInto("branches")
    .values({ id, code, name: `Branch ${code}`, isHeadquarters: false, ...stamps })
    .execute();
  return id;
}

/** The letters of all mail that waits, as the worker would send them. */
export async function deliverMail(pharmacy: Pharmacy): Promise<Mails.Letter[]> {
  const job = await pharmacy.job();
  const rows = await job.db
    .selectFrom("outbox")
    .select(["id", "payload"])
    .where("queue", "=", "tenant-mail")
    .where("doneAt", "is", null)
    .orderBy("id")
    .execute();
  const letters: Mails.Letter[] = [];
  for (const { id, payload } of rows) {
    const message = { ...Mails.mailRequestSchema.parse(payload), outboxId: id };
    await Mails.deliver(job, message, "http://alfa.example", async (letter) => letters.push(letter));
  }
  return letters;
}

/** What a pharmacy told the control plane and was not told before, by the outbox; tells it. */
export async function takeEvents(pharmacy: Pharmacy): Promise<readonly Record<string, unknown>[]> {
  const { db, clock } = await pharmacy.job();
  const rows = await db
    .updateTable("outbox")
    .set({ doneAt: clock.now() })
    .where("queue", "=", "tenant-events")
    .where("doneAt", "is", null)
    .returning("payload")
    .execute();
  return rows.map(({ payload }) => payload as Record<string, unknown>);
}

/** Entries of the audit log that say `word`, before or after. */
export async function audited(pharmacy: Pharmacy, action: string, word: string) {
  const { db } = await pharmacy.job();
  const entries = await db
    .selectFrom("auditLog")
    .select(["actorId", "actorKind", "before", "after"])
    .where("action", "=", action)
    .execute();
  return entries.filter((entry) => JSON.stringify(entry).includes(word));
}
