import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import type { HttpHandler } from "@pharmasight/functions/http/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { signUp } from "../harness/stack.ts";
import { copies } from "./copies.ts";
import { bound, median, quantile, type Result, timed } from "./report.ts";
import { agreeRequests, createItem, lambdaContext, type World, withWorld } from "./world.ts";

const WORKERS = 20;
const REQUESTS = 20_000;
const SAMPLE_MS = 100;
/** Of Lambda's 1,024, most are for what the process opens itself. */
const DESCRIPTORS_MAX = 400;
const GROWTH_MAX_MIB = 300;
/** Milliseconds, of the API with all tenants open. */
const P95_MAX_MS = 200;
/** One request in so many adds an item; the others read one. */
const WRITES_ONE_IN = 10;

/** What one process holds while it serves far more tenants than it keeps open. */
export const tenants = (count: number) => (): Promise<Result[]> =>
  withWorld(async (world) => {
    const model = await signUp(world.stack, "bench-model");
    const item = await createItem(model);
    const events = (await copies(world, model, count, `/api/v1/items/${item}`)).map(({ event }) => event);
    await agreeRequests(world);
    const { config } = await tenantPlatform();
    const { handler } = await import("@pharmasight/functions/tenant/app/app.tsx");
    // The first ones warm the code, so that what grows afterwards is what tenants cost.
    for (const event of events.slice(0, config.OPEN_TENANTS_MAX)) await succeed(handler, event);
    const open = await load(world, handler, events.slice(0, config.OPEN_TENANTS_MAX));
    const p95 = quantile(open.times, 0.95);
    const before = await sample(world);
    const { times, peak } = await load(world, handler, events);
    const limit = config.OPEN_TENANTS_MAX * config.TENANT_POOL_SIZE + WORKERS;
    console.log(
      `${REQUESTS} requests by ${WORKERS} at once, one in ${WRITES_ONE_IN} a write: to ${config.OPEN_TENANTS_MAX} tenants ${inWords(open.times)}; ` +
        `to ${count} ${inWords(times)}, at most ${peak.backends} backends, ${peak.descriptors} descriptors, ` +
        `${peak.mebibytes.toFixed(0)} MiB (${before.mebibytes.toFixed(0)} before)`,
    );
    return [
      bound(`${config.OPEN_TENANTS_MAX} tenants, p95 in ms`, p95, median(open.times), P95_MAX_MS),
      bound(`${count} tenants, backends`, peak.backends, count, limit),
      bound(`${count} tenants, descriptors`, peak.descriptors, before.descriptors, DESCRIPTORS_MAX),
      bound(`${count} tenants, growth in MiB`, peak.mebibytes - before.mebibytes, before.mebibytes, GROWTH_MAX_MIB),
    ];
  });

const inWords = (times: readonly number[]): string =>
  `median ${median(times).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`;

interface Held {
  readonly backends: number;
  readonly descriptors: number;
  readonly mebibytes: number;
}

async function load(world: World, handler: HttpHandler, events: readonly APIGatewayProxyEventV2[]) {
  const times: number[] = [];
  let peak = await sample(world);
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const now = await sample(world);
      peak = {
        backends: Math.max(peak.backends, now.backends),
        descriptors: Math.max(peak.descriptors, now.descriptors),
        mebibytes: Math.max(peak.mebibytes, now.mebibytes),
      };
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent += 1;
      // Half of the requests go to a twentieth of the tenants, as they do: the rest are asked for once in a while.
      const among = sent % 2 === 0 ? events.length : Math.ceil(events.length / 20);
      const event = events[Math.floor(Math.random() * among)];
      if (event === undefined) continue;
      const asked = sent % WRITES_ONE_IN === 0 ? adding(event, sent) : event;
      times.push(await timed(() => succeed(handler, asked)));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  isOver = true;
  await watching;
  return { times, peak };
}

/** The same person adds an item. */
const adding = (event: APIGatewayProxyEventV2, number: number): APIGatewayProxyEventV2 => ({
  ...event,
  rawPath: "/api/v1/items",
  headers: { ...event.headers, "content-type": "application/json", "sec-fetch-site": "same-origin" },
  requestContext: { ...event.requestContext, http: { ...event.requestContext.http, method: "POST" } },
  body: JSON.stringify({ name: `Bench item ${number} ${randomUUID()}`, baseUnit: "tablet" }),
});

async function sample({ control }: World): Promise<Held> {
  const [row] = await control`
    select count(*)::int as backends from pg_stat_activity where application_name like 'pharmasight-tenant-%'`;
  const descriptors = (await readdir("/proc/self/fd")).length;
  return { backends: Number(row?.["backends"]), descriptors, mebibytes: process.memoryUsage().rss / 2 ** 20 };
}

async function succeed(handler: HttpHandler, event: APIGatewayProxyEventV2): Promise<void> {
  const reply = await handler(event, lambdaContext);
  if (reply.statusCode !== 200 && reply.statusCode !== 201)
    throw new Error(`The request was answered ${reply.statusCode}: ${reply.body}`);
}
