import { readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { exists } from "./account.ts";
import { isServerOf, signal, until, workersOf } from "./processes.ts";

/** How long a server gets to write its data and go, before it is told again less politely. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * Makes the data folder startable after whatever happened before: stops the server that a killed run left behind, and
 * deletes a pid file that belongs to nobody (Postgres refuses to start when its number is now another program's).
 * @throws DomainError when an earlier server does not go
 */
export async function repairDataFolder(dataDir: string, log: (line: string) => void): Promise<void> {
  const pidFile = join(dataDir, "postmaster.pid");
  if (!(await exists(pidFile))) return;
  const folder = await realpath(dataDir);
  const pid = Number((await readFile(pidFile, "utf8")).split("\n")[0]);
  if (Number.isInteger(pid) && pid > 0 && (await isServerOf(pid, folder))) {
    log(`Stopping the database server of an earlier run (process ${pid}).`);
    await stopServer(pid, async () => !(await isServerOf(pid, folder)));
  }
  // Children of a killed server notice that it is gone and follow; until then the memory they share is in use.
  const idle = await until(async () => (await workersOf(folder)).length === 0, STOP_TIMEOUT_MS);
  if (!idle) {
    const left = (await workersOf(folder)).join(", ");
    throw new DomainError("unavailable", `An earlier database server still works on ${dataDir}: end process ${left}.`);
  }
  await rm(pidFile, { force: true });
}

/** Asks a server to stop (fast, then immediate, then killed) until `stopped` holds. */
export async function stopServer(pid: number, stopped: () => boolean | Promise<boolean>): Promise<void> {
  for (const name of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    signal(pid, name);
    if (await until(stopped, STOP_TIMEOUT_MS)) return;
  }
}
