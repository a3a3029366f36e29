export * as AuditEntries from "./entries.ts";

import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import * as z from "zod";
import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import type { TenantTables } from "../tables.generated.ts";
import { dayAfter, startOfDay } from "./days.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { type AuditGroup, prefixesOf } from "./groups.ts";
import { namesIn } from "./names.ts";
import { actionsSaying, isProof, predicateOf } from "./sentences.ts";

export type { Difference } from "./differences.ts";
export { type AuditGroup, auditGroups } from "./groups.ts";

/** Who acts besides people, as the list is filtered by it. */
export const otherActors = ["operator", "api_key", "job", "visitor"] as const;

/** Which entries are wanted. What is left out does not narrow the list. */
export interface AuditFilter {
  readonly group?: AuditGroup | undefined;
  /** Id of a person, or one of `otherActors`. */
  readonly actor?: string | undefined;
  /** First and last day in the pharmacy's time zone: `2026-11-24`. What is no day is overlooked. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Words of the sentence, of what was changed, of the reason, of a person's name or of an address. */
  readonly search?: string | undefined;
}

/** An entry as people read it. */
export interface AuditEntryDetails {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: "visitor" | "member" | "api_key" | "job" | "operator";
  /** Who did it, in words. */
  readonly who: string;
  /** What they did, after their name: `invited Otieno as cashier`. */
  readonly what: string;
  /** The action's own name, for whoever searches for it. */
  readonly action: string;
  readonly reason: string | null;
  readonly sourceIp: string | null;
  readonly requestId: string | null;
  readonly differences: readonly Difference[];
}

export interface AuditPage {
  readonly entries: readonly AuditEntryDetails[];
  /** Where the page after this one begins; absent on the last. */
  readonly next?: string;
}

const PAGE_ENTRIES = 50;

/**
 * One page of the audit log, the newest entry first.
 * @param after `next` of the page before
 * @throws DomainError `forbidden`, or `not_found` for a page mark that is not ours
 */
export async function list(
  tenant: TenantScope<Member>,
  filter: AuditFilter = {},
  after?: string,
  limit = PAGE_ENTRIES,
): Promise<AuditPage> {
  Permissions.requireEverywhere(tenant.actor, "audit.view");
  const rows = await matching(tenant, filter)
    .select(["id", "at", "actorKind", "actorId", "action", "reason", "sourceIp", "requestId", "before", "after"])
    .$if(after !== undefined, (query) => query.where(isBefore(readMark(after ?? ""))))
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit).map((row) => rowSchema.parse(row));
  const names = await namesIn(tenant, shown);
  const last = shown.at(-1);
  return {
    entries: shown.map((row) => readable(row, names, tenant.tenant.timeZone)),
    ...(rows.length > limit && last !== undefined ? { next: `${last.at.getTime()}.${last.id}` } : {}),
  };
}

/** Everybody who ever worked here, by name: to filter by. @throws DomainError `forbidden` */
export async function people(
  tenant: TenantScope<Member>,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  Permissions.requireEverywhere(tenant.actor, "audit.view");
  return tenant.db.selectFrom("users").select(["id", "name"]).orderBy("name").orderBy("id").limit(500).execute();
}

const valuesSchema = z.record(z.string(), z.unknown()).nullable().catch(null);
const rowSchema = z.object({
  id: z.string(),
  at: z.date(),
  actorKind: z.enum(["visitor", "member", "api_key", "job", "operator"]),
  actorId: z.string().nullable(),
  action: z.string(),
  reason: z.string().nullable(),
  sourceIp: z.string().nullable(),
  requestId: z.string().nullable(),
  before: valuesSchema,
  after: valuesSchema,
});
type Row = Readonly<z.infer<typeof rowSchema>>;

function readable(row: Row, names: ReadonlyMap<string, string>, timeZone: string): AuditEntryDetails {
  const { id, at, actorKind, action, reason, sourceIp, requestId, before, after } = row;
  return {
    id,
    at,
    actorKind,
    who: whoOf(row, names),
    what: predicateOf(row, names),
    action,
    reason,
    sourceIp,
    requestId,
    differences: differencesOf(before, after, { names, timeZone }),
  };
}

function whoOf({ action, actorKind, actorId, before, after }: Row, names: ReadonlyMap<string, string>): string {
  const name = actorId === null ? undefined : names.get(actorId);
  if (actorKind === "member") return name ?? "Somebody";
  if (actorKind === "api_key") return name === undefined ? "A program" : `Program “${name}”`;
  if (actorKind === "operator") return "PharmaSight support";
  if (actorKind === "job") return "The system";
  // Whoever signs in is nobody yet; the entry says who they turned out to be.
  const userId = isProof(action) ? (after?.userId ?? before?.userId) : undefined;
  return (typeof userId === "string" ? names.get(userId) : undefined) ?? "Somebody who was not signed in";
}

type Conditions = ExpressionBuilder<TenantTables, "auditLog">;

function matching(tenant: TenantScope<Member>, filter: AuditFilter) {
  return tenant.db.selectFrom("auditLog").where((e) => e.and(conditionsOf(e, filter, tenant.tenant.timeZone)));
}

function conditionsOf(e: Conditions, filter: AuditFilter, timeZone: string): Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = [];
  if (filter.group !== undefined) {
    conditions.push(
      e.or(prefixesOf(filter.group).map((prefix) => e(e.fn("starts_with", ["action", e.val(prefix)]), "=", true))),
    );
  }
  const kind = otherActors.find((one) => one === filter.actor);
  if (kind !== undefined) conditions.push(e("actorKind", "=", kind));
  else if (idSchema.safeParse(filter.actor).success) {
    conditions.push(e("actorKind", "=", "member"), e("actorId", "=", filter.actor ?? ""));
  }
  const from = filter.from === undefined ? undefined : startOfDay(filter.from, timeZone);
  if (from !== undefined) conditions.push(e("at", ">=", from));
  const end = filter.to === undefined ? undefined : dayAfter(filter.to);
  const until = end === undefined ? undefined : startOfDay(end, timeZone);
  if (until !== undefined) conditions.push(e("at", "<", until));
  const search = (filter.search ?? "").replaceAll(/\p{Cc}/gu, " ").trim();
  if (search !== "") conditions.push(contains(e, search));
  return conditions;
}

function contains(e: Conditions, search: string): Expression<SqlBool> {
  const pattern = `%${search.replaceAll(/[\\%_]/g, "\\$&")}%`;
  const named = e.selectFrom("users").select(sql<string>`id::text`.as("id")).where("name", "ilike", pattern);
  const said = actionsSaying(search);
  return e.or([
    ...(said.length === 0 ? [] : [e("action", "in", said)]),
    e("action", "ilike", pattern),
    e("reason", "ilike", pattern),
    e("sourceIp", "ilike", pattern),
    e("requestId", "ilike", pattern),
    e(sql<string>`before::text`, "ilike", pattern),
    e(sql<string>`after::text`, "ilike", pattern),
    e("actorId", "in", named),
  ]);
}

const isBefore = (mark: { readonly at: Date; readonly id: string }) =>
  sql<boolean>`(at, id) < (${mark.at}::timestamptz, ${mark.id}::uuid)`;

function readMark(mark: string): { at: Date; id: string } {
  const parts = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(mark);
  const id = idSchema.safeParse(parts?.[2]);
  if (parts === null || !id.success) throw notFound("page");
  return { at: new Date(Number(parts[1])), id: id.data };
}
