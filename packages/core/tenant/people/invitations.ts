export * as Invitations from "./invitations.ts";

import { sql } from "kysely";
import { DAY_SECONDS, HOUR_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { RateLimit } from "../../kernel/rate-limits.ts";
import type { Job, Member } from "../actors.ts";
import { requireAct } from "../admission.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Limits } from "../limits/limits.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { GivenRole } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import { type AssignmentInput, checkAssignment } from "./assignments.ts";
import { branchNamesOf, givenBy, type Invited, linkPath } from "./invitation.ts";
import { checkInvited, type Login, requireStranger, requireUninvited } from "./logins.ts";
import { authorityOf, lockPeople, type NamedBranchRole } from "./standing.ts";

/** How long the link of an invitation is good. */
export const EXPIRES_IN_DAYS = 7;
const LISTED_MAX = 100;

/** New links of one invitation. */
const RESEND: RateLimit = { name: "invitation-resend", hits: 5, windowSeconds: HOUR_SECONDS };
/** Mails to one address, so that nobody's inbox is filled by inviting and revoking. */
const TO_ADDRESS: RateLimit = { name: "invitation-address", hits: 10, windowSeconds: DAY_SECONDS };
/** Mails of one pharmacy: a trial is not for sending mail to the world. */
const OF_PHARMACY: RateLimit = { name: "invitation-mail", hits: 100, windowSeconds: DAY_SECONDS };

/** Somebody to be invited: by a mail address or, for staff without one, by a username. */
export interface InviteInput extends AssignmentInput {
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
}

/** `link`, for somebody without mail only: a path at this pharmacy's address, to be handed over. It is shown once. */
export interface SentInvitation {
  readonly id: string;
  readonly link?: string;
}

export type InvitationState = "open" | "expired" | "accepted" | "revoked";

export interface InvitationDetails {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly role: GivenRole | null;
  readonly branchRoles: readonly NamedBranchRole[];
  readonly state: InvitationState;
  readonly invitedByName: string;
  readonly createdAt: Date;
  readonly sentAt: Date;
  readonly expiresAt: Date;
  /** Who it became, once accepted. */
  readonly userId: string | null;
}

/**
 * Invites somebody. A mail address gets the link; for a username it is in the result and nowhere else. An invitation of
 * the same person that has expired gives way.
 * @throws DomainError `forbidden` without `people.manage` or for more than the inviter's own rights, `invalid_input` by
 *   field, `conflict` (fields `email`, `username`) for somebody who is here or was invited already, `rate_limited`,
 *   `limit_reached` counting those who are invited, `payment_required`
 */
export async function invite(tenant: TenantScope<Member>, input: InviteInput): Promise<SentInvitation> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  requireAct(tenant.tenant, "grow", "Inviting people");
  const invited = checkInvited(input);
  await requireRoomToMail(tenant, invited);
  const now = tenant.clock.now();
  const id = newId(tenant.clock);
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const authority = await authorityOf(tx, "people.manage");
    const assignment = await checkAssignment(tx, authority, input);
    await requireStranger(tx, invited);
    await requireUninvited(tx, invited);
    await Limits.takeRoom(tx, "users");
    const row = { id, ...invited, ...assignment, branchRoles: [...assignment.branchRoles] };
    const expiresAt = secondsAfter(now, EXPIRES_IN_DAYS * DAY_SECONDS);
    await tx.db
      .insertInto("invitations")
      .values({ ...row, expiresAt, invitedBy: tx.actor.userId, createdAt: now, sentAt: now })
      .execute();
    await TenantAudit.append(tx, { action: "invitation.sent", after: { ...row, expiresAt } });
    if (invited.email !== null) await mail(tx, { id, linkNumber: 1 });
  });
  return invited.email === null ? { id, link: await linkPath(tenant, { id, linkNumber: 1 }) } : { id };
}

/**
 * The invitations of this pharmacy: those that wait first, the newest of them first, at most 100.
 * @throws DomainError `forbidden` without `people.view`
 */
export async function list(tenant: TenantScope<Member>): Promise<readonly InvitationDetails[]> {
  Permissions.requireEverywhere(tenant.actor, "people.view");
  const now = tenant.clock.now();
  const rows = await tenant.db
    .selectFrom("invitations")
    .innerJoin("users as inviter", "inviter.id", "invitations.invitedBy")
    .selectAll("invitations")
    .select("inviter.name as invitedByName")
    .orderBy(sql`accepted_at is null and revoked_at is null`, "desc")
    .orderBy("invitations.createdAt", "desc")
    .orderBy("invitations.id", "desc")
    .limit(LISTED_MAX)
    .execute();
  const names = await branchNamesOf(tenant);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    username: row.username,
    role: row.role,
    branchRoles: givenBy(row, names).branchRoles,
    state: stateOf(row, now),
    invitedByName: row.invitedByName,
    createdAt: row.createdAt,
    sentAt: row.sentAt,
    expiresAt: row.expiresAt,
    userId: row.userId,
  }));
}

/** @throws DomainError `forbidden` without `people.manage`, `not_found` for one that is unknown, accepted or revoked */
export async function find(
  tenant: TenantScope<Member>,
  id: string,
): Promise<{ readonly name: string; readonly expiresAt: Date }> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  return findWaiting(tenant, id);
}

/** How many people were invited and have not come: for a count beside the list. */
export async function countWaiting(tenant: TenantScope<Member>): Promise<number> {
  Permissions.requireEverywhere(tenant.actor, "people.view");
  const { waiting } = await tenant.db
    .selectFrom("invitations")
    .select((e) => e.fn.countAll<string>().as("waiting"))
    .where("acceptedAt", "is", null)
    .where("revokedAt", "is", null)
    .executeTakeFirstOrThrow();
  return Number(waiting);
}

