import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import { reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { isWholeFleet, type Selection, selectedIds } from "./selection.ts";
import { ensureServers, serverOf } from "./servers.ts";

/** What operators say of pharmacies and servers, by which deployments go. */

export const rings = ["staging", "pilot", "general"] as const;
export type Ring = (typeof rings)[number];

export interface ChangedPharmacies {
  readonly selected: number;
  /** The others had it so already. */
  readonly changed: number;
}

const MIGRATIONS_MAX = 100;
const CLOCK_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/**
 * Says when pharmacies get a change: staging and pilot before everybody else. Only those of ring staging are rehearsed
 * with, which copies their data.
 * @throws DomainError `invalid_input`, also for a selection of everybody or of nobody, `forbidden` for anybody but an
 * operator
 */
export async function setRing(
  control: ControlScope,
  selection: Selection,
  ring: Ring,
  reason: string,
): Promise<ChangedPharmacies> {
  requireOperator(control);
  const why = reasonOfOperator({ reason });
  return control.tx(async (tx) => {
    const selected = await requireSome(tx, selection);
    const tenants = await tx.db
      .selectFrom("tenants")
      .select(["id", "ring"])
      .where((e) => e("id", "=", e.fn.any(e.val([...selected]))))
      .where("ring", "<>", ring)
      .orderBy("id")
      .forUpdate()
      .execute();
    for (const { id: tenantId, ring: before } of tenants) {
      await tx.db
        .updateTable("tenants")
        .set({ ring, updatedAt: tx.clock.now() })
        .where("id", "=", tenantId)
        .executeTakeFirstOrThrow();
      await ControlAudit.append(tx, {
        action: "tenant.ring_changed",
        tenantId,
        reason: why,
        before: { ring: before },
        after: { ring },
      });
    }
    return { selected: selected.length, changed: tenants.length };
  });
}

/** By the pharmacy's own clock. */
export interface QuietTimes {
  /** HH:MM. */
  readonly from: string;
  /** HH:MM; before `from` when they go over midnight, the same when the whole day is quiet. */
  readonly until: string;
}

/**
 * Says when pharmacies are closed: long locks are taken then. A target that waits already goes by it from its next turn on.
 * @throws DomainError `invalid_input`, also for a selection of everybody or of nobody, `forbidden` for anybody but an
 * operator
 */
export async function setQuietHours(
  control: ControlScope,
  selection: Selection,
  { from, until }: QuietTimes,
  reason: string,
): Promise<ChangedPharmacies> {
  requireOperator(control);
  const why = reasonOfOperator({ reason });
  if (!CLOCK_TIME.test(from) || !CLOCK_TIME.test(until)) {
    const message = "Quiet hours are two times of the pharmacy's own clock, such as 22:00-06:00.";
    throw invalidInput(message, { quietHours: message });
  }
  return control.tx(async (tx) => {
    const selected = await requireSome(tx, selection);
    let changed = 0;
    for (const tenantId of selected.toSorted()) {
      await tx.db
        .insertInto("tenantSchemas")
        .values({ tenantId })
        .onConflict((conflict) => conflict.column("tenantId").doNothing())
        .execute();
      const { quietFrom, quietUntil } = await tx.db
        .selectFrom("tenantSchemas")
        .select(["quietFrom", "quietUntil"])
        .where("tenantId", "=", tenantId)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (quietFrom === from && quietUntil === until) continue;
      await tx.db
        .updateTable("tenantSchemas")
        .set({ quietFrom: from, quietUntil: until })
        .where("tenantId", "=", tenantId)
        .execute();
      await ControlAudit.append(tx, {
        action: "tenant.quiet_hours_changed",
        tenantId,
        reason: why,
        before: { from: quietFrom, until: quietUntil },
        after: { from, until },
      });
      changed += 1;
    }
    return { selected: selected.length, changed };
  });
}

/**
 * Says how many migrations run at once on a server. Those under way end, whatever it says.
 * @param server as plans name it
 * @throws DomainError `invalid_input` for a server that no pharmacy is on, or a number out of 1 to 100; `forbidden`
 */
export async function setMigrationsMax(
  control: ControlScope,
  server: string,
  migrationsMax: number,
  reason: string,
): Promise<{ readonly changed: boolean; readonly before: number }> {
  requireOperator(control);
  const why = reasonOfOperator({ reason });
  if (!Number.isInteger(migrationsMax) || migrationsMax < 1 || migrationsMax > MIGRATIONS_MAX) {
    const message = `On one server run 1 to ${MIGRATIONS_MAX} migrations at once. To stop them, pause the deployment.`;
    throw invalidInput(message, { migrationsMax: message });
  }
  return control.tx(async (tx) => {
    await requireServer(tx, server);
    await ensureServers(tx, [server]);
    const { migrationsMax: before } = await tx.db
      .selectFrom("databaseServers")
      .select("migrationsMax")
      .where("name", "=", server)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (before === migrationsMax) return { changed: false, before };
    await tx.db.updateTable("databaseServers").set({ migrationsMax }).where("name", "=", server).execute();
    await ControlAudit.append(tx, {
      action: "server.migrations_max_changed",
      reason: why,
      before: { server, migrationsMax: before },
      after: { server, migrationsMax },
    });
    return { changed: true, before };
  });
}

/** A slip must not make the whole fleet a pilot. */
async function requireSome(tx: ControlScope, selection: Selection): Promise<readonly string[]> {
  if (isWholeFleet(selection)) {
    const message = "Say which pharmacies: by name, or by a selector.";
    throw invalidInput(message, { tenants: message });
  }
  const selected = (await selectedIds(tx, selection)) ?? [];
  if (selected.length > 0) return selected;
  throw new DomainError("conflict", "No pharmacy with a database of its own fits: nothing was changed.");
}

const SERVERS_NAMED = 10;

async function requireServer(tx: ControlScope, server: string): Promise<void> {
  const rows = await tx.db
    .selectFrom("tenantDatabases")
    .select(["tenantId", "provider", "region", "projectRef"])
    .execute();
  const names = [...new Set(rows.map(serverOf))].sort();
  if (names.includes(server)) return;
  const shown = names.slice(0, SERVERS_NAMED).join(", ");
  const more = names.length > SERVERS_NAMED ? ` and ${names.length - SERVERS_NAMED} more` : "";
  const message = `No pharmacy is on a server ${server}. There ${names.length === 0 ? "is none" : `are ${shown}${more}`}.`;
  throw invalidInput(message, { server: message });
}
