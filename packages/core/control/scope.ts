import type { Kysely } from "kysely";
import { type Clock, secondsAfter } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { deriveKey } from "../kernel/tokens.ts";
import { type Effect, Effects } from "../ports/effects.ts";
import type { Jobs } from "../ports/jobs.ts";
import type { ControlTables } from "./tables.generated.ts";

export type ControlActor =
  | { readonly kind: "visitor"; readonly sourceIp: string; readonly requestId: string }
  | { readonly kind: "system"; readonly name: string };

/** What a scope is made of: once per process. */
export interface ControlPlane {
  readonly db: Kysely<ControlTables>;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly log: Log;
  readonly masterKey: () => Promise<Uint8Array>;
}

/** How long a sent message may stay without a recorded effect before the sweep sends it again. */
const RESEND_SECONDS = 600;

/** The company's side: tenants, plans, provisioning. The first parameter of every operation of the control plane. */
export class ControlScope {
  readonly actor: ControlActor;
  readonly db: Kysely<ControlTables>;
  readonly clock: Clock;
  readonly log: Log;
  readonly #plane: ControlPlane;
  readonly #emitted: { any: boolean } | undefined;

  constructor(plane: ControlPlane, actor: ControlActor, emitted?: { any: boolean }) {
    this.actor = actor;
    this.db = plane.db;
    this.clock = plane.clock;
    this.log = plane.log;
    this.#plane = plane;
    this.#emitted = emitted;
  }

  /** Runs `run` in one transaction (joining one that is open) and relays its effects right after the commit. */
  async tx<R>(run: (tx: ControlScope) => Promise<R>): Promise<R> {
    if (this.#emitted !== undefined) return run(this);
    const emitted = { any: false };
    const result = await this.db
      .transaction()
      .execute((db) => run(new ControlScope({ ...this.#plane, db }, this.actor, emitted)));
    if (emitted.any) {
      await this.relay().catch((error: unknown) => this.log.warn("relay postponed", { error: String(error) }));
    }
    return result;
  }

  /** Records an effect of this transaction. The same `dedupeKey` again is the same effect. */
  async emit(effect: Effect): Promise<void> {
    if (this.#emitted === undefined) throw new Error("emit belongs inside tx: an effect commits with its change");
    await this.db
      .insertInto("outbox")
      .values(Effects.rowOf(effect, this.clock))
      .onConflict((conflict) => conflict.column("dedupeKey").doNothing())
      .execute();
    this.#emitted.any = true;
  }

  /**
   * Sends what was recorded and not sent, and again what was sent long ago without its effect being recorded. Sending
   * twice is harmless: a message is a hint. @returns how many were sent
   */
  async relay(): Promise<number> {
    const now = this.clock.now();
    const rows = await this.db
      .selectFrom("outbox")
      .select(["id", "queue", "payload", "dueAt"])
      .where("doneAt", "is", null)
      .where((where) =>
        where.or([where("sentAt", "is", null), where("sentAt", "<", secondsAfter(now, -RESEND_SECONDS))]),
      )
      .orderBy("id")
      .limit(100)
      .execute();
    for (const row of rows) {
      const delaySeconds = Effects.delaySecondsOf(row, now);
      await this.#plane.jobs.send(Effects.queueOf(row), { ...Effects.payloadOf(row), outboxId: row.id }, delaySeconds);
      await this.db.updateTable("outbox").set({ sentAt: now }).where("id", "=", row.id).execute();
    }
    return rows.length;
  }

  /** Whether an effect is recorded as having happened. */
  async isSettled(outboxId: string): Promise<boolean> {
    const row = await this.db.selectFrom("outbox").select("doneAt").where("id", "=", outboxId).executeTakeFirst();
    return row === undefined || row.doneAt !== null;
  }

  /** Records that an effect has happened. */
  async settle(outboxId: string): Promise<void> {
    await this.db
      .updateTable("outbox")
      .set({ doneAt: this.clock.now() })
      .where("id", "=", outboxId)
      .where("doneAt", "is", null)
      .execute();
  }

  /** Key for one purpose and subject. */
  async key(purpose: string, subject: string): Promise<Uint8Array> {
    return deriveKey(await this.#plane.masterKey(), purpose, subject);
  }
}
