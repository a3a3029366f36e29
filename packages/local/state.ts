import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import * as z from "zod";
import { freePort } from "./ports.ts";

/** What has to stay the same over restarts: stored connections contain ports and passwords. */
const stateSchema = z.object({
  version: z.literal(1),
  ports: z.record(z.string(), z.number().int()),
  secrets: z.record(z.string(), z.string()),
});
type State = z.infer<typeof stateSchema>;

/** The one folder that holds everything the local stack remembers. Held by one process at a time. */
export interface StateFolder {
  readonly dir: string;
  path(name: string): string;
  /** A port that was free when first asked for, and the same one for the folder's life. */
  port(name: string): Promise<number>;
  /** Writes a file that only its owner may read, whole or not at all. */
  keep(name: string, text: string): Promise<void>;
  /** 32 random bytes as base64url, the same for the folder's life. */
  secret(name: string): Promise<string>;
  release(): Promise<void>;
}

const STATE_FILE = "state.json";
const LOCK_FILE = "lock";
const PID_FILE = "pid";
const SQLITE_BUSY = 5;

/** The folder that `STATE_DIR` names, by default `.state` at the root of the repository. */
export const defaultStateDir = (root: string): string => resolve(root, process.env.STATE_DIR ?? ".state");

/**
 * Opens the folder, makes it when missing, and locks it.
 * @throws DomainError in one sentence when it cannot be used or another stack runs on it
 */
export async function openState(dir: string): Promise<StateFolder> {
  await prepare(dir);
  const unlock = await lock(dir);
  try {
    return await open(dir, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Deletes the folder and everything in it.
 * @param before runs first, under the folder's lock
 * @throws DomainError when a stack runs on it
 */
export async function removeState(dir: string, before: () => Promise<void>): Promise<void> {
  const unlock = await lock(dir);
  try {
    await before();
    await rm(dir, { recursive: true, force: true });
  } finally {
    unlock();
  }
}

/** True when the folder exists and was made by the local stack. */
export async function isStateFolder(dir: string): Promise<boolean> {
  return (await entries(dir)).includes(STATE_FILE);
}

async function open(dir: string, unlock: () => void): Promise<StateFolder> {
  const file = join(dir, STATE_FILE);
  const state = await load(file);
  // One write at a time: ports and secrets are asked for side by side while the stack starts.
  let last: Promise<unknown> = save(file, state);
  await last;
  const remember = <T extends number | string>(values: Record<string, T>, name: string, make: () => Promise<T>) => {
    const next = last.then(async () => {
      const known = values[name];
      if (known !== undefined) return known;
      const made = await make();
      values[name] = made;
      await save(file, state);
      return made;
    });
    last = next.catch(() => undefined);
    return next;
  };
  return {
    dir,
    path: (name) => join(dir, name),
    keep: (name, text) => replace(join(dir, name), text),
    port: (name) => remember(state.ports, name, () => freePort(new Set(Object.values(state.ports)))),
    secret: (name) => remember(state.secrets, name, async () => randomBytes(32).toString("base64url")),
    release: async () => {
      await last;
      await rm(join(dir, PID_FILE), { force: true });
      unlock();
    },
  };
}

async function prepare(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    const found = await entries(dir);
    if (found.length > 0 && !found.includes(STATE_FILE) && found.some((entry) => entry !== LOCK_FILE)) {
      throw invalidInput(`The folder ${dir} has other files in it: set STATE_DIR to a new or an empty folder.`);
    }
    // Postgres may run as another user and has to pass through; what is secret has a mode of its own.
    await chmod(dir, 0o755);
    const probe = join(dir, `.probe-${process.pid}`);
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError("unavailable", unusable(dir, codeOf(error)), { cause: error });
  }
}

function unusable(dir: string, code: string): string {
  if (code === "EEXIST" || code === "ENOTDIR") {
    return `The state folder ${dir} is a file or below one: set STATE_DIR to a folder.`;
  }
  return `The state folder ${dir} cannot be written (${code}): set STATE_DIR to a folder of yours, or change its owner.`;
}

async function entries(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * SQLite's exclusive file lock: the kernel drops it when its process dies, however it dies, so no lock is ever stale
 * and no process id has to be trusted.
 */
async function lock(dir: string): Promise<() => void> {
  const database = new DatabaseSync(join(dir, LOCK_FILE), { timeout: 0 });
  try {
    database.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    database.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY)) throw error;
    const owner = await readFile(join(dir, PID_FILE), "utf8").catch(() => "unknown");
    throw new DomainError(
      "conflict",
      `The stack already runs on ${dir} (process ${owner}): stop it first, or set STATE_DIR to another folder.`,
      { cause: error },
    );
  }
  await writeFile(join(dir, PID_FILE), String(process.pid));
  return () => database.close();
}

async function load(file: string): Promise<State> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return { version: 1, ports: {}, secrets: {} };
  const parsed = z.string().transform(parseJson).pipe(stateSchema).safeParse(text);
  if (parsed.success) return parsed.data;
  throw invalidInput(`${file} cannot be read any more: run "npm run reset" to begin afresh.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const save = (file: string, state: State): Promise<void> => replace(file, `${JSON.stringify(state, null, 2)}\n`);

/** Whole or not at all: a kill in the middle leaves the old file. */
async function replace(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}`);
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
