import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import type { Delivery } from "./dispatcher.ts";
import type { KeptReply } from "./idempotency.ts";
import type { Stored } from "./world.ts";

/** Everything that is kept: what the API shows, and what it does not. */
export interface Kept extends Stored {
  /** See `World.secretOf`. */
  facts: Readonly<Record<string, string>>;
  /** By idempotency key. */
  replies: KeptReply;
  deliveries: Delivery;
  /** One row. */
  account: Account;
}

export interface Account {
  readonly apiKey: string;
  /** How far the stand-in's clock is ahead of the one that it was given. */
  readonly offsetSeconds: number;
}

const ACCOUNT = "account";
const HEADER = JSON.stringify({ standIn: "stripe", version: 1 });
const line = z.array(z.tuple([z.string(), z.string(), z.unknown()]));

type Tables = { readonly [K in keyof Kept]: Map<string, Kept[K]> };

/**
 * The stand-in's memory: a file with one line for each request that changed something, written before its reply. A line
 * that a crash cut off is as if the request had never come. Opening the file writes it anew with only what is left.
 */
export class Memory {
  readonly #file: string;
  readonly #tables: Tables = emptyTables();
  #written: [string, string, unknown][] = [];
  #undo: (() => void)[] = [];

  /** @throws Error when the file exists but was not written by this version of the stand-in */
  constructor(file: string, initial: Account) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.#read();
    if (this.find("account", ACCOUNT) === undefined) this.put("account", ACCOUNT, initial);
    this.#forgetChanges();
    this.#compact();
  }

  account(): Account {
    const account = this.find("account", ACCOUNT);
    if (account === undefined) throw new Error("The stand-in for Stripe has no account.");
    return account;
  }

  changeAccount(change: Partial<Account>): void {
    this.put("account", ACCOUNT, { ...this.account(), ...change });
  }

  /** Oldest first. */
  rows<K extends keyof Kept>(kind: K): readonly Kept[K][] {
    return [...this.#tables[kind].values()];
  }

  find<K extends keyof Kept>(kind: K, id: string): Kept[K] | undefined {
    return this.#tables[kind].get(id);
  }

  /** Keeps a frozen copy, as it would be after a trip through JSON. */
  put<K extends keyof Kept>(kind: K, id: string, row: Kept[K]): Kept[K] {
    const table: Map<string, Kept[K]> = this.#tables[kind];
    const before = table.get(id);
    const kept = frozen(structuredClone(row));
    this.#undo.push(() => (before === undefined ? table.delete(id) : table.set(id, before)));
    this.#written.push([kind, id, kept]);
    table.set(id, kept);
    return kept;
  }

  remove<K extends keyof Kept>(kind: K, id: string): void {
    const table: Map<string, Kept[K]> = this.#tables[kind];
    const before = table.get(id);
    if (before === undefined) return;
    this.#undo.push(() => table.set(id, before));
    this.#written.push([kind, id, null]);
    table.delete(id);
  }

  /**
   * Writes down what `run` changes as a whole. When it throws, the changes are undone, unless `keeps` says that this
   * error leaves them. What was put outside of any attempt stays in either case.
   */
  attempt<T>(run: () => T, keeps: (error: unknown) => boolean = () => false): T {
    this.#save();
    try {
      const result = run();
      this.#save();
      return result;
    } catch (error) {
      if (keeps(error)) this.#save();
      else this.#takeBack();
      throw error;
    }
  }

  #save(): void {
    if (this.#written.length > 0) appendFileSync(this.#file, `${JSON.stringify(this.#written)}\n`);
    this.#forgetChanges();
  }

  #takeBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#forgetChanges();
  }

  #forgetChanges(): void {
    this.#written = [];
    this.#undo = [];
  }

  #read(): void {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
    // What follows the last line end is a line that a crash cut off, or nothing.
    const [header, ...lines] = text.split("\n").slice(0, -1);
    try {
      if (header !== HEADER) throw new Error("The first line is not the one of this version.");
      for (const text of lines) {
        for (const [kind, id, row] of line.parse(JSON.parse(text))) this.#restore(kind, id, row);
      }
    } catch (error) {
      throw new Error(`${this.#file} is not readable as the state of a stand-in: delete it to start without.`, {
        cause: error,
      });
    }
  }

  #restore(kind: string, id: string, row: unknown): void {
    if (!isKind(kind)) throw new Error(`Nothing of the kind ${kind} is kept.`);
    if (row === null) this.#tables[kind].delete(id);
    else this.#set(kind, id, row);
  }

  #set<K extends keyof Kept>(kind: K, id: string, row: unknown): void {
    const table: Map<string, Kept[K]> = this.#tables[kind];
    table.set(id, frozen(z.custom<Kept[K]>((value) => typeof value === "object").parse(row)));
  }

  #compact(): void {
    const rows = Object.entries(this.#tables).flatMap(([kind, table]) =>
      [...table].map(([id, row]) => JSON.stringify([[kind, id, row]])),
    );
    const next = `${this.#file}.next`;
    writeFileSync(next, `${[HEADER, ...rows].join("\n")}\n`, { mode: 0o600 });
    // `mode` does nothing to a file that an earlier crash left behind.
    chmodSync(next, 0o600);
    renameSync(next, this.#file);
  }
}

function emptyTables(): Tables {
  return {
    customers: new Map(),
    taxIds: new Map(),
    paymentMethods: new Map(),
    products: new Map(),
    prices: new Map(),
    coupons: new Map(),
    promotionCodes: new Map(),
    discounts: new Map(),
    webhookEndpoints: new Map(),
    portalConfigurations: new Map(),
    subscriptions: new Map(),
    subscriptionItems: new Map(),
    schedules: new Map(),
    invoices: new Map(),
    invoiceItems: new Map(),
    invoicePayments: new Map(),
    paymentIntents: new Map(),
    setupIntents: new Map(),
    charges: new Map(),
    refunds: new Map(),
    creditNotes: new Map(),
    disputes: new Map(),
    checkoutSessions: new Map(),
    portalSessions: new Map(),
    events: new Map(),
    facts: new Map(),
    replies: new Map(),
    deliveries: new Map(),
    account: new Map(),
  };
}

const isKind = (kind: string): kind is keyof Kept => kind in emptyTables();

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
