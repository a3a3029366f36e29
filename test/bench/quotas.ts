import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { PORTIONS, type Quota } from "@pharmasight/core/tenant/quotas/quota";
import { type Pharmacy, signUp } from "../harness/stack.ts";
import type { Task } from "./quota-process.ts";
import { bound, compare, median, quantile, type Result, timed } from "./report.ts";
import { createItem, getEvent, labelOf, lambdaContext, type World, withWorld } from "./world.ts";

const PROCESSES = 8;
const QUOTA: Quota = { name: "pharmacy", subject: "bench", perMinute: 6000 };
/** Portions of 1, 2, 4 … 64 come to 127: the next one, the largest, has just begun. */
const BEFORE_IDLE = 128;
const ASKED = 400;
const FLOODS = 8;

/** How exact the quota of eight processes is, and what a pharmacy notices of another one that is over its own. */
export function quotas(): Promise<Result[]> {
  return withWorld(async (world) => {
    const quiet = await signUp(world.stack, "bench-quiet");
    const noisy = await signUp(world.stack, "bench-noisy");
    return [...(await exactness(quiet)), await neighbour(world, quiet, noisy)];
  });
}

async function exactness(pharmacy: Pharmacy): Promise<Result[]> {
  const { endpoint, app } = await credentialsOf(pharmacy);
  const task = { endpoint, app, quota: QUOTA, requests: QUOTA.perMinute };
  const equally = await run(Array.from({ length: PROCESSES }, () => ({ ...task, at: "2026-11-24T08:00:00Z" })));
  // All but one send a few and fall idle in the middle of a portion.
  const unequally = await run([
    ...Array.from({ length: PROCESSES - 1 }, () => ({ ...task, requests: BEFORE_IDLE, at: "2026-11-24T08:10:00Z" })),
    { ...task, at: "2026-11-24T08:10:00Z" },
  ]);
  const missing = (QUOTA.perMinute - unequally) / QUOTA.perMinute;
  console.log(
    `let through of ${QUOTA.perMinute}: ${equally} by ${PROCESSES} busy processes, ${unequally} by one and idle ones`,
  );
  return [
    bound(`quota, let through by ${PROCESSES} processes`, equally, QUOTA.perMinute, QUOTA.perMinute),
    bound(`quota, part refused early beside ${PROCESSES - 1} idle processes`, missing, 1, (PROCESSES - 1) / PORTIONS),
  ];
}

/** Starts a process for each task; all begin at once. @returns how many requests they let through together */
async function run(tasks: readonly Task[]): Promise<number> {
  const children = tasks.map(() => fork(fileURLToPath(new URL("./quota-process.ts", import.meta.url))));
  await Promise.all(children.map((child) => once(child, "message")));
  const answers = await Promise.all(children.map((child, index) => ask(child, tasks[index])));
  return answers.reduce((sum, allowed) => sum + allowed, 0);
}

async function ask(child: ChildProcess, task: Task | undefined): Promise<number> {
  const answer = once(child, "message");
  child.send({ ...task });
  const [{ allowed }] = (await answer) as [{ allowed: number }];
  return allowed;
}

/** A pharmacy's request alone, and while another one in the same process sends many times what it may. */
async function neighbour(world: World, quiet: Pharmacy, noisy: Pharmacy): Promise<Result> {
  const { handler } = await import("@pharmasight/functions/tenant/app/app.tsx");
  const quietEvent = getEvent(quiet, world.stack.port, `/api/v1/items/${await createItem(quiet)}`);
  const noisyEvent = getEvent(noisy, world.stack.port, `/api/v1/items/${await createItem(noisy)}`);
  const measure = async (): Promise<number[]> => {
    const times: number[] = [];
    for (let index = 0; index < ASKED; index++) times.push(await timed(() => handler(quietEvent, lambdaContext)));
    return times;
  };
  await measure();
  // The noisy one uses up its minute first, so that what is measured is a pharmacy that is being refused.
  let refused = 0;
  const flood = async (): Promise<void> => {
    if ((await handler(noisyEvent, lambdaContext)).statusCode === 429) refused += 1;
    // As far apart as requests of a network are: one process answers nobody else while it computes.
    await new Promise((resolve) => setImmediate(resolve));
  };
  while (refused === 0) await flood();
  const alone = await measure();
  let isOver = false;
  const floods = Array.from({ length: FLOODS }, async () => {
    while (!isOver) await flood();
  });
  const beside = await measure();
  isOver = true;
  await Promise.all(floods);
  console.log(
    `beside a pharmacy that was refused ${refused} times: p95 ${quantile(beside, 0.95).toFixed(2)} ms, alone ${quantile(alone, 0.95).toFixed(2)} ms`,
  );
  return compare(`request beside ${FLOODS} floods of a refused pharmacy`, median(beside), median(alone), FLOODS + 1);
}

async function credentialsOf(pharmacy: Pharmacy) {
  const { tenancy } = await tenantPlatform();
  const found = await tenancy.openTenants.findByHost(labelOf(pharmacy));
  const secret = JSON.parse(await awsSecrets({}).read(found?.entry.appSecretArn ?? "")) as {
    pooled: Task["endpoint"];
    app: Task["app"];
  };
  return { endpoint: secret.pooled, app: secret.app };
}