/**
 * Makes a new link, good for another week; the earlier one is dead. Whoever sends it again answers for it from now on.
 * @throws DomainError `forbidden`, `not_found` for one that is unknown, accepted or revoked, `rate_limited`,
 *   `limit_reached` when it had expired and its place is taken, `payment_required`
 */
export async function resend(tenant: TenantScope<Member>, id: string): Promise<SentInvitation & { name: string }> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  requireAct(tenant.tenant, "grow", "Inviting people");
  const waiting = await findWaiting(tenant, id);
  await tenant.limits.take(
    [{ limit: RESEND, subject: id }],
    "This invitation was sent again several times just now. Wait an hour, or revoke it and check the address.",
  );
  await requireRoomToMail(tenant, waiting);
  const now = tenant.clock.now();
  const sent = await tenant.tx(async (tx) => {
    const row = await takeForChange(tx, id);
    if (row.expiresAt <= now) await Limits.takeRoom(tx, "users");
    const expiresAt = secondsAfter(now, EXPIRES_IN_DAYS * DAY_SECONDS);
    const { linkNumber } = await tx.db
      .updateTable("invitations")
      .set((e) => ({ linkNumber: e("linkNumber", "+", 1), expiresAt, sentAt: now, invitedBy: tx.actor.userId }))
      .where("id", "=", id)
      .returning("linkNumber")
      .executeTakeFirstOrThrow();
    await TenantAudit.append(tx, {
      action: "invitation.sent_again",
      before: { id, invitedBy: row.invitedBy, expiresAt: row.expiresAt },
      after: { id, invitedBy: tx.actor.userId, expiresAt },
    });
    if (row.email !== null) await mail(tx, { id, linkNumber });
    return { ...row, linkNumber };
  });
  const { name, email, linkNumber } = sent;
  return email === null ? { id, name, link: await linkPath(tenant, { id, linkNumber }) } : { id, name };
}

/**
 * Takes an invitation back: its link is dead at once.
 * @throws DomainError `forbidden`, `not_found` for one that is unknown, accepted or revoked
 */
export async function revoke(tenant: TenantScope<Member>, id: string): Promise<void> {
  Permissions.requireEverywhere(tenant.actor, "people.manage");
  await findWaiting(tenant, id);
  await tenant.tx(async (tx) => {
    const { name, email, username, role } = await takeForChange(tx, id);
    await tx.db.updateTable("invitations").set({ revokedAt: tx.clock.now() }).where("id", "=", id).execute();
    await TenantAudit.append(tx, { action: "invitation.revoked", before: { id, name, email, username, role } });
  });
}

/** What a mail of an invitation says; undefined when it was accepted, revoked, expired or sent again meanwhile. */
export async function findForMail(
  tenant: TenantScope<Job>,
  link: { readonly id: string; readonly linkNumber: number },
) {
  const row = await tenant.db
    .selectFrom("invitations")
    .innerJoin("users as inviter", "inviter.id", "invitations.invitedBy")
    .selectAll("invitations")
    .select("inviter.name as invitedByName")
    .where("invitations.id", "=", link.id)
    .where("invitations.linkNumber", "=", link.linkNumber)
    .where("acceptedAt", "is", null)
    .where("revokedAt", "is", null)
    .where("expiresAt", ">", tenant.clock.now())
    .executeTakeFirst();
  if (row === undefined || row.email === null) return undefined;
  const { name, email, invitedByName, expiresAt } = row;
  const { role, branchRoles } = givenBy(row, await branchNamesOf(tenant));
  return { name, email, invitedByName, expiresAt, role, branchRoles, path: await linkPath(tenant, link) };
}

async function requireRoomToMail(tenant: TenantScope<Member>, { email }: Login): Promise<void> {
  if (email === null) return;
  await tenant.limits.take(
    [
      { limit: TO_ADDRESS, subject: email },
      { limit: OF_PHARMACY, subject: "all" },
    ],
    "Too many invitations were mailed today. Go on tomorrow.",
  );
}

async function findWaiting(tenant: TenantScope<Member>, id: string): Promise<Invited> {
  const row = idSchema.safeParse(id).success
    ? await tenant.db
        .selectFrom("invitations")
        .selectAll()
        .where("id", "=", id)
        .where("acceptedAt", "is", null)
        .where("revokedAt", "is", null)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound("open invitation");
  return row;
}

/** The invitation, once nobody else can change it and the actor may give what it gives. */
async function takeForChange(tx: TenantScope<Member>, id: string): Promise<Invited> {
  await lockPeople(tx);
  const { self, overrides } = await authorityOf(tx, "people.manage");
  const row = await findWaiting(tx, id);
  const given = givenBy(row, await branchNamesOf(tx));
  if (!Permissions.covers(self, given, overrides)) {
    throw new DomainError("forbidden", "This invitation gives more than you may do yourself. Ask the owner.");
  }
  return row;
}

async function mail(
  tx: TenantScope<Member>,
  { id, linkNumber }: { readonly id: string; readonly linkNumber: number },
): Promise<void> {
  await tx.emit({
    queue: "tenant-mail",
    payload: { template: "invitation", invitationId: id, linkNumber: String(linkNumber) },
    dedupeKey: `invitation:${id}:${linkNumber}`,
  });
}

function stateOf(row: Invited, now: Date): InvitationState {
  if (row.acceptedAt !== null) return "accepted";
  if (row.revokedAt !== null) return "revoked";
  return row.expiresAt > now ? "open" : "expired";
}
