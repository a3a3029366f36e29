import { systemClock } from "@pharmasight/core/kernel/clock";

/** Timers this long wait for somebody to be gone: an idle connection, the requests on a pool that was closed. */
const LONG_MS = 30_000;

interface LongTimer {
  readonly run: () => void;
  readonly delayMs: number;
  dueAt: number;
  refresh(): LongTimer;
  ref(): LongTimer;
  unref(): LongTimer;
  hasRef(): boolean;
}

/**
 * The time of the process under test. Its one clock runs ahead of the machine's by what was jumped; its long timers run
 * when the jump passes them. Short timers (timeouts of queries, of the AWS SDK) are the machine's own.
 */
export class ProcessTime {
  #aheadMs = 0;
  readonly #timers = new Set<LongTimer>();
  readonly #real = { now: systemClock.now, set: globalThis.setTimeout, clear: globalThis.clearTimeout };

  constructor() {
    const { set, clear } = this.#real;
    const clock = systemClock as { now: () => Date };
    clock.now = () => new Date(this.nowMs());
    const setLong = (run: (...given: unknown[]) => void, delayMs = 0, ...rest: unknown[]) =>
      delayMs >= LONG_MS ? this.#add(run, delayMs) : set(run, delayMs, ...rest);
    globalThis.setTimeout = Object.assign(setLong, set) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: unknown) => {
      if (!this.#timers.delete(timer as LongTimer)) clear(timer as NodeJS.Timeout);
    }) as typeof clearTimeout;
  }

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Time goes by while the process runs. */
  async pass(seconds: number): Promise<void> {
    this.freeze(seconds);
    for (const timer of [...this.#timers]) {
      if (timer.dueAt > this.nowMs()) continue;
      this.#timers.delete(timer);
      timer.run();
    }
    // What the timers began to close is closed.
    await new Promise((resolve) => this.#real.set(resolve, 5));
  }

  /** Lambda froze the process: time went by and no timer ran. */
  freeze(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }

  stop(): void {
    (systemClock as { now: () => Date }).now = this.#real.now;
    globalThis.setTimeout = this.#real.set;
    globalThis.clearTimeout = this.#real.clear;
  }

  #add(run: () => void, delayMs: number): LongTimer {
    const timer: LongTimer = {
      run,
      delayMs,
      dueAt: this.nowMs() + delayMs,
      refresh: () => {
        timer.dueAt = this.nowMs() + delayMs;
        this.#timers.add(timer);
        return timer;
      },
      ref: () => timer,
      unref: () => timer,
      hasRef: () => false,
    };
    this.#timers.add(timer);
    return timer;
  }
}
