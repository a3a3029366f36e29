import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@pharmasight/local/ports";
import { build } from "@pharmasight/views/build";
import postgres from "postgres";
import { eventually, type Pharmacy } from "../harness/stack.ts";
import type { PlatformReady } from "./platform.ts";

/** From a death to the next start: more than any queue hides a message that a dead worker had. */
const DOWN_SECONDS = 400;

/** A whole platform in a process of its own, to be killed and started again on what it remembers. */
export interface Restartable {
  /** Holds the platform's `state` and one line for each mail, of all lives, in `mails`. */
  readonly folder: string;
  start(): Promise<PlatformReady>;
  /** Ends it as the kernel would: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** A pharmacy's database, as superuser; a death takes the connection along. */
  databaseOf(pharmacy: Pharmacy): Promise<postgres.Sql>;
  remove(): Promise<void>;
}

/** @param planPlaces where databases are made; without it, at Supabase */
export async function restartable(downSeconds = DOWN_SECONDS, planPlaces?: string): Promise<Restartable> {
  await build();
  const root = await mkdtemp(join(tmpdir(), "pharmasight-restarted-"));
  // The database server runs as another user and has to pass through.
  await chmod(root, 0o755);
  const port = await freePort();
  let starts = 0;
  let life: { readonly child: ChildProcess; readonly ready: PlatformReady } | undefined;
  const opened: postgres.Sql[] = [];

  function connect(database: string): postgres.Sql {
    if (life === undefined) throw new Error("The platform is not running.");
    const sql = postgres({ ...life.ready.control, database, max: 1, onnotice: () => {} });
    opened.push(sql);
    return sql;
  }

  async function kill(): Promise<void> {
    if (life === undefined) return;
    const { child } = life;
    life = undefined;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    await Promise.all(opened.splice(0).map((sql) => sql.end({ timeout: 0 })));
  }

  return {
    folder: root,
    kill,
    async start() {
      const args = [join(root, "state"), String(port), String(starts * downSeconds), join(root, "mails")];
      if (planPlaces !== undefined) args.push(planPlaces);
      starts += 1;
      const child = fork(join(import.meta.dirname, "platform.ts"), args, { execArgv: ["--import", "tsx"] });
      const died = once(child, "exit").then(([code]) => {
        throw new Error(`The platform did not start: it ended with ${String(code)}.`);
      });
      const [message] = await Promise.race([once(child, "message"), died]);
      died.catch(() => undefined);
      const ready = message as PlatformReady;
      life = { child, ready };
      return ready;
    },
    async databaseOf({ host }) {
      const control = connect(life?.ready.control.database ?? "");
      const [row] = await control`
        select d.project_ref from control.tenant_databases d join control.tenant_hosts h using (tenant_id)
        where h.host = ${host.split(".")[0] ?? ""}`;
      return connect(`project_${row?.["project_ref"]}`);
    },
    async remove() {
      await kill();
      // The database server follows its platform within a moment.
      await eventually("the folder to be free", () =>
        rm(root, { recursive: true, force: true }).then(
          () => true,
          () => undefined,
        ),
      );
    },
  };
}
