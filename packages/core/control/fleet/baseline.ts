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

/** Records what the whole fleet has, or goes back to. */
export async function settle(tx: ControlScope, version: number): Promise<void> {
  await tx.db.updateTable("fleet").set({ settledVersion: version }).execute();
}

/** Until the first deployment new tenants begin with the newest version; from its beginning on with what all others have. */
export async function settleIfNone(tx: ControlScope, version: number): Promise<void> {
  await tx.db.updateTable("fleet").set({ settledVersion: version }).where("settledVersion", "is", null).execute();
}
