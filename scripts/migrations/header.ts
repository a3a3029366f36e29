import type { Script } from "./sql.ts";

/** The options in the comments at the top of a file: `-- @name value`. */

interface Option {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface MigrationOptions {
  readonly phase: "expand" | "contract";
  readonly codeKnows: number | undefined;
  readonly isTransactional: boolean;
  readonly isBackfill: boolean;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Reason by rule of the lint. */
  readonly waivers: ReadonlyMap<string, string>;
}

const MIGRATION_OPTIONS = [
  "phase",
  "code-knows",
  "transaction",
  "lock-timeout",
  "statement-timeout",
  "backfill",
  "waive",
] as const;

/** Whoever waits for a lock makes everybody behind it wait. */
const LOCK_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MAX_MS = 30_000;
const STATEMENT_TIMEOUT_MS = 45_000;
/** What runs outside a transaction blocks nobody while it waits and while it works. */
const LONG_STATEMENT_TIMEOUT_MS = 30 * 60_000;
const TIMEOUT_MAX_MS = 24 * 3_600_000;

const OPTION = /^--[ \t]*@([\w-]+)[ \t]*(.*)$/;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000 };

/** @throws Error with file and line for an option that is unknown, in the wrong place or contradicts another */
export function readMigrationOptions(script: Script): MigrationOptions {
  const options = readOptions(script, MIGRATION_OPTIONS);
  const fail = (message: string): never => {
    throw new Error(`${script.path}: ${message}`);
  };
  const one = (name: (typeof MIGRATION_OPTIONS)[number]): Option | undefined => {
    const [first, second] = options.filter((option) => option.name === name);
    if (second !== undefined) fail(`has @${name} twice; keep one.`);
    return first;
  };
  const phase = choice(script, one("phase"), ["expand", "contract"]) ?? "expand";
  const isTransactional = choice(script, one("transaction"), ["none"]) === undefined;
  const backfill = one("backfill");
  if (backfill !== undefined && backfill.value !== "") refuse(script, backfill, "takes no value");
  const isBackfill = backfill !== undefined;
  if (isBackfill && !isTransactional) {
    fail("@backfill and @transaction none contradict: every batch is a transaction. Take one away.");
  }
  if (isBackfill && phase === "contract") {
    fail("@backfill and @phase contract contradict: rows are moved before the old shape goes. Write two migrations.");
  }
  const codeKnows = readCodeKnows(script, one("code-knows"));
  if (phase === "contract" && codeKnows === undefined) {
    fail(
      "a contract needs @code-knows with the schema version that all running code must know, e.g. `-- @code-knows 15`.",
    );
  }
  if (phase === "expand" && codeKnows !== undefined) {
    fail("@code-knows is for contracts: add `-- @phase contract` or take it away.");
  }
  return {
    phase,
    codeKnows,
    isTransactional,
    isBackfill,
    lockTimeoutMs: readLockTimeout(script, one("lock-timeout"), isTransactional),
    statementTimeoutMs:
      readDuration(script, one("statement-timeout"), 1, TIMEOUT_MAX_MS) ??
      (isTransactional ? STATEMENT_TIMEOUT_MS : LONG_STATEMENT_TIMEOUT_MS),
    waivers: readWaivers(script, options),
  };
}

/** @throws Error with the file's name unless exactly one `@reviewed-by` names somebody */
export function readReviewer(script: Script): string {
  const [reviewer, ...others] = readOptions(script, ["reviewed-by"]);
  if (reviewer === undefined || reviewer.value === "" || others.length > 0) {
    throw new Error(`${script.path}: say once who reviewed it, at the top: \`-- @reviewed-by Name\`.`);
  }
  return reviewer.value;
}

/** @throws Error with file and line when the file has an option */
export function refuseOptions(script: Script): void {
  readOptions(script, []);
}

function readOptions(script: Script, known: readonly string[]): Option[] {
  return script.comments.flatMap(({ text, line, isAtTop }) => {
    if (!/^(--|\/\*)\s*@[\w-]/.test(text)) return [];
    const [, name = "", value = ""] = OPTION.exec(text) ?? [];
    const at = `${script.path}:${line}: `;
    if (name === "") throw new Error(`${at}write an option on a line of its own, as \`-- @name value\`.`);
    if (!known.includes(name)) {
      const allowed =
        known.length === 0 ? "options stand in up.sql" : `known are ${known.map((k) => `@${k}`).join(", ")}`;
      throw new Error(`${at}@${name} is no option of this file; ${allowed}.`);
    }
    if (!isAtTop) throw new Error(`${at}@${name} must stand before the first statement.`);
    return [{ name, value: value.trim(), line }];
  });
}

function choice<T extends string>(script: Script, option: Option | undefined, values: readonly T[]): T | undefined {
  if (option === undefined) return undefined;
  return values.find((value) => value === option.value) ?? refuse(script, option, `is ${values.join(" or ")}`);
}

function readCodeKnows(script: Script, option: Option | undefined): number | undefined {
  if (option === undefined) return undefined;
  return /^[1-9]\d{0,3}$/.test(option.value)
    ? Number(option.value)
    : refuse(script, option, "is the number of a migration of tenants");
}

function readLockTimeout(script: Script, option: Option | undefined, isTransactional: boolean): number {
  return isTransactional
    ? (readDuration(script, option, 1, LOCK_TIMEOUT_MAX_MS) ?? LOCK_TIMEOUT_MS)
    : // A lock timeout would end an index that is built concurrently while it waits for others to finish.
      (readDuration(script, option, 0, TIMEOUT_MAX_MS) ?? 0);
}

function readDuration(script: Script, option: Option | undefined, min: number, max: number): number | undefined {
  if (option === undefined) return undefined;
  const [, count = "", unit = ""] = /^(\d{1,9})(ms|s|min)$/.exec(option.value) ?? [];
  const duration = Number(count) * (UNITS[unit] ?? Number.NaN);
  return duration >= min && duration <= max
    ? duration
    : refuse(script, option, `is a time from ${min}ms to ${max / 1_000}s, such as 500ms, 3s or 10min`);
}

function readWaivers(script: Script, options: readonly Option[]): ReadonlyMap<string, string> {
  const waivers = new Map<string, string>();
  for (const option of options.filter(({ name }) => name === "waive")) {
    const [, rule = "", reason = ""] = /^([a-z0-9/-]+):\s*(\S.*)$/.exec(option.value) ?? [];
    if (reason.length < 10) refuse(script, option, "is `rule: reason`, and the reason is a sentence");
    if (waivers.has(rule)) refuse(script, option, `names ${rule} a second time`);
    waivers.set(rule, reason);
  }
  return waivers;
}

function refuse(script: Script, { name, line }: Option, message: string): never {
  throw new Error(`${script.path}:${line}: @${name} ${message}.`);
}
