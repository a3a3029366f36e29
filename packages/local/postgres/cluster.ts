import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DomainError } from "@pharmasight/core/kernel/errors";
import * as z from "zod";
import { freePort, isFree } from "../ports.ts";
import { type Account, exists, postgresAccount, requireEntry } from "./account.ts";
import { type Binaries, postgresBinaries } from "./binaries.ts";
import { until } from "./processes.ts";
import { repairDataFolder, stopServer } from "./recovery.ts";
import { watchOver } from "./watcher.ts";

export interface Cluster {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly superuser: { readonly user: string; readonly password: string };
  /** Ends every connection and stops the server. A second call does nothing. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Absolute. Made when missing; its parent gets the log and, when needed, a copy of the programs. */
  readonly dataDir: string;
  /** For a new cluster only: by default a free one. A cluster keeps its port for its life. */
  readonly port?: number;
  /**
   * For tests: nothing is synced, and the data is in shared memory where that has room. It is gone after `stop`.
   */
  readonly inMemory?: boolean;
  readonly log: (line: string) => void;
}

const START_TIMEOUT_MS = 60_000;
const SHARED_MEMORY = "/dev/shm";
const SHARED_MEMORY_NEEDED_BYTES = 512 * 1024 * 1024;
const LOG_KEPT_BYTES = 5 * 1024 * 1024;
const SUPERUSER = "postgres";

/** What the cluster keeps about itself, inside its data folder. */
const ownSchema = z.object({ port: z.number().int(), password: z.string() });
const OWN_FILE = "pharmasight.json";

/**
 * Starts a Postgres server on `dataDir`, which is initialised when new and repaired when an earlier run died. The server
 * listens on loopback only, survives Ctrl-C in the terminal until `stop`, and does not outlive this process.
 * @throws DomainError in one sentence: folder not reachable, port taken, server does not start (with its last words)
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { log } = options;
  const parent = dirname(options.dataDir);
  await mkdir(parent, { recursive: true });
  const account = await postgresAccount();
  const temporary = options.inMemory ? await memoryFolder(account) : undefined;
  const dataDir = temporary === undefined ? options.dataDir : join(temporary, "data");
  try {
    requireEntry(account, dirname(dataDir));
    const binaries = await postgresBinaries(account, parent);
    if (!(await exists(join(dataDir, OWN_FILE)))) {
      log("Making a new database cluster.");
      await initialise(binaries, account, dataDir, options.port ?? (await freePort()));
    }
    const own = ownSchema.parse(JSON.parse(await readFile(join(dataDir, OWN_FILE), "utf8")));
    await repairDataFolder(dataDir, log);
    if (!(await isFree(own.port))) throw portTaken(own.port);
    const logFile = join(parent, "postgres.log");
    const stop = await start({ binaries, account, dataDir, port: own.port, logFile, temporary, options });
    return { host: "127.0.0.1", port: own.port, superuser: { user: SUPERUSER, password: own.password }, stop };
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function memoryFolder(account: Account): Promise<string | undefined> {
  const space = await statfs(SHARED_MEMORY).catch(() => undefined);
  if (!space || space.bavail * space.bsize < SHARED_MEMORY_NEEDED_BYTES) return undefined;
  const folder = await mkdtemp(join(SHARED_MEMORY, "pharmasight-"));
  await give(folder, account);
  return folder;
}

/** Initialises beside the final place and moves the result there: a kill in between leaves no half-made cluster. */
async function initialise(binaries: Binaries, account: Account, dataDir: string, port: number): Promise<void> {
  const draft = `${dataDir}.new`;
  await rm(draft, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await give(draft, account);
  const password = randomBytes(24).toString("base64url");
  const passwordFile = `${dataDir}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  await give(passwordFile, account);
  try {
    await run(binaries.initdb, account, [
      `--pgdata=${draft}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeFile(join(draft, OWN_FILE), JSON.stringify({ port, password }), { mode: 0o600 });
  await rename(draft, dataDir);
}

interface Start {
  readonly binaries: Binaries;
  readonly account: Account;
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly temporary: string | undefined;
  readonly options: ClusterOptions;
}

/** @returns the function that stops the server */
async function start({ binaries, account, dataDir, port, logFile, temporary, options }: Start) {
  const size = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  const output = await open(logFile, size > LOG_KEPT_BYTES ? "w" : "a");
  const server = spawn(
    binaries.postgres,
    ["-D", dataDir, ...Object.entries(settings(port, options)).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    // A process group of its own: Ctrl-C in the terminal must not stop the database before the rest has drained.
    {
      ...account,
      cwd: "/",
      env: { LC_ALL: "C.UTF-8", TZ: "UTC" },
      stdio: ["ignore", output.fd, output.fd],
      detached: true,
    },
  );
  let gone = false;
  let stopping = false;
  let endWatch = () => {};
  // `error` means that it did not even start; its reason is in the exception below.
  server.once("error", () => {
    gone = true;
  });
  server.once("exit", () => {
    gone = true;
    // At once, before the system gives the number to another process.
    endWatch();
    if (!stopping) options.log(`The database server stopped unexpectedly: ${logFile} says why.`);
  });
  await output.close();
  const { pid } = server;
  if (pid !== undefined) endWatch = watchOver(pid, temporary);
  server.unref();

  const pidFile = join(dataDir, "postmaster.pid");
  // Line 8 is the server's own word for its state; line 1 tells that the file is this server's.
  const ready = async () => {
    const lines = (await readFile(pidFile, "utf8").catch(() => "")).split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  };
  const started = (await until(async () => gone || (await ready()), START_TIMEOUT_MS)) && !gone;
  const stop = async () => {
    stopping = true;
    if (pid !== undefined && !gone) await stopServer(pid, () => gone);
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  if (started) return stop;
  await stop();
  const lastWords = (await readFile(logFile, "utf8")).trim().split("\n").slice(-5).join("\n");
  throw new DomainError("unavailable", `The database server did not start. ${logFile} ends with:\n${lastWords}`);
}

function settings(port: number, options: ClusterOptions): Record<string, string> {
  return {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "500",
    // Without it, the query of a client that was killed runs on.
    client_connection_check_interval: "2s",
    password_encryption: "scram-sha-256",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(options.inMemory ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } : {}),
  };
}

async function run(program: string, account: Account, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, {
    ...account,
    cwd: "/",
    env: { LC_ALL: "C.UTF-8", TZ: "UTC", PATH: process.env.PATH },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  const status = await promise;
  if (status !== 0)
    throw new DomainError("unavailable", `A new database cluster could not be made: ${complaint.trim()}`);
}

async function give(path: string, account: Account): Promise<void> {
  if ("uid" in account && account.uid !== undefined) await chown(path, account.uid, account.gid);
}

const portTaken = (port: number): DomainError =>
  new DomainError(
    "conflict",
    `Port ${port}, which this database keeps because stored connections name it, is taken by another program: ` +
      'stop that program, or run "npm run reset" to begin afresh.',
  );
