import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { exists } from "./account.ts";

const run = promisify(execFile);

/** Polls until `condition` holds. @returns false after `timeoutMs` */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already, which is what the signal was for.
  }
}

/** Whether `pid` is a living Postgres server (no zombie, no other program that got the number) on `dataDir`. */
export async function isServerOf(pid: number, dataDir: string): Promise<boolean> {
  if (await exists("/proc/self/stat")) return (await workersOf(dataDir)).includes(pid);
  // Without /proc (macOS) the command line has to tell.
  const { stdout } = await run("ps", ["-o", "state=,args=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return !stdout.trimStart().startsWith("Z") && stdout.includes("postgres") && stdout.includes(dataDir);
}

/** Processes that work on the folder: the server and its children go into it when they start. Linux only, else none. */
export async function workersOf(dataDir: string): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const checked = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(join("/proc", pid, "cwd")).catch(() => undefined);
      if (cwd !== dataDir) return undefined;
      const command = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
      return command.includes("postgres") ? Number(pid) : undefined;
    }),
  );
  return checked.filter((pid) => pid !== undefined);
}
