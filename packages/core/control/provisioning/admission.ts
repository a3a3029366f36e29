import { sql } from "kysely";
import { DAY_SECONDS, MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import type { ControlScope } from "../scope.ts";

/**
 * Admits sign-ups that wait for their database, the oldest first, as many as the day has room for. Exact however many
 * workers ask at once: they queue for one lock. Whoever finds no room has its next look moved on, by which the page
 * knows it, and an alarm rings for as long as somebody waits.
 * @param dailyDatabasesMax within any 24 hours
 */
export async function admitQueued(control: ControlScope, dailyDatabasesMax: number): Promise<void> {
  const waiting = await control.tx(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('provisioning admission', 0))`.execute(tx.db);
    const now = tx.clock.now();
    const { count } = await tx.db
      .selectFrom("provisioningJobs")
      .select((e) => e.fn.countAll<string>().as("count"))
      .where("admittedAt", ">", secondsAfter(now, -DAY_SECONDS))
      .executeTakeFirstOrThrow();
    const room = Math.max(0, dailyDatabasesMax - Number(count));
    for (const { id } of room === 0 ? [] : await admit(tx, room)) {
      await tx.emit({ queue: "provisioning", payload: { jobId: id }, dedupeKey: `provision:${id}:admitted` });
    }
    const { numUpdatedRows } = await tx.db
      .updateTable("provisioningJobs")
      .set({ nextRunAt: secondsAfter(now, MINUTE_SECONDS) })
      .where("state", "=", "queued")
      .executeTakeFirstOrThrow();
    return Number(numUpdatedRows);
  });
  if (waiting > 0) control.log.alarm("sign-ups-waiting", { waiting, dailyDatabasesMax });
}

async function admit(tx: ControlScope, room: number): Promise<readonly { id: string }[]> {
  const now = tx.clock.now();
  return tx.db
    .updateTable("provisioningJobs")
    .set({ state: "running", admittedAt: now, nextRunAt: now })
    .where("id", "in", (e) =>
      e
        .selectFrom("provisioningJobs")
        .select("id")
        .where("state", "=", "queued")
        .orderBy("createdAt")
        .orderBy("id")
        .limit(room)
        .forUpdate(),
    )
    .returning("id")
    .execute();
}

/** Whether a job was looked at and found no room. */
export const isWaiting = (job: { readonly state: string; readonly nextRunAt: Date; readonly createdAt: Date }) =>
  job.state === "queued" && job.nextRunAt > job.createdAt;
