import type { Kysely } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { RateLimits } from "../kernel/rate-limits.ts";
import { deriveKey } from "../kernel/tokens.ts";
import type { Effect } from "../ports/effects.ts";
import type { Jobs } from "../ports/jobs.ts";
import { Outbox } from "../ports/outbox.ts";
import type { ControlTables } from "./tables.generated.ts";

export type ControlActor =
  | { readonly kind: "visitor"; readonly sourceIp: string; readonly requestId: string }
  /** Somebody of PharmaSight, by the console or the command line. */
  | { readonly kind: "operator"; readonly operatorId: string }
  /** One of a pharmacy's own people, who was let in at its address. */
  | {
      readonly kind: "member";
      readonly tenantId: string;
      readonly userId: string;
      readonly name: string;
      readonly sourceIp: string;
      readonly requestId: string;
    }
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
  /** Limits that all processes share. */
  readonly limits: RateLimits;
  readonly #plane: ControlPlane;
  readonly #outbox: Outbox;
  readonly #emitted: { any: boolean } | undefined;
  readonly #postponed: { any: boolean } | undefined;

  /**
   * @param emitted of a scope inside a transaction: whether it has recorded an effect
   * @param postponed of a scope that relays later: whether there is anything to relay
   */
  constructor(plane: ControlPlane, actor: ControlActor, emitted?: { any: boolean }, postponed?: { any: boolean }) {
    this.actor = actor;
    this.db = plane.db;
    this.clock = plane.clock;
    this.log = plane.log;
    this.limits = new RateLimits(plane.db, ["control", "rate_limits"], plane.clock, () =>
      this.key("rate-limits", "control"),
    );
    this.#plane = plane;
    this.#outbox = new Outbox({ ...plane, table: ["control", "outbox"], stamp: {}, resendSeconds: RESEND_SECONDS });
    this.#emitted = emitted;
    this.#postponed = postponed;
  }

  /** Runs `run` in one transaction (joining one that is open) and relays its effects right after the commit. */
  async tx<R>(run: (tx: ControlScope) => Promise<R>): Promise<R> {
    if (this.#emitted !== undefined) return run(this);
    const emitted = { any: false };
    const result = await this.db
      .transaction()
      .execute((db) => run(new ControlScope({ ...this.#plane, db }, this.actor, emitted)));
    if (emitted.any && this.#postponed !== undefined) this.#postponed.any = true;
    else if (emitted.any) await this.#tryToRelay();
    return result;
  }

  /**
   * Runs `run`, and relays the effects of all its transactions after it: for transactions that come one upon another,
   * where the next should not wait for the queue.
   */
  async relayingAfter<R>(run: (scope: ControlScope) => Promise<R>): Promise<R> {
    const postponed = { any: false };
    try {
      return await run(new ControlScope(this.#plane, this.actor, undefined, postponed));
    } finally {
      if (postponed.any) await this.#tryToRelay();
    }
  }

  /** Records an effect of this transaction. The same `dedupeKey` again is the same effect. */
  async emit(effect: Effect): Promise<void> {
    if (this.#emitted === undefined) throw new Error("emit belongs inside tx: an effect commits with its change");
    await this.#outbox.add(effect);
    this.#emitted.any = true;
  }

  /**
   * Sends what was recorded and not sent, and again what was sent long ago without its effect being recorded. Sending
   * twice is harmless: a message is a hint. @returns how many were sent
   */
  relay(): Promise<number> {
    return this.#outbox.relay();
  }

  /** What cannot be sent now is left to the sweep. */
  async #tryToRelay(): Promise<void> {
    await this.relay().catch((error: unknown) => this.log.warn("relay postponed", { error: String(error) }));
  }

  /** Whether an effect is recorded as having happened. */
  isSettled(outboxId: string): Promise<boolean> {
    return this.#outbox.isSettled(outboxId);
  }

  /** Records that an effect has happened. @returns false when somebody had recorded it before */
  settle(outboxId: string): Promise<boolean> {
    return this.#outbox.settle(outboxId);
  }

  /** Key for one purpose and subject. */
  async key(purpose: string, subject: string): Promise<Uint8Array> {
    return deriveKey(await this.#plane.masterKey(), purpose, subject);
  }
}
