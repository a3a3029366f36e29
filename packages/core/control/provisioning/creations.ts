import { secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";

/** After a creation whose end is unknown, a project may turn up this much later. */
const SETTLES_SECONDS = 60;

/** Remembers that the provider is being asked for a project now: providers take no idempotency key. */
export async function noteCreation(control: ControlScope, tenantId: string): Promise<void> {
  await control.db
    .updateTable("tenantDatabases")
    .set({ creationAskedAt: control.clock.now() })
    .where("tenantId", "=", tenantId)
    .execute();
}

/** Forgets it: the provider has refused, so nothing is being made. */
export async function forgetCreation(control: ControlScope, tenantId: string): Promise<void> {
  await control.db
    .updateTable("tenantDatabases")
    .set({ creationAskedAt: null })
    .where("tenantId", "=", tenantId)
    .execute();
}

/**
 * For how many seconds a project that nobody has recorded may still show itself: the provider was asked for it, and
 * nobody had its answer. 0: there is none to come.
 */
export async function secondsToSettle(control: ControlScope, tenantId: string): Promise<number> {
  const row = await control.db
    .selectFrom("tenantDatabases")
    .select("creationAskedAt")
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  const askedAt = row?.creationAskedAt ?? null;
  if (askedAt === null) return 0;
  const settledAt = secondsAfter(askedAt, SETTLES_SECONDS).getTime();
  return Math.max(0, Math.ceil((settledAt - control.clock.now().getTime()) / 1000));
}
