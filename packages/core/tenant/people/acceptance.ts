export * as Acceptance from "./acceptance.ts";

import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { Entitlements } from "../../registry/entitlements/entitlements.ts";
import { Credentials, type PasswordHashing } from "../accounts/credentials.ts";
import { passwordErrors } from "../accounts/passwords.ts";
import type { Visitor } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Limits } from "../limits/limits.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { GivenRole } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import { tellPresence } from "./access.ts";
import { branchNamesOf, findByToken, givenBy, type Invited } from "./invitation.ts";
import { nameError } from "./logins.ts";
import { giveBranchRoles } from "./people.ts";
import { findStanding, lockPeople, type NamedBranchRole, readOverrides, type Standing } from "./standing.ts";

/** What somebody is invited to. */
export interface Offer {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly role: GivenRole | null;
  readonly branchRoles: readonly NamedBranchRole[];
  readonly invitedByName: string;
  readonly expiresAt: Date;
}

/** What the invited person says of themselves. Login and roles are the invitation's. */
export interface Acceptor {
  readonly name: string;
  readonly password: string;
  readonly passwordAgain: string;
}

/**
 * What a link offers, if it could be accepted now.
 * @throws DomainError `gone`, in words that say whom to ask: unknown, sent again, accepted, revoked, expired; the
 *   inviter was deactivated, or may no longer give this; the person is here already; the pharmacy has no room, or may not
 *   add people at the moment
 */
export async function look(tenant: TenantScope<Visitor>, token: string): Promise<Offer> {
  const { row, inviter, ...given } = await requireOpen(tenant, token);
  const { id, name, email, username, expiresAt } = row;
  return { id, name, email, username, expiresAt, ...given, invitedByName: inviter.name };
}

/**
 * Makes the invited person one of this pharmacy, with the password they chose. Of any number of attempts at once, one
 * gets in; the invitation, the person and the password commit together.
 * @throws DomainError as `look`, or `invalid_input` by field `name`, `password` or `passwordAgain`
 */
export async function accept(
  tenant: TenantScope<Visitor>,
  hashing: PasswordHashing,
  token: string,
  input: Acceptor,
): Promise<{ readonly userId: string }> {
  const { row: offered } = await requireOpen(tenant, token);
  const name = input.name.trim();
  const known = Credentials.knownOf(tenant, { ...offered, name });
  const wrongName = nameError(name);
  const errors = {
    ...(wrongName === undefined ? {} : { name: wrongName }),
    ...passwordErrors(input.password, input.passwordAgain, known),
  };
  if (Object.keys(errors).length > 0) throw invalidInput("Some of the values need a change.", errors);
  // Before the transaction: it takes longer than one should be open.
  const passwordHash = await hashing.hash(input.password);
  const now = tenant.clock.now();
  const userId = newId(tenant.clock);
  await tenant.tx(async (tx) => {
    await lockPeople(tx);
    const { row, role, branchRoles } = await requireOpen(tx, token);
    const { id, email, username } = row;
    await tx.db
      .insertInto("users")
      .values({
        id: userId,
        name,
        email,
        username,
        // The link came by mail, so whoever has it reads that mail.
        emailVerified: email !== null,
        role,
        createdAt: now,
        updatedAt: now,
      })
      .execute();
    await giveBranchRoles(tx, userId, { role, branchRoles });
    await Credentials.store(tx, userId, passwordHash);
    await tx.db.updateTable("invitations").set({ acceptedAt: now, userId }).where("id", "=", id).execute();
    const held = branchRoles.map(({ branchId, role: there }) => ({ branchId, role: there }));
    await TenantAudit.append(tx, {
      action: "invitation.accepted",
      before: { id, invitedBy: row.invitedBy },
      after: { id, userId, name, email, username, role, branchRoles: held },
    });
    await tellPresence(tx, email, true);
  });
  return { userId };
}

interface Open {
  readonly row: Invited;
  readonly inviter: Standing;
  readonly role: GivenRole | null;
  readonly branchRoles: readonly NamedBranchRole[];
}

async function requireOpen(tenant: TenantScope<Visitor>, token: string): Promise<Open> {
  const row = await findByToken(tenant, token);
  if (row === undefined) {
    throw gone("This link is no invitation of this pharmacy. If you were sent a newer one, use that.");
  }
  if (row.acceptedAt !== null) throw gone("This invitation was accepted already. Sign in instead.");
  const overrides = await readOverrides(tenant);
  const inviter = await findStanding(tenant, row.invitedBy, overrides);
  const owner = await ownerName(tenant);
  if (inviter === undefined || inviter.deactivatedAt !== null) {
    throw gone(`Whoever invited you does not work here any more. Ask ${owner} to invite you again.`);
  }
  if (row.revokedAt !== null) throw gone(`This invitation was taken back. Ask ${inviter.name} if that was a mistake.`);
  if (row.expiresAt <= tenant.clock.now()) {
    throw gone(`This invitation is too old. Ask ${inviter.name} to send it again.`);
  }
  const given = givenBy(row, await branchNamesOf(tenant));
  if (given.role === null && given.branchRoles.length === 0) {
    throw gone(`The branch that you were invited to was closed. Ask ${inviter.name} to invite you again.`);
  }
  if (!Permissions.may(inviter, "people.manage") || !Permissions.covers(inviter, given, overrides)) {
    throw gone(`${inviter.name}, who invited you, may no longer give you this role. Ask ${owner} to invite you again.`);
  }
  await requireNobody(tenant, row);
  await requirePlace(tenant, inviter.name, owner);
  return { row, inviter, ...given };
}

/** Somebody with this login may have come another way since the invitation was sent. */
async function requireNobody(tenant: TenantScope<Visitor>, { email, username }: Invited): Promise<void> {
  const known = await tenant.db
    .selectFrom("users")
    .select("deactivatedAt")
    .where((e) => (email === null ? e("username", "=", username) : e("email", "=", email)))
    .executeTakeFirst();
  if (known === undefined) return;
  throw gone(
    known.deactivatedAt === null
      ? `${email ?? username} signs in here already. Sign in, and ask for another role if you need one.`
      : `${email ?? username} was deactivated here. Ask the owner to reactivate it.`,
  );
}

/** The plan may have become smaller since the invitation was sent, or a payment overdue. In `accept` people are locked. */
async function requirePlace(tenant: TenantScope<Visitor>, inviter: string, owner: string): Promise<void> {
  if (!Entitlements.act(Entitlements.termsOf(tenant.tenant), "grow").isAllowed) {
    throw gone(`Nobody can join at the moment. Ask ${owner}, who owns the pharmacy, and then open this link again.`);
  }
  if ((await Limits.left(tenant, "users")) > 0) return;
  throw gone(
    `There is no room for one more person at the moment. Ask ${inviter} to make some, and open this link again.`,
  );
}

async function ownerName(tenant: TenantScope<Visitor>): Promise<string> {
  const owner = await tenant.db
    .selectFrom("users")
    .select("name")
    .where("role", "=", "owner")
    .executeTakeFirstOrThrow();
  return owner.name;
}

const gone = (message: string): DomainError => new DomainError("gone", message);
