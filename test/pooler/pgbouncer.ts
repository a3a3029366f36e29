import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, isFree } from "@pharmasight/local/ports";
import { postgresAccount } from "@pharmasight/local/postgres/account";
import type { Cluster } from "@pharmasight/local/postgres/cluster";
import { watchOver } from "@pharmasight/local/postgres/watcher";
import postgres from "postgres";
import { describe, test } from "vitest";
import { eventually } from "../harness/stack.ts";

export interface PgBouncer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** A command of the admin console: `RECONNECT`, `PAUSE`, `SHOW CLIENTS`. */
  console(command: string): Promise<readonly postgres.Row[]>;
  /** Ends it as the kernel would. */
  kill(): Promise<void>;
  /** Starts it again, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const CONSOLE = { user: "console", password: "console" };

/** Where Debian puts it; not every PATH goes there. */
const program = [...(process.env.PATH ?? "").split(":"), "/usr/sbin"]
  .map((folder) => join(folder, "pgbouncer"))
  .find(existsSync);

const MISSING = 'pgbouncer is not installed. On Debian: "apt-get install pgbouncer".';

/** Tests that need the real pooler: left out on a machine without it, one failure on a build server. */
export const describePooled: (name: string, tests: () => void) => void = choose();

function choose() {
  if (program !== undefined) return (name: string, tests: () => void) => describe(name, tests);
  if (process.env.CI !== undefined) {
    return (name: string) =>
      test(name, () => {
        throw new Error(MISSING);
      });
  }
  console.warn(`These tests are left out: ${MISSING}`);
  return (name: string, tests: () => void) => describe.skip(name, tests);
}

/**
 * Debian's PgBouncer before a cluster: transaction mode, one backend per database and role, so that the clients of a
 * role share it. Whoever may sign in to the cluster may sign in here, with the same password.
 */
export async function startPgBouncer(cluster: Cluster): Promise<PgBouncer> {
  if (program === undefined) throw new Error(MISSING);
  const account = await postgresAccount();
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-pgbouncer-"));
  const port = await freePort();
  const files = {
    "pgbouncer.ini": `
[databases]
* = host=${cluster.host} port=${cluster.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 1
max_client_conn = 500
; A login that a pause or a kill cut short counts as a failed one; by default the next would come after 15 seconds.
server_login_retry = 1
auth_type = scram-sha-256
auth_file = ${join(folder, "users.txt")}
auth_user = ${cluster.superuser.user}
auth_query = select usename, passwd from pg_shadow where usename = $1
admin_users = ${CONSOLE.user}
logfile = ${join(folder, "pgbouncer.log")}
`,
    "users.txt": [cluster.superuser, CONSOLE].map(({ user, password }) => `"${user}" "${password}"\n`).join(""),
    "pgbouncer.log": "",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  // It refuses to run as root, as the database server does.
  if ("uid" in account && account.uid !== undefined) {
    for (const path of ["", ...Object.keys(files)]) await chown(join(folder, path), account.uid, account.gid);
  }
  await chmod(folder, 0o700);

  let child: ChildProcess | undefined;
  let endWatch = () => {};
  const start = async () => {
    const started = spawn(program, [join(folder, "pgbouncer.ini")], { ...account, cwd: "/", stdio: "ignore" });
    child = started;
    if (started.pid !== undefined) endWatch = watchOver(started.pid, folder);
    await eventually("the pooler", async () => {
      if (started.exitCode !== null) throw new Error(await readFile(join(folder, "pgbouncer.log"), "utf8"));
      return (await isFree(port)) ? undefined : true;
    });
  };
  const kill = async () => {
    const running = child;
    child = undefined;
    endWatch();
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    host: "127.0.0.1",
    port,
    kill,
    restart: start,
    console: async (command) => {
      const admin = postgres({
        host: "127.0.0.1",
        port,
        database: "pgbouncer",
        ...CONSOLE,
        max: 1,
        fetch_types: false,
      });
      try {
        return await admin.unsafe(command).simple();
      } finally {
        await admin.end();
      }
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
