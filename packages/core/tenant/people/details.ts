import { DAY_SECONDS } from "../../kernel/clock.ts";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { RateLimit } from "../../kernel/rate-limits.ts";
import { Credentials } from "../accounts/credentials.ts";
import type { Job, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Company } from "../company/company.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { endAccess, tellPresence } from "./access.ts";
import { checkDetails, type Named, requireStranger, requireUninvited } from "./logins.ts";
import { authorityOf, lockPeople, requireSubject, type Standing } from "./standing.ts";

/** Changes of one person's mail address. */
const OF_PERSON: RateLimit = { name: "address-change", hits: 10, windowSeconds: DAY_SECONDS };
/** Changed addresses of one pharmacy: each is a mail to somebody who did not ask for one. */
const OF_PHARMACY: RateLimit = { name: "address-change-mail", hits: 50, windowSeconds: DAY_SECONDS };

export interface DetailsChange {
  readonly details: Named;
  /** What they were when the acting person looked. */
  readonly seen: Named;
}

/** Which side of a changed address a notice goes to. */
export type AddressSide = "old" | "new";

/**
 * Changes somebody's name and what they sign in with. With another mail address every session and link of theirs ends
 * (the acting session excepted), both addresses get a notice, and the new one is proved by the first link that is used.
 * The owner's details are changed by the owner alone, what they sign in with within 15 minutes of signing in.
 * @returns how many sessions ended
 * @throws DomainError as `requireSubject`; `invalid_input` by field; `conflict` by field `email` or `username` for
 *   a login that is somebody's or was offered to somebody, without a field when the details were changed since or the
 *   person is deactivated; `rate_limited` after ten changed addresses of one person, or 50 of the pharmacy, in a day
 */
export async function changeDetails(
  tenant: TenantScope<Member>,
  userId: string,
  { details, seen }: DetailsChange,
): Promise<{ readonly sessionsEnded: number }> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  const after = checkDetails(details);
  if (after.email !== seen.email) {
    // Whoever may not change it must not use up the changes of those who may.
    await requireChangeable(tenant, userId);
    await requireRoomToMail(tenant, userId);
  }
  const sessionsEnded = await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const before = await requireChangeable(tx, userId);
    requireAsSeen(before, seen);
    const changed = {
      email: after.email === before.email ? null : after.email,
      username: after.username === before.username ? null : after.username,
    };
    await requireStranger(tx, changed);
    await requireUninvited(tx, changed);
    return write(tx, before, after);
  });
  tenant.forgetSessionsOf(userId);
  return { sessionsEnded };
}

/**
 * What the notice of a changed address says; undefined once the address is not the old, or not the new one any more:
 * a message that comes late does not say what is not true.
 */
export async function findForMail(
  tenant: TenantScope<Job>,
  asked: { readonly userId: string; readonly changedBy: string; readonly side: AddressSide; readonly to: string },
): Promise<{ readonly name: string; readonly byName: string | null } | undefined> {
  const rows = await tenant.db
    .selectFrom("users")
    .select(["id", "name", "email"])
    .where("id", "in", [asked.userId, asked.changedBy])
    .execute();
  const person = rows.find(({ id }) => id === asked.userId);
  const by = rows.find(({ id }) => id === asked.changedBy);
  if (person === undefined || by === undefined) return undefined;
  if ((person.email === asked.to) !== (asked.side === "new")) return undefined;
  return { name: person.name, byName: by.id === person.id ? null : by.name };
}

async function requireRoomToMail(tenant: TenantScope<Member>, userId: string): Promise<void> {
  await tenant.limits.take(
    [
      { limit: OF_PERSON, subject: userId.slice(0, 36) },
      { limit: OF_PHARMACY, subject: "all" },
    ],
    "Too many mail addresses were changed today. Go on tomorrow.",
  );
}

/** Somebody below the actor, or the owner themselves. */
async function requireChangeable(tx: TenantScope<Member>, userId: string): Promise<Standing> {
  const authority = await authorityOf(tx, "people.manage");
  const { self } = authority;
  if (self.userId === userId && self.role === "owner") return self;
  const person = await requireSubject(tx, authority, userId);
  if (person.deactivatedAt === null) return person;
  throw new DomainError("conflict", `${person.name} is deactivated. Let them in again first, then change it.`);
}

/** Somebody else's change is not undone by a form that was opened before it. */
function requireAsSeen(before: Standing, seen: Named): void {
  if (before.name === seen.name && before.email === seen.email && before.username === seen.username) return;
  throw new DomainError(
    "conflict",
    "Somebody changed these details meanwhile. Look at the person again, then change them.",
  );
}

async function write(tx: TenantScope<Member>, before: Standing, after: Named): Promise<number> {
  const { userId } = before;
  const isOwner = before.role === "owner";
  const isSameAddress = after.email === before.email;
  if (isSameAddress && after.name === before.name && after.username === before.username) return 0;
  if (isOwner) requireOwnersLogin(tx, before, after);
  await tx.db
    .updateTable("users")
    .set({ ...after, ...(isSameAddress ? {} : { emailVerified: false }), updatedAt: tx.clock.now() })
    .where("id", "=", userId)
    .execute();
  const sessionsEnded = isSameAddress ? 0 : await endAccess(tx, userId);
  const { name, email, username } = before;
  await TenantAudit.append(tx, {
    action: "person.details_changed",
    before: { userId, name, email, username },
    after: { userId, ...after, sessionsEnded },
  });
  if (!isSameAddress) {
    await tellPresence(tx, before.email, false);
    await tellPresence(tx, after.email, true);
    await notify(tx, userId, { old: before.email, new: after.email });
  }
  if (isOwner) await Company.tellControlPlane(tx);
  return sessionsEnded;
}

/** A till left open must not suffice to take the pharmacy over: by a new address, or a username of one's own. */
function requireOwnersLogin(tx: TenantScope<Member>, before: Named, { email, username }: Named): void {
  if (email === null) {
    const message = "The owner needs a mail address: invoices and notices go to it.";
    throw invalidInput(message, { email: message });
  }
  if (Credentials.isFresh(tx)) return;
  const message = `You signed in more than ${Credentials.FRESH_MINUTES} minutes ago. Sign out, sign in again and change it then.`;
  const fields = {
    ...(email === before.email ? {} : { email: message }),
    ...(username === before.username ? {} : { username: message }),
  };
  if (Object.keys(fields).length > 0) throw invalidInput(message, fields);
}

async function notify(
  tx: TenantScope<Member>,
  userId: string,
  addresses: Readonly<Record<AddressSide, string | null>>,
): Promise<void> {
  const changeId = newId(tx.clock);
  for (const side of ["old", "new"] as const) {
    const to = addresses[side];
    if (to === null) continue;
    await tx.emit({
      queue: "tenant-mail",
      payload: { template: "address_changed", userId, changedBy: tx.actor.userId, side, to },
      dedupeKey: `address-changed:${changeId}:${side}`,
    });
  }
}
