import { MINUTE_SECONDS } from "../../kernel/clock.ts";

/** At most `perMinute` requests of a subject in each minute of the clock, in all processes together. */
export interface Quota {
  /** What the `RateLimit` headers call it. */
  readonly name: "pharmacy" | "api-key" | "network";
  /** Whose requests are counted: a key's id, a network; nothing for the whole pharmacy. */
  readonly subject: string;
  readonly perMinute: number;
}

/** A quota as a response tells of it. */
export interface QuotaState {
  readonly quota: Quota;
  /** Requests that are left, as far as this process knows. */
  readonly remaining: number;
  /** Until the next window. */
  readonly resetSeconds: number;
}

/** A part of a quota that a process asks for. */
export interface Portion {
  readonly size: number;
  /** Start of the window that it counts in, in Unix milliseconds. */
  readonly window: number;
}

export const WINDOW_MS = MINUTE_SECONDS * 1000;

/**
 * The largest portion is the quota divided by this. It bounds what a process that falls idle keeps from the others until
 * the window ends, and says how rarely a busy one waits for the count: once in `perMinute / PORTIONS` requests.
 */
export const PORTIONS = 64;

/**
 * What one process holds of one quota. It never lets more through than it was granted, so all processes together never
 * pass the quota; it may refuse early by what others hold and do not use. Portions begin with one request in each window
 * and double, so each holds at most as many as it has let through, and at most one largest portion.
 */
export class QuotaShare {
  readonly #perMinute: number;
  #window = Number.NEGATIVE_INFINITY;
  #held = 0;
  /** What nobody had taken when this process asked last. */
  #free: number;
  #isSpent = false;
  #next = 1;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#free = perMinute;
  }

  /** Lets one request through, if that needs no further portion. */
  take(now: Date): "allowed" | "refused" | "portion needed" {
    this.#turnTo(windowOf(now));
    if (this.#held > 0) {
      this.#held -= 1;
      return "allowed";
    }
    return this.#isSpent ? "refused" : "portion needed";
  }

  /** What to ask for: smaller while little is free, so that the last requests are shared fairly. */
  portion(now: Date): Portion {
    this.#turnTo(windowOf(now));
    const size = Math.min(this.#next, Math.max(1, Math.ceil(this.#free / PORTIONS)));
    return { size, window: this.#window };
  }

  /**
   * Takes in the answer to having asked for a portion. One of a window that is over says nothing of this one.
   * @param taken what all processes have asked for in its window, this time included
   */
  receive({ size, window }: Portion, taken: number): void {
    if (window !== this.#window) return;
    const before = taken - size;
    const granted = Math.max(0, Math.min(size, this.#perMinute - before));
    this.#held += granted;
    this.#free = Math.max(0, this.#perMinute - taken);
    this.#isSpent = granted < size;
    this.#next = size * 2;
  }

  /** Requests that are left, as far as this process knows. */
  get remaining(): number {
    return this.#held + (this.#isSpent ? 0 : this.#free);
  }

  /** Never back: a request that waited since the window before counts in the present one. */
  #turnTo(window: number): void {
    if (window <= this.#window) return;
    this.#window = window;
    this.#held = 0;
    this.#free = this.#perMinute;
    this.#isSpent = false;
    this.#next = 1;
  }
}

/** Start of the window that `at` is in, in Unix milliseconds. */
export const windowOf = (at: Date): number => Math.floor(at.getTime() / WINDOW_MS) * WINDOW_MS;

/** Whole seconds until the next window: at least one. */
export const secondsToReset = (at: Date): number =>
  Math.max(1, Math.ceil((windowOf(at) + WINDOW_MS - at.getTime()) / 1000));
