export * as Ownership from "./ownership.ts";

import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { PasswordHashing } from "../accounts/credentials.ts";
import { SignIn } from "../accounts/sign-in.ts";
import type { Job, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Company } from "../company/company.ts";
import type { TenantScope } from "../scope.ts";
import { lockPeople } from "./standing.ts";

/** Somebody who could become the owner. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Handover {
  readonly userId: string;
  /** The pharmacy's name, typed by hand. */
  readonly companyName: string;
  /** The owner's own. */
  readonly password: string;
}

/**
 * To whom the pharmacy can be handed over: active people with a mail address, by name.
 * @throws DomainError `forbidden` for all but the owner
 */
export async function candidates(
  tenant: TenantScope<Member>,
): Promise<{ readonly companyName: string; readonly people: readonly Candidate[] }> {
  await requireOwner(tenant);
  const rows = await tenant.db
    .selectFrom("users")
    .select(["id", "name", "email"])
    .where("deactivatedAt", "is", null)
    .where("id", "!=", tenant.actor.userId)
    .orderBy((e) => e.fn("lower", ["name"]))
    .orderBy("id")
    .execute();
  const people = rows.flatMap(({ id, name, email }) => (email === null ? [] : [{ id, name, email }]));
  return { companyName: await nameOfCompany(tenant), people };
}

/**
 * Hands the pharmacy over: the other person becomes the owner, the acting one an administrator, and both get a mail.
 * There is one owner before and after; of two handovers at once, one happens.
 * @throws DomainError `forbidden` for all but the owner, `invalid_input` by field, `rate_limited` after wrong passwords
 */
export async function handOver(tenant: TenantScope<Member>, hashing: PasswordHashing, input: Handover): Promise<void> {
  await requireOwner(tenant);
  const wanted = input.companyName.trim().toLowerCase();
  const fields: { userId?: string; companyName?: string; password?: string } = {};
  if ((await findCandidate(tenant, input.userId)) === undefined) fields.userId = UNKNOWN;
  if (wanted !== (await nameOfCompany(tenant)).toLowerCase()) {
    fields.companyName = "Type the pharmacy’s name as it stands above.";
  }
  if (input.password === "") fields.password = "Type your own password.";
  if (Object.keys(fields).length > 0) throw invalidInput("Some of the values need a change.", fields);
  if ((await SignIn.confirmOwn(tenant, hashing, input.password)) === undefined) {
    throw invalidInput("Some of the values need a change.", { password: "This is not your password." });
  }
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    await requireOwner(tx);
    const next = await findCandidate(tx, input.userId);
    if (next === undefined) throw invalidInput("Some of the values need a change.", { userId: UNKNOWN });
    await change(tx, next);
    await tellBoth(tx, next.id);
    await Company.tellControlPlane(tx);
  });
  tenant.forgetSessionsOf(tenant.actor.userId);
  tenant.forgetSessionsOf(input.userId);
}

/** Both sides of a handover, for the mails about it; undefined for somebody who has no mail address any more. */
export async function findForMail(
  tenant: TenantScope<Job>,
  asked: { readonly fromUserId: string; readonly toUserId: string; readonly recipient: "from" | "to" },
) {
  const rows = await tenant.db
    .selectFrom("users")
    .select(["id", "name", "email"])
    .where("id", "in", [asked.fromUserId, asked.toUserId])
    .execute();
  const from = rows.find(({ id }) => id === asked.fromUserId);
  const to = rows.find(({ id }) => id === asked.toUserId);
  const email = (asked.recipient === "from" ? from : to)?.email ?? null;
  if (from === undefined || to === undefined || email === null) return undefined;
  return { email, fromName: from.name, toName: to.name };
}

const UNKNOWN = "Choose somebody from the list.";

/** As of now: the session may be ten seconds behind. */
async function requireOwner(tenant: TenantScope<Member>): Promise<void> {
  const self = await tenant.db
    .selectFrom("users")
    .select("role")
    .where("id", "=", tenant.actor.userId)
    .executeTakeFirst();
  if (self?.role !== "owner") throw new DomainError("forbidden", "Only the owner can hand the pharmacy over.");
}

async function findCandidate(tenant: TenantScope<Member>, userId: string) {
  if (!idSchema.safeParse(userId).success) return undefined;
  return tenant.db
    .selectFrom("users")
    .select(["id", "name", "role"])
    .where("id", "=", userId)
    .where("id", "!=", tenant.actor.userId)
    .where("email", "is not", null)
    .where("deactivatedAt", "is", null)
    .executeTakeFirst();
}

/** The old owner first: the database has room for one. It checks at the commit that there is one again. */
async function change(
  tx: TenantScope<Member>,
  next: { readonly id: string; readonly name: string; readonly role: string | null },
): Promise<void> {
  const { userId, name } = tx.actor;
  const updatedAt = tx.clock.now();
  await tx.db.updateTable("users").set({ role: "admin", updatedAt }).where("id", "=", userId).execute();
  await tx.db.updateTable("users").set({ role: "owner", updatedAt }).where("id", "=", next.id).execute();
  await tx.db.deleteFrom("userBranchRoles").where("userId", "=", next.id).execute();
  await TenantAudit.append(tx, {
    action: "ownership.transferred",
    before: { userId: next.id, role: next.role, ownerId: userId, ownerName: name },
    after: { userId: next.id, name: next.name, role: "owner", predecessorId: userId, predecessorRole: "admin" },
  });
}

async function tellBoth(tx: TenantScope<Member>, toUserId: string): Promise<void> {
  const handoverId = newId(tx.clock);
  for (const recipient of ["from", "to"] as const) {
    await tx.emit({
      queue: "tenant-mail",
      payload: { template: "ownership_transferred", fromUserId: tx.actor.userId, toUserId, recipient },
      dedupeKey: `ownership:${handoverId}:${recipient}`,
    });
  }
}

async function nameOfCompany(tenant: TenantScope<Member>): Promise<string> {
  const { name } = await tenant.db.selectFrom("companies").select("name").executeTakeFirstOrThrow();
  return name;
}
