import { MINUTE_SECONDS } from "../../kernel/clock.ts";

const MINUTE_MS = MINUTE_SECONDS * 1000;

/** One use, as a request brings it. */
export interface Use {
  readonly module: string;
  /** A call of a program. */
  readonly isCall: boolean;
}

/** What is to be added to a day. */
export interface UsedDay {
  /** `2026-11-24`, of the pharmacy's calendar. */
  readonly day: string;
  readonly apiCalls: number;
  readonly modules: readonly string[];
}

/**
 * What this process has counted of one pharmacy and not written yet. The first use is written at once and the others a
 * minute later, with the next one; what nobody comes after is lost with the process.
 */
export class KnownUsage {
  #pending = new Map<string, { apiCalls: number; readonly modules: Set<string> }>();
  /** The modules that the database has for this day. */
  #written = { day: "", modules: new Set<string>() };
  #writtenAt = Number.NEGATIVE_INFINITY;
  #measured = "";
  #today = { minute: Number.NaN, day: "" };

  /** Counts a use. @returns what is to be written now; nothing while that has time */
  note(use: Use, now: Date, timeZone: string): readonly UsedDay[] {
    this.#count(this.#dayOf(now, timeZone), use);
    if (this.#pending.size === 0 || now.getTime() < this.#writtenAt + MINUTE_MS) return [];
    this.#writtenAt = now.getTime();
    const due = [...this.#pending].map(([day, { apiCalls, modules }]) => ({ day, apiCalls, modules: [...modules] }));
    this.#pending = new Map();
    for (const { day, modules } of due) for (const name of modules) this.#markWritten(day, name);
    return due;
  }

  /** Takes back what could not be written: it is tried with the next. */
  giveBack(days: readonly UsedDay[]): void {
    this.#written = { day: "", modules: new Set() };
    for (const { day, apiCalls, modules } of days) {
      const pending = this.#pendingOf(day);
      pending.apiCalls += apiCalls;
      for (const name of modules) pending.modules.add(name);
    }
  }

  /** Whether it is this process's turn to tell what the month has used: once an hour. */
  beginMeasuring(hour: string): boolean {
    if (this.#measured === hour) return false;
    this.#measured = hour;
    return true;
  }

  #count(day: string, { module, isCall }: Use): void {
    const isWritten = this.#written.day === day && this.#written.modules.has(module);
    if (isWritten && !isCall) return;
    const pending = this.#pendingOf(day);
    if (isCall) pending.apiCalls += 1;
    if (!isWritten) pending.modules.add(module);
  }

  #pendingOf(day: string) {
    const known = this.#pending.get(day);
    if (known !== undefined) return known;
    const pending = { apiCalls: 0, modules: new Set<string>() };
    this.#pending.set(day, pending);
    return pending;
  }

  #markWritten(day: string, module: string): void {
    if (this.#written.day !== day) this.#written = { day, modules: new Set() };
    this.#written.modules.add(module);
  }

  /** Asking the calendar takes longer than counting. Everywhere a day begins on a whole minute. */
  #dayOf(now: Date, timeZone: string): string {
    const minute = Math.floor(now.getTime() / MINUTE_MS);
    if (this.#today.minute !== minute) this.#today = { minute, day: dayIn(now, timeZone) };
    return this.#today.day;
  }
}

/** The day that a zone has at a moment: `2026-11-24`. */
export const dayIn = (at: Date, timeZone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
