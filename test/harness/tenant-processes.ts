import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pharmasight/local/stack";
import postgres from "postgres";
import { Client, type Reply } from "./client.ts";
import type { Pharmacy } from "./stack.ts";
import type { TenantProcessJump, TenantProcessReady } from "./tenant-process.ts";

/** A process of the tenant plane beside those of a stack. */
export interface TenantProcess {
  readonly pid: number;
  /** A GET by the pharmacy's signed-in owner. @param host another one than the pharmacy's own */
  get(pharmacy: Pharmacy, path: string, host?: string): Promise<Reply>;
  /** Moves its clock ahead. */
  jump(seconds: number): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** File descriptors that it has open. Linux only. */
  descriptors(): Promise<number>;
  stop(): Promise<void>;
}

/** @param settings instead of the stack's own: `{ TENANT_POOL_SIZE: "3" }` */
export async function startTenantProcess(
  stack: Stack,
  settings: Readonly<Record<string, string>> = {},
): Promise<TenantProcess> {
  const child: ChildProcess = fork(join(import.meta.dirname, "tenant-process.ts"), [], {
    execArgv: ["--import", "tsx"],
    env: { PATH: process.env.PATH, LOG_LEVEL: "SILENT", ...stack.env, ...settings },
  });
  const died = once(child, "exit").then(([code]) => {
    throw new Error(`The process ended with ${String(code)}.`);
  });
  died.catch(() => undefined);
  const [ready] = await Promise.race([once(child, "message"), died]);
  const { port } = ready as TenantProcessReady;
  const pid = child.pid ?? 0;
  const client = new Client(port);
  return {
    pid,
    get: ({ host: own, client: owner }, path, host = own) => {
      const cookie = [...owner.cookies(own)].map(([name, value]) => `${name}=${value}`).join("; ");
      return client.ask(host, path, { headers: { cookie } });
    },
    async jump(seconds) {
      const jumped = once(child, "message");
      child.send({ seconds } satisfies TenantProcessJump);
      await Promise.race([jumped, died]);
    },
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    descriptors: async () => (await readdir(`/proc/${pid}/fd`)).length,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** What the control plane holds of a pharmacy, and ways to its database: as superuser, past the pooler. */
export interface Records {
  readonly control: postgres.Sql;
  of(pharmacy: Pharmacy): Promise<{ tenantId: string; database: string; appSecret: string }>;
  connect(database: string): postgres.Sql;
  close(): Promise<void>;
}

export function openRecords({ cluster, controlDatabase }: Stack): Records {
  const opened: postgres.Sql[] = [];
  const connect = (database: string) => {
    const { host, port, superuser } = cluster;
    const sql = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
    opened.push(sql);
    return sql;
  };
  const control = connect(controlDatabase.owner.database);
  return {
    control,
    connect,
    async of({ host }) {
      const [row] = await control`
        select d.tenant_id, d.project_ref, d.app_secret_arn from control.tenant_databases d
        join control.tenant_hosts h using (tenant_id) where h.host = ${host.split(".")[0] ?? ""}`;
      return {
        tenantId: String(row?.["tenant_id"]),
        database: `project_${row?.["project_ref"]}`,
        appSecret: String(row?.["app_secret_arn"]),
      };
    },
    close: async () => {
      await Promise.all(opened.map((sql) => sql.end()));
    },
  };
}
