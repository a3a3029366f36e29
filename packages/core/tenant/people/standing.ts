import { type ExpressionBuilder, sql } from "kysely";
import * as z from "zod";
import { DomainError, notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { Job, Member, Visitor } from "../actors.ts";
import { type Permission, Permissions, type Rights, type RoleOverride } from "../permissions/permissions.ts";
import { type BranchRole, branchRoleSchema, type Role } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import type { TenantTables } from "../tables.generated.ts";

/** What somebody is here now. A session may be ten seconds behind; whoever decides about people reads this instead. */
export interface Standing {
  readonly userId: string;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly role: Role | null;
  readonly branchRoles: readonly BranchRole[];
  readonly rights: Rights;
  readonly deactivatedAt: Date | null;
}

/** By what somebody decides about people: their own standing, and what roles give in this pharmacy. */
export interface Authority {
  readonly self: Standing;
  readonly overrides: readonly RoleOverride[];
}

/** A role in a branch, with the branch's name for people to read. */
export interface NamedBranchRole extends BranchRole {
  readonly branchName: string;
}

type Scope = TenantScope<Member> | TenantScope<Visitor> | TenantScope<Job>;

/**
 * Lets no other change of people, roles or invitations run until this transaction ends, so that what a rule has read is
 * still true when its change commits. Such changes are rare and short.
 */
export async function lockPeople(tx: TenantScope<Member> | TenantScope<Visitor>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('people'))`.execute(tx.db);
}

/**
 * By what the acting person may decide, as of now.
 * @throws DomainError `unauthenticated` for somebody who was deactivated, `forbidden` without the permission
 */
export async function authorityOf(tenant: TenantScope<Member>, permission: Permission): Promise<Authority> {
  const overrides = await readOverrides(tenant);
  const self = await findStanding(tenant, tenant.actor.userId, overrides);
  if (self === undefined || self.deactivatedAt !== null) throw new DomainError("unauthenticated", "Sign in to go on.");
  Permissions.requireEverywhere(self, permission);
  return { self, overrides };
}

/** Somebody's standing, deactivated people included; undefined for an id that is nobody's here. */
export async function findStanding(
  tenant: Scope,
  userId: string,
  overrides: readonly RoleOverride[],
): Promise<Standing | undefined> {
  const row = await tenant.db
    .selectFrom("users")
    .select(["id as userId", "name", "email", "username", "role", "deactivatedAt"])
    .select(branchRolesOf)
    .where("id", "=", userId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const branchRoles = readBranchRoles(row.branchRoles);
  return { ...row, branchRoles, rights: Permissions.rightsOf(row.role, branchRoles, overrides) };
}

/**
 * Somebody on whom the acting person may act: neither themselves, nor the owner, nor anybody with rights that they lack.
 * @throws DomainError `forbidden`, or `not_found` for an id that is nobody's here
 */
export async function requireSubject(
  tenant: TenantScope<Member>,
  { self, overrides }: Authority,
  userId: string,
): Promise<Standing> {
  const person = idSchema.safeParse(userId).success ? await findStanding(tenant, userId, overrides) : undefined;
  if (person === undefined) throw notFound("person");
  if (person.userId === self.userId) {
    throw new DomainError("forbidden", "This is you. Somebody else has to do it: ask the owner or an administrator.");
  }
  if (person.role === "owner") {
    throw new DomainError("forbidden", "Nobody changes the owner. Only the owner can hand the pharmacy over.");
  }
  if (!Permissions.covers(self, person, overrides)) {
    throw new DomainError("forbidden", `${person.name} may do more than you here. Ask the owner.`);
  }
  return person;
}

/** Where this pharmacy departs from what roles give by default. */
export async function readOverrides(tenant: Scope): Promise<readonly RoleOverride[]> {
  return tenant.db.selectFrom("rolePermissions").select(["role", "permission", "isAllowed"]).execute();
}

/** Column `branchRoles` of a query over `users`: roles in branches that are open, by the branch's code. */
export const branchRolesOf = (e: ExpressionBuilder<TenantTables, "users">) =>
  e
    .selectFrom("userBranchRoles as held")
    .innerJoin("branches", "branches.id", "held.branchId")
    .select(
      sql<unknown>`coalesce(jsonb_agg(jsonb_build_object(
        'branchId', held.branch_id, 'branchName', branches.name, 'role', held.role) order by branches.code), '[]')`.as(
        "list",
      ),
    )
    .whereRef("held.userId", "=", "users.id")
    .where("branches.archivedAt", "is", null)
    .as("branchRoles");

const namedSchema = z.array(branchRoleSchema.extend({ branchName: z.string() }));

export const readBranchRoles = (value: unknown): readonly NamedBranchRole[] => namedSchema.parse(value);
