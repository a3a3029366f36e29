export * as Limits from "./limits.ts";

import { sql } from "kysely";
import { DomainError } from "../../kernel/errors.ts";
import { type CountedLimit, Entitlements } from "../../registry/entitlements/entitlements.ts";
import type { TenantActor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** How much of a limit is used, and what there may be at most; null: unlimited. */
export interface Used {
  readonly used: number;
  readonly max: number | null;
}

/** Lets nobody else add or restore one until this transaction ends, as a pooler needs it. To be taken before any row. */
export async function lock<A extends TenantActor>(tx: TenantScope<A>, limit: CountedLimit): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${lockNames[limit]}::text))`.execute(tx.db);
}

/**
 * Refuses what would be one too many. To be called in the transaction that adds or restores it, before it does: all such
 * transactions wait for each other from here to their ends, so that no two of them take the last room.
 * @throws DomainError `limit_reached`, in words that say what to do
 */
export async function takeRoom<A extends TenantActor>(tx: TenantScope<A>, limit: CountedLimit): Promise<void> {
  if (maxOf(tx, limit) === null) return;
  await lock(tx, limit);
  const refusal = await noRoom(tx, limit);
  // Shown beside the name of what was to be added: that is what every form of it has.
  if (refusal !== undefined) throw new DomainError("limit_reached", refusal, { fields: { name: refusal } });
}

/**
 * Why there is no room for one more, in words that say what to do; undefined while there is. People who are invited have
 * their place: none of them finds the door shut.
 */
export async function noRoom<A extends TenantActor>(
  tenant: TenantScope<A>,
  limit: CountedLimit,
): Promise<string | undefined> {
  const max = maxOf(tenant, limit);
  if (max === null) return undefined;
  const active = await count(tenant, limit);
  const invited = limit === "users" ? await countInvited(tenant) : 0;
  if (active + invited < max) return undefined;
  const { state, makeRoom } = words[limit];
  const room = `Your plan has room for ${counted(limit, max)}`;
  return invited === 0
    ? `${room} and ${number(active)} ${isOrAre(active)} ${state}. ${makeRoom}, ${larger}`
    : `${room}: ${number(active)} ${isOrAre(active)} ${state} and ${number(invited)} ${isOrAre(invited)} invited. ` +
        `${makeRoom} or take an invitation back, ${larger}`;
}

/**
 * How many more fit now; infinitely many where there is no limit. Only in a transaction that holds the limit's lock it
 * stays true.
 */
export async function left<A extends TenantActor>(tenant: TenantScope<A>, limit: CountedLimit): Promise<number> {
  const max = maxOf(tenant, limit);
  return max === null ? Number.POSITIVE_INFINITY : Math.max(0, max - (await count(tenant, limit)));
}

/** What the row of a file is told that finds no room. */
export function rowRefusal<A extends TenantActor>(tenant: TenantScope<A>): string {
  const max = maxOf(tenant, "items") ?? 0;
  return (
    `Your plan has room for ${counted("items", max)}, and this one would be beyond it. Archive what you do not need, ` +
    `${larger} Then import this row again.`
  );
}

/** What is used now of each limit. */
export async function used<A extends TenantActor>(
  tenant: TenantScope<A>,
): Promise<Readonly<Record<CountedLimit, Used>>> {
  const { rows } = await sql<Record<CountedLimit, string>>`
    select (select count(*) from branches where archived_at is null) as branches,
      (select count(*) from users where deactivated_at is null) as users,
      (select count(*) from items where archived_at is null) as items
  `.execute(tenant.db);
  const of = (limit: CountedLimit): Used => ({ used: Number(rows[0]?.[limit] ?? 0), max: maxOf(tenant, limit) });
  return { branches: of("branches"), users: of("users"), items: of("items") };
}

/** People who were invited and may still come. */
export async function countInvited<A extends TenantActor>(tenant: TenantScope<A>): Promise<number> {
  const row = await tenant.db
    .selectFrom("invitations")
    .select((e) => e.fn.countAll<string>().as("open"))
    .where("acceptedAt", "is", null)
    .where("revokedAt", "is", null)
    .where("expiresAt", ">", tenant.clock.now())
    .executeTakeFirstOrThrow();
  return Number(row.open);
}

const larger = "or choose a larger plan under Billing.";

interface Words {
  readonly one: string;
  readonly many: string;
  readonly state: string;
  readonly makeRoom: string;
}

const words: Readonly<Record<CountedLimit, Words>> = {
  branches: { one: "branch", many: "branches", state: "open", makeRoom: "Archive one" },
  users: { one: "person", many: "people", state: "active", makeRoom: "Deactivate somebody" },
  items: { one: "item", many: "items", state: "active", makeRoom: "Archive one" },
};

const isOrAre = (amount: number): string => (amount === 1 ? "is" : "are");

function maxOf<A extends TenantActor>({ tenant, clock }: TenantScope<A>, limit: CountedLimit): number | null {
  return Entitlements.limit(Entitlements.termsOf(tenant), limit, clock.now());
}

/** The locks that changes of items and people take anyway: one for both, so that none is taken the other way round. */
const lockNames: Readonly<Record<CountedLimit, string>> = { branches: "branches", users: "people", items: "items" };

/** Active rows. The statement begins when the lock is held, so that it sees what whoever had it before has added. */
async function count<A extends TenantActor>({ db }: TenantScope<A>, limit: CountedLimit): Promise<number> {
  const { rows } = await sql<{ active: string }>`
    select count(*) as active from ${sql.id(limit)} where ${sql.id(endColumns[limit])} is null
  `.execute(db);
  return Number(rows[0]?.active ?? 0);
}

/** When a row of it stopped to count. */
const endColumns = { branches: "archived_at", users: "deactivated_at", items: "archived_at" } as const;

const number = (amount: number): string => amount.toLocaleString("en");

function counted(limit: CountedLimit, amount: number): string {
  const { one, many } = words[limit];
  return `${number(amount)} ${amount === 1 ? one : many}`;
}
