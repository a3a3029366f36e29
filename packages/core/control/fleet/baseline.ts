import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";

/**
 * The version that a new tenant begins with: the one that the whole fleet has, so that nobody new gets a change that is
 * still being tried on a few.
 * @param newest the newest that this code comes with
 * @param required the oldest that this code works with
 */
export async function settledVersion(control: ControlScope, newest: number, required: number): Promise<number> {
  const { settledVersion: settled } = await control.db
    .selectFrom("fleet")
    .select("settledVersion")
    .executeTakeFirstOrThrow();
  return settled === null ? newest : Math.max(required, Math.min(settled, newest));
}

/**
 * Records that the whole fleet has a version. Nothing changes when it had a later one already: only a rollback goes back.
 */
export async function settleForward(tx: ControlScope, version: number): Promise<void> {
  const before = await lockFleet(tx);
  if (before !== null && before >= version) return;
  await settle(tx, version);
  await ControlAudit.append(tx, { action: "fleet.settled", before: { version: before }, after: { version } });
}

/**
 * Keeps what the fleet has as it is until the transaction ends: a deployment that completes and a pharmacy that opens wait
 * for each other. Taken after a deployment and before servers and tenants.
 * @returns the settled version
 */
export async function lockFleet(tx: ControlScope): Promise<number | null> {
  const { settledVersion: settled } = await tx.db
    .selectFrom("fleet")
    .select("settledVersion")
    .forUpdate()
    .executeTakeFirstOrThrow();
  return settled;
}

/** Records what the whole fleet goes back to. */
export async function settle(tx: ControlScope, version: number): Promise<void> {
  await tx.db.updateTable("fleet").set({ settledVersion: version }).execute();
}

/** Until the first deployment new tenants begin with the newest version; from its beginning on with what all others have. */
export async function settleIfNone(tx: ControlScope, version: number): Promise<void> {
  await tx.db.updateTable("fleet").set({ settledVersion: version }).where("settledVersion", "is", null).execute();
}
