import { type ExpressionBuilder, type SqlBool, sql } from "kysely";
import * as z from "zod";
import { invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import { parseJson } from "../../kernel/json.ts";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { Role } from "../permissions/roles.ts";
import type { TenantScope } from "../scope.ts";
import type { TenantTables } from "../tables.generated.ts";
import { branchRolesOf, type NamedBranchRole, readBranchRoles, readOverrides } from "./standing.ts";

const PAGE_SIZE = 50;
const SEARCH_LENGTH_MAX = 100;

export type PeopleState = "active" | "deactivated";

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly role: Role | null;
  /** Roles in branches that are open. */
  readonly branchRoles: readonly NamedBranchRole[];
  readonly deactivatedAt: Date | null;
  /** When they were here last, exact to five minutes; null: never. */
  readonly lastSeenAt: Date | null;
}

export interface PersonDetails extends Person {
  readonly createdAt: Date;
  readonly sessions: number;
  readonly hasSecondFactor: boolean;
  /** Whether the acting person may change this one; each operation checks again. */
  readonly mayChange: boolean;
  /** Whether the acting person may change the name and the login: the owner's own too. */
  readonly mayChangeDetails: boolean;
}

export interface PeoplePage {
  readonly people: readonly Person[];
  /** People of this state that match the search. */
  readonly total: number;
  /** People by state, whatever the search. */
  readonly counts: Readonly<Record<PeopleState, number>>;
  /** Where the next page begins; absent on the last. */
  readonly next?: string;
}

/**
 * People by name, 50 at a time.
 * @throws DomainError `forbidden` without `people.view`, `invalid_input` for a page that does not exist
 */
export async function list(
  tenant: TenantScope<Member>,
  asked: { readonly state: PeopleState; readonly search?: string; readonly after?: string | undefined },
): Promise<PeoplePage> {
  Permissions.requireEverywhere(tenant.actor, "people.view");
  const search = (asked.search ?? "").trim().slice(0, SEARCH_LENGTH_MAX);
  const matches = (e: ExpressionBuilder<TenantTables, "users">) =>
    e.and([e("users.deactivatedAt", asked.state === "active" ? "is" : "is not", null), ...found(e, search)]);
  const cursor = asked.after === undefined ? undefined : readCursor(asked.after);
  const rows = await tenant.db
    .selectFrom("users")
    .select(["users.id", "users.name", "users.email", "users.username", "users.role", "users.deactivatedAt"])
    .select(["users.lastSeenAt", branchRolesOf, sortKey.as("sortKey")])
    .where(matches)
    .$if(cursor !== undefined, (query) =>
      query.where(sql<SqlBool>`(${sortKey}, users.id) > (${cursor?.[0]}::text, ${cursor?.[1]}::uuid)`),
    )
    .orderBy(sortKey)
    .orderBy("users.id")
    .limit(PAGE_SIZE + 1)
    .execute();
  const counts = await tenant.db
    .selectFrom("users")
    .select((e) => [
      e.fn.countAll<string>().filterWhere("deactivatedAt", "is", null).as("active"),
      e.fn.countAll<string>().filterWhere("deactivatedAt", "is not", null).as("deactivated"),
      e.fn.countAll<string>().filterWhere(matches).as("total"),
    ])
    .executeTakeFirstOrThrow();
  const shown = rows.slice(0, PAGE_SIZE);
  const last = rows.length > PAGE_SIZE ? shown.at(-1) : undefined;
  return {
    people: shown.map(({ sortKey: _, ...row }) => ({ ...row, branchRoles: readBranchRoles(row.branchRoles) })),
    total: Number(counts.total),
    counts: { active: Number(counts.active), deactivated: Number(counts.deactivated) },
    ...(last === undefined ? {} : { next: writeCursor([last.sortKey, last.id]) }),
  };
}

/** @throws DomainError `forbidden` without `people.view`, `not_found` */
export async function find(tenant: TenantScope<Member>, userId: string): Promise<PersonDetails> {
  Permissions.requireEverywhere(tenant.actor, "people.view");
  if (!idSchema.safeParse(userId).success) throw notFound("person");
  const row = await tenant.db
    .selectFrom("users")
    .select(["users.id", "users.name", "users.email", "users.username", "users.role", "users.deactivatedAt"])
    .select(["users.createdAt", "users.lastSeenAt", branchRolesOf])
    .select((e) => [
      e
        .selectFrom("sessions")
        .select((s) => s.fn.countAll<string>().as("count"))
        .whereRef("sessions.userId", "=", "users.id")
        .where("sessions.expiresAt", ">", tenant.clock.now())
        .as("sessions"),
      e
        .exists(
          e
            .selectFrom("twoFactors")
            .select("userId")
            .whereRef("twoFactors.userId", "=", "users.id")
            .where("confirmedAt", "is not", null),
        )
        .as("hasSecondFactor"),
    ])
    .where("users.id", "=", userId)
    .executeTakeFirst();
  if (row === undefined) throw notFound("person");
  const branchRoles = readBranchRoles(row.branchRoles);
  const { actor } = tenant;
  const mayChange =
    Permissions.may(actor, "people.manage") &&
    userId !== actor.userId &&
    Permissions.covers(actor, { role: row.role, branchRoles }, await readOverrides(tenant));
  return {
    ...row,
    branchRoles,
    sessions: Number(row.sessions),
    hasSecondFactor: row.hasSecondFactor === true,
    mayChange,
    mayChangeDetails: row.deactivatedAt === null && (mayChange || (userId === actor.userId && actor.role === "owner")),
  };
}

const sortKey = sql<string>`lower(users.name)`;

function found(e: ExpressionBuilder<TenantTables, "users">, search: string) {
  if (search === "") return [];
  const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
  return [
    e.or([
      e("users.name", "ilike", pattern),
      e("users.email", "ilike", pattern),
      e("users.username", "ilike", pattern),
    ]),
  ];
}

const cursorSchema = z.tuple([z.string().max(400), z.uuid()]);

const writeCursor = (cursor: z.infer<typeof cursorSchema>): string =>
  Buffer.from(JSON.stringify(cursor)).toString("base64url");

function readCursor(text: string): z.infer<typeof cursorSchema> {
  const cursor = cursorSchema.safeParse(parseJson(Buffer.from(text.slice(0, 2000), "base64url").toString()));
  if (!cursor.success)
    throw invalidInput("This page does not exist. Begin with the first one.", { after: "Leave it out." });
  return cursor.data;
}
