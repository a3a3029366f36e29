import { type QueryExecutorProvider, type RawBuilder, sql } from "kysely";
import { type Clock, secondsAfter } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { type Effect, Effects } from "./effects.ts";
import type { Jobs } from "./jobs.ts";

export interface OutboxOptions {
  readonly db: QueryExecutorProvider;
  /** The plane's table `outbox`, with its schema where no search path finds it. */
  readonly table: readonly string[];
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly log: Log;
  /** What every message of this outbox carries besides its payload. */
  readonly stamp: Readonly<Record<string, string>>;
  /** How long a sent message may stay without a recorded effect before it is sent again; absent: for ever. */
  readonly resendSeconds?: number;
}

interface OpenRow {
  readonly id: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly dueAt: Date;
}

const RELAYED_MAX = 100;

/** Effects that commit with the change that wants them, and become messages after it. Both planes keep the same table. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #table: RawBuilder<unknown>;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#table = sql.id(...options.table);
  }

  /** Records an effect, in the caller's transaction. The same `dedupeKey` again is the same effect. */
  async add(effect: Effect): Promise<void> {
    const { db, clock } = this.#options;
    const row = Effects.rowOf(effect, clock);
    await sql`
      insert into ${this.#table} (id, queue, payload, dedupe_key, due_at, created_at)
      values (${row.id}, ${row.queue}, ${row.payload}::jsonb, ${row.dedupeKey}, ${row.dueAt}, ${row.createdAt})
      on conflict (dedupe_key) do nothing
    `.execute(db);
  }

  /**
   * Sends what was recorded and not sent. Sending twice is harmless: a message is a hint. A row that cannot be sent is
   * left with its reason and keeps nobody behind it waiting.
   * @returns how many were sent
   * @throws the first failure, after all rows were tried
   */
  async relay(): Promise<number> {
    const { db, clock, resendSeconds } = this.#options;
    const now = clock.now();
    const isLost =
      resendSeconds === undefined ? sql`false` : sql`sent_at < ${secondsAfter(now, -resendSeconds)}::timestamptz`;
    const { rows } = await sql<OpenRow>`
      select id, queue, payload, due_at from ${this.#table}
      where done_at is null and (sent_at is null or ${isLost})
      order by attempts, id limit ${RELAYED_MAX}::integer
    `.execute(db);
    const failures: unknown[] = [];
    for (const row of rows) await this.#send(row, now).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    return rows.length;
  }

  /** Whether an effect is recorded as having happened. */
  async isSettled(outboxId: string): Promise<boolean> {
    const { rows } = await sql<{ doneAt: Date | null }>`
      select done_at from ${this.#table} where id = ${outboxId}::uuid
    `.execute(this.#options.db);
    const [row] = rows;
    return row === undefined || row.doneAt !== null;
  }

  /** Records that an effect has happened. @returns false when somebody had recorded it before */
  async settle(outboxId: string): Promise<boolean> {
    const { db, clock } = this.#options;
    const { numAffectedRows } = await sql`
      update ${this.#table} set done_at = ${clock.now()} where id = ${outboxId}::uuid and done_at is null
    `.execute(db);
    return (numAffectedRows ?? 0n) > 0n;
  }

  async #send(row: OpenRow, now: Date): Promise<void> {
    const { db, jobs, log, stamp } = this.#options;
    try {
      const message = { ...Effects.payloadOf(row), outboxId: row.id, ...stamp };
      await jobs.send(Effects.queueOf(row), message, Effects.delaySecondsOf(row, now));
    } catch (error) {
      log.warn("an effect was not sent", { outboxId: row.id, queue: row.queue, error: String(error) });
      const reason = error instanceof Error ? error.name : typeof error;
      await sql`
        update ${this.#table} set attempts = attempts + 1, last_error = ${reason} where id = ${row.id}::uuid
      `.execute(db);
      throw error;
    }
    await sql`update ${this.#table} set sent_at = ${now} where id = ${row.id}::uuid`.execute(db);
  }
}
