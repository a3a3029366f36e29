export * as Usage from "./usage.ts";

import { sql } from "kysely";
import { TenantEvents } from "../../ports/tenant-events.ts";
import { type CountedLimit, Entitlements } from "../../registry/entitlements/entitlements.ts";
import type { ApiKey, Member, TenantActor } from "../actors.ts";
import { Limits, type Used } from "../limits/limits.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { dayIn, type UsedDay } from "./known-usage.ts";

/** In the first days of a month some processes still have what they counted in the one before. */
const DAYS_OF_GRACE = 2;

/** What a pharmacy uses now, and has used this month. */
export interface MonthsUse {
  /** Its first day: `2026-11-01`. */
  readonly month: string;
  readonly limits: Readonly<Record<CountedLimit, Used>>;
  /** People who were invited and may still come. */
  readonly invited: number;
  /** Calls a minute that its programs may send; null: unlimited. */
  readonly callsPerMinute: number | null;
  readonly storageBytes: number;
  /** Absent until this pharmacy's database can count it. */
  readonly counted?: {
    readonly apiCalls: number;
    /** Days on which each module was used. */
    readonly moduleDays: Readonly<Record<string, number>>;
  };
}

/**
 * Counts that somebody works with a module, or that a program calls. Most of it costs no statement: a process writes at
 * most once a minute. A count that fails fails nobody's request; looking at a paused pharmacy's records is no use.
 */
export async function note(
  tenant: TenantScope<Member | ApiKey>,
  { module, isCall = false }: { readonly module: string; readonly isCall?: boolean },
): Promise<void> {
  if (!tenant.mayWork || !tenant.supports("usageDays")) return;
  const due = tenant.usage.note({ module, isCall }, tenant.clock.now(), tenant.tenant.timeZone);
  if (due.length === 0) return;
  try {
    await add(tenant, due);
  } catch (error) {
    tenant.usage.giveBack(due);
    tenant.log.warn("use was not counted", { error: String(error) });
    return;
  }
  await measureIfDue(tenant).catch((error: unknown) =>
    tenant.log.warn("use was not measured", { error: String(error) }),
  );
}

/**
 * What the pharmacy uses, for whoever pays for it.
 * @throws DomainError `forbidden` without `billing.manage`
 */
export async function thisMonth(tenant: TenantScope<Member>): Promise<MonthsUse> {
  Permissions.requireEverywhere(tenant.actor, "billing.manage");
  const now = tenant.clock.now();
  const month = monthOf(dayIn(now, tenant.tenant.timeZone));
  const counted = tenant.supports("usageDays") ? await countedIn(tenant, month) : undefined;
  return {
    month,
    limits: await Limits.used(tenant),
    invited: await Limits.countInvited(tenant),
    callsPerMinute: Entitlements.limit(Entitlements.termsOf(tenant.tenant), "api_requests_per_minute", now),
    storageBytes: await storageBytes(tenant),
    ...(counted === undefined ? {} : { counted }),
  };
}

async function add(tenant: TenantScope<Member | ApiKey>, days: readonly UsedDay[]): Promise<void> {
  await sql`
    insert into usage_days as known (day, api_calls, modules)
    select used.day, used."apiCalls", used.modules
    from jsonb_to_recordset(${days}::jsonb) as used (day date, "apiCalls" bigint, modules text[])
    order by used.day
    on conflict (day) do update set
      api_calls = known.api_calls + excluded.api_calls,
      modules = array(select distinct name from unnest(known.modules || excluded.modules) as name order by name)
  `.execute(tenant.db);
}

/** Tells the control plane what the month has used, at most once an hour whatever the number of processes. */
async function measureIfDue(tenant: TenantScope<Member | ApiKey>): Promise<void> {
  const at = tenant.clock.now();
  const hour = at.toISOString().slice(0, 13);
  if (!tenant.usage.beginMeasuring(hour)) return;
  const today = dayIn(at, tenant.tenant.timeZone);
  const month = monthOf(today);
  const isEarly = Number(today.slice(8)) <= DAYS_OF_GRACE;
  for (const asked of isEarly ? [monthBefore(month), month] : [month]) {
    const dedupeKey = TenantEvents.usageKey(asked, hour);
    const told = await tenant.db
      .selectFrom("outbox")
      .select("id")
      .where("dedupeKey", "=", dedupeKey)
      .executeTakeFirst();
    if (told === undefined) await tell(tenant, asked, hour);
  }
}

async function tell(tenant: TenantScope<Member | ApiKey>, month: string, hour: string): Promise<void> {
  const { apiCalls, moduleDays } = await countedIn(tenant, month);
  const { branches, users, items } = await Limits.used(tenant);
  const storage = await storageBytes(tenant);
  await tenant.tx((tx) =>
    tx.emit(
      TenantEvents.usageMeasured(hour, {
        month,
        apiCalls,
        moduleDays,
        storageBytes: storage,
        branches: branches.used,
        users: users.used,
        items: items.used,
        at: tx.clock.now(),
      }),
    ),
  );
}

async function countedIn<A extends TenantActor>(tenant: TenantScope<A>, month: string) {
  const days = await tenant.db
    .selectFrom("usageDays")
    .select(["apiCalls", "modules"])
    .where("day", ">=", month)
    .where("day", "<", monthAfter(month))
    .execute();
  const moduleDays: Record<string, number> = {};
  for (const name of days.flatMap(({ modules }) => modules)) moduleDays[name] = (moduleDays[name] ?? 0) + 1;
  return { apiCalls: days.reduce((sum, day) => sum + Number(day.apiCalls), 0), moduleDays };
}

/** Of the whole database, indexes included. */
async function storageBytes<A extends TenantActor>(tenant: TenantScope<A>): Promise<number> {
  const { rows } = await sql<{ bytes: string }>`
    select pg_database_size(current_database()) as bytes
  `.execute(tenant.db);
  return Number(rows[0]?.bytes ?? 0);
}

/** The first day of a day's month. */
const monthOf = (day: string): string => `${day.slice(0, 7)}-01`;

const monthAfter = (month: string): string => monthFrom(month, 1);
const monthBefore = (month: string): string => monthFrom(month, -1);

function monthFrom(month: string, months: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 10);
}
