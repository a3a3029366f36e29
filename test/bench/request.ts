import { readFile } from "node:fs/promises";
import { log } from "@pharmasight/adapters/log";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { itemColumns, itemSchema } from "@pharmasight/core/tenant/items/item";
import type { TenantTables } from "@pharmasight/core/tenant/tables.generated";
import type { HttpHandler } from "@pharmasight/functions/http/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import type { Kysely } from "kysely";
import { eventually, signUp } from "../harness/stack.ts";
import { type Copy, copies } from "./copies.ts";
import { compareRounds, median, quantile, type Result, type Round, timed } from "./report.ts";
import { agreeRequests, createItem, lambdaContext, type World, withWorld } from "./world.ts";

const TENANTS = 200;
const ROUNDS = 5;
/** Of a round: some for each tenant. */
const RUNS = 800;
const COUNTED = 100;

/** One pharmacy's request, and the same one without anything that makes it a pharmacy's. */
interface Pair {
  ours(): Promise<unknown>;
  bare(): Promise<unknown>;
}

/** A warm request of a tenant, and the queries that it costs. */
export function request(): Promise<Result[]> {
  return withWorld(async (world) => {
    const model = await signUp(world.stack, "bench-model");
    const path = `/api/v1/items/${await createItem(model)}`;
    const made = await copies(world, model, TENANTS, path);
    await agreeRequests(world);
    // The very module that the local gateway has loaded: one tenant plane in the process.
    const { handler } = await import("@pharmasight/functions/tenant/app/app.tsx");
    const pairs: Pair[] = [];
    const closers: (() => Promise<void>)[] = [];
    for (const copy of made) {
      const { pair, close } = await pairOf(handler, copy);
      pairs.push(pair);
      closers.push(close);
    }
    const results = [
      await alternate("request, one tenant", pairs.slice(0, 1), 1.15),
      await alternate(`request, ${TENANTS} tenants in turn`, pairs, 1.25),
      await extraQueries(world, pairs[0]),
    ];
    for (const close of closers) await close();
    return results;
  });
}

async function pairOf(handler: HttpHandler, copy: Copy): Promise<{ pair: Pair; close: () => Promise<void> }> {
  const database = await sameDatabase(copy);
  const bare = handle(bareApp(database.db));
  const pair = {
    ours: () => succeed(handler, copy.event),
    bare: () => succeed((given, context) => bare(withNoAuthorizer(given), context), copy.event),
  };
  return { pair, close: () => database.close() };
}

/** The kind of handle that tenants are served with, in a pool of its own. */
async function sameDatabase({ database, credential }: Copy) {
  const { config } = await tenantPlatform();
  return openDatabase<TenantTables>({
    endpoint: database,
    credential: async () => credential,
    poolSize: config.TENANT_POOL_SIZE,
    idleSeconds: config.TENANT_IDLE_SECONDS,
    maxAgeSeconds: 300,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 15_000,
    transactionTimeoutMs: 25_000,
    applicationName: "bench",
    log,
  });
}

function bareApp(db: Kysely<TenantTables>): Hono {
  const app = new Hono();
  app.get("/api/v1/items/:id", async (c) => {
    const row = await db
      .selectFrom("items")
      .select(itemColumns)
      .where("id", "=", c.req.param("id"))
      .where("archivedAt", "is", null)
      .executeTakeFirstOrThrow();
    return c.json(itemSchema.parse(row));
  });
  return app;
}

/** What Hono's adapter wants of an event beyond the type of the real one. */
const withNoAuthorizer = (event: APIGatewayProxyEventV2) => ({
  ...event,
  body: event.body ?? null,
  cookies: event.cookies ?? [],
  requestContext: { ...event.requestContext, authentication: null, authorizer: {} },
});

async function succeed(handler: HttpHandler, event: APIGatewayProxyEventV2): Promise<void> {
  const reply = await handler(event, lambdaContext);
  if (reply.statusCode !== 200) throw new Error(`The request was answered ${reply.statusCode}: ${reply.body}`);
}

/** Rounds in which both sides go by turns, each as often first as second, so that neither has the quieter machine. */
async function alternate(name: string, pairs: readonly Pair[], budget: number): Promise<Result> {
  const rounds: Round[] = [];
  // The first round opens the tenants and warms the code.
  for (let index = 0; index <= ROUNDS; index++) {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const pair = pairs[run % pairs.length];
      if (pair === undefined) break;
      const oursFirst = Math.floor(run / pairs.length) % 2 === 0;
      const first = await timed(oursFirst ? pair.ours : pair.bare);
      const second = await timed(oursFirst ? pair.bare : pair.ours);
      ours.push(oursFirst ? first : second);
      bare.push(oursFirst ? second : first);
    }
    if (index === 0) continue;
    rounds.push({ ours: median(ours), baseline: median(bare) });
    const p95 = `p95 ${quantile(ours, 0.95).toFixed(3)} ms against ${quantile(bare, 0.95).toFixed(3)} ms`;
    console.log(`${name}: median ${median(ours).toFixed(3)} ms against ${median(bare).toFixed(3)} ms, ${p95}`);
  }
  return compareRounds(name, rounds, budget);
}

/**
 * Statements that Postgres itself logs, in all its databases, while requests run. Every few seconds one is due for the
 * session or the registry's counter, so the burst begins just after those and the calmest of three counts.
 */
async function extraQueries(world: World, pair: Pair | undefined): Promise<Result> {
  if (pair === undefined) throw new Error("There is no tenant to ask.");
  const sql = world.control;
  await sql.unsafe("alter system set log_statement = 'all'");
  await sql.unsafe("select pg_reload_conf()");
  await eventually("the logging to begin", async () => {
    const [setting] = await sql`show log_statement`;
    return setting?.["log_statement"] === "all" ? true : undefined;
  });
  const count = async (run: () => Promise<unknown>): Promise<number> => {
    const mark = `mark ${crypto.randomUUID()}`;
    await sql.unsafe(`select '${mark} begin'`);
    for (let index = 0; index < COUNTED; index++) await run();
    await sql.unsafe(`select '${mark} end'`);
    const lines = await eventually("the log of the statements", async () => {
      const text = await readFile(world.postgresLog, "utf8");
      const [, after] = text.split(`${mark} begin`);
      return after?.includes(`${mark} end`) ? after.split(`${mark} end`)[0] : undefined;
    });
    const statements = lines.split("\n").filter((line) => /LOG: +(execute |statement: )/.test(line));
    return statements.length - 1;
  };
  // The setting reaches each server process at its own next command.
  await eventually("the logging of statements", async () => ((await count(pair.bare)) === COUNTED ? true : undefined));
  await count(pair.ours);
  const bursts = [await count(pair.ours), await count(pair.ours), await count(pair.ours)];
  const bare = await count(pair.bare);
  await sql.unsafe("alter system reset log_statement");
  await sql.unsafe("select pg_reload_conf()");
  const extra = Math.min(...bursts) - bare;
  console.log(`statements of ${COUNTED} requests: ${bursts.join(", ")} in three bursts, bare ${bare}`);
  return { name: "extra queries", ours: extra, baseline: 0, ratio: extra / COUNTED, budget: 0, ok: extra === 0 };
}
