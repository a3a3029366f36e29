import { type Kysely, sql } from "kysely";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { type Rights, rightsOf } from "../permissions/permissions.ts";
import { type BranchRole, branchRoleSchema, type Role } from "../permissions/roles.ts";
import { REMEMBERED_MAX } from "../remembered.ts";
import type { TenantTables } from "../tables.generated.ts";

/** A session that is alive, and whose it is. */
export interface KnownSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly signedInAt: Date;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly role: Role | null;
  readonly branchRoles: readonly BranchRole[];
  readonly rights: Rights;
}

interface Seen {
  readonly session: KnownSession;
  readonly seenAt: Date;
  readonly expiresAt: Date;
}

/** How long a session that was seen alive is believed: the bound on how late a revocation bites elsewhere. */
const SEEN_SECONDS = 10;
/** How exactly a session and its person tell when they were here last: reading should not cost a write each time. */
const LAST_SEEN_SECONDS = 5 * MINUTE_SECONDS;

const branchRolesSchema = z.array(branchRoleSchema);
const overridesSchema = z.array(z.object({ role: z.string(), permission: z.string(), isAllowed: z.boolean() }));

/** What this process knows of one pharmacy's sessions, by their ids. */
export class KnownSessions {
  readonly #seen = new LRUCache<string, Seen>({ max: REMEMBERED_MAX });
  #forgotten = 0;

  /** The session if it is alive: not ended, not expired, its person active. One statement, at most every ten seconds. */
  async find(
    db: Kysely<TenantTables>,
    claims: { readonly sessionId: string; readonly userId: string },
    now: Date,
  ): Promise<KnownSession | undefined> {
    const known = this.#seen.get(claims.sessionId);
    // One that seems to have expired is looked at again: another process may have extended it since.
    const isFresh =
      known !== undefined &&
      known.session.userId === claims.userId &&
      now < secondsAfter(known.seenAt, SEEN_SECONDS) &&
      now < known.expiresAt;
    const seen = isFresh ? known : await this.#look(db, claims, now);
    if (seen !== undefined && now < seen.expiresAt) return seen.session;
    this.#seen.delete(claims.sessionId);
    return undefined;
  }

  /** Forgets a session in this process at once. A look that was under way is not kept either. */
  forget(sessionId: string): void {
    this.#forgotten += 1;
    this.#seen.delete(sessionId);
  }

  forgetUser(userId: string): void {
    this.#forgotten += 1;
    for (const [sessionId, { session }] of this.#seen.entries()) {
      if (session.userId === userId) this.#seen.delete(sessionId);
    }
  }

  forgetAll(): void {
    this.#forgotten += 1;
    this.#seen.clear();
  }

  async #look(
    db: Kysely<TenantTables>,
    { sessionId, userId }: { readonly sessionId: string; readonly userId: string },
    now: Date,
  ): Promise<Seen | undefined> {
    const forgotten = this.#forgotten;
    const row = await db
      .selectFrom("sessions")
      .innerJoin("users", "users.id", "sessions.userId")
      .select([
        "sessions.createdAt as signedInAt",
        "sessions.expiresAt",
        "sessions.lastSeenAt",
        "users.name",
        "users.email",
        "users.username",
        "users.role",
        "users.lastSeenAt as personSeenAt",
        sql<unknown>`coalesce((
          select jsonb_agg(jsonb_build_object('branchId', held.branch_id, 'role', held.role) order by held.branch_id)
          from user_branch_roles held join branches on branches.id = held.branch_id
          where held.user_id = users.id and branches.archived_at is null
        ), '[]')`.as("branchRoles"),
        sql<unknown>`coalesce((
          select jsonb_agg(jsonb_build_object('role', o.role, 'permission', o.permission, 'isAllowed', o.is_allowed))
          from role_permissions o
        ), '[]')`.as("overrides"),
      ])
      .where("sessions.id", "=", sessionId)
      .where("sessions.userId", "=", userId)
      .where("sessions.expiresAt", ">", now)
      .where("users.deactivatedAt", "is", null)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { expiresAt, lastSeenAt, personSeenAt, overrides, ...person } = row;
    const isDue = (at: Date | null) => at === null || at < secondsAfter(now, -LAST_SEEN_SECONDS);
    if (isDue(lastSeenAt)) {
      await db.updateTable("sessions").set({ lastSeenAt: now }).where("id", "=", sessionId).execute();
    }
    // Of its own, since a session is deleted when it ends, and the person was seen nevertheless.
    if (isDue(personSeenAt)) {
      await db.updateTable("users").set({ lastSeenAt: now }).where("id", "=", userId).execute();
    }
    const branchRoles = branchRolesSchema.parse(person.branchRoles);
    const rights = rightsOf(person.role, branchRoles, overridesSchema.parse(overrides));
    const seen = { session: { ...person, sessionId, userId, branchRoles, rights }, seenAt: now, expiresAt };
    if (forgotten === this.#forgotten) this.#seen.set(sessionId, seen);
    return seen;
  }
}
