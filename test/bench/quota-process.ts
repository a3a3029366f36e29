import { log } from "@pharmasight/adapters/log";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { systemClock } from "@pharmasight/core/kernel/clock";
import { KnownQuotas } from "@pharmasight/core/tenant/quotas/known-quotas";
import type { Quota } from "@pharmasight/core/tenant/quotas/quota";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";

/** One of several processes that count the requests of one pharmacy; started by `quotas.ts` with its task. */
export interface Task {
  readonly endpoint: { readonly host: string; readonly port: number; readonly database: string };
  readonly app: { readonly user: string; readonly password: string };
  readonly quota: Quota;
  readonly requests: number;
  /** ISO 8601: the moment that all processes believe it is. */
  readonly at: string;
}

process.once("message", (task: Task) => void work(task));
process.send?.("ready");

async function work({ endpoint, app, quota, requests, at }: Task): Promise<void> {
  const { db, close } = openDatabase<TenantTables>({
    endpoint,
    credential: async () => app,
    poolSize: 1,
    idleSeconds: 60,
    maxAgeSeconds: 300,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 15_000,
    transactionTimeoutMs: 25_000,
    applicationName: "bench",
    log,
  });
  const quotas = new KnownQuotas();
  const now = new Date(at);
  const startedAt = systemClock.now().getTime();
  let allowed = 0;
  for (let index = 0; index < requests; index++) {
    const { refusal } = await quotas.take(db, [quota], now, async () => new Uint8Array(32));
    if (refusal === undefined) allowed += 1;
  }
  await close();
  process.send?.({ allowed, milliseconds: systemClock.now().getTime() - startedAt });
  process.disconnect();
}
