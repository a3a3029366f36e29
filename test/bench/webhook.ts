import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { signingSecretsSchema } from "@pharmasight/adapters/hooks-platform";
import { log } from "@pharmasight/adapters/log";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { systemClock } from "@pharmasight/core/kernel/clock";
import { newId } from "@pharmasight/core/kernel/ids";
import { parseSecret } from "@pharmasight/core/ports/secrets";
import type { HttpHandler } from "@pharmasight/functions/http/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import Stripe from "stripe";
import { compareRounds, median, type Result, type Round, timed } from "./report.ts";
import { lambdaContext, type World, withWorld } from "./world.ts";

const ROUNDS = 5;
const RUNS = 300;
/** Two statements more than one that commits by itself, the signature, and a message to the queue. */
const BUDGET = 3;

interface Kept {
  bench_notices: { id: string; payload: unknown };
}

/** Taking a notice of the payment provider in, against one insert that is committed, through the same kind of handler. */
export function webhook(): Promise<Result[]> {
  return withWorld(async (world) => {
    const { handler } = await import("@pharmasight/functions/control/hooks/app");
    const secrets = awsSecrets({});
    const reference = world.stack.env["STRIPE_WEBHOOK_SECRET"] ?? "";
    const { current } = parseSecret(signingSecretsSchema, await secrets.read(reference));
    const host = new URL(world.stack.env["HOOKS_URL"] ?? "").hostname;
    const bare = await bareHandler(world);
    const rounds: Round[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const ours: number[] = [];
      const baseline: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        const event = noticeEvent(host, current);
        const [first, second] = run % 2 === 0 ? [handler, bare] : [bare, handler];
        const times = [await timed(() => succeed(first, event)), await timed(() => succeed(second, event))] as const;
        ours.push(run % 2 === 0 ? times[0] : times[1]);
        baseline.push(run % 2 === 0 ? times[1] : times[0]);
      }
      // The first round opens connections and warms the code.
      if (round > 0) rounds.push({ ours: median(ours), baseline: median(baseline) });
    }
    return [compareRounds("webhook, taken in", rounds, BUDGET)];
  });
}

async function bareHandler({ control, stack }: World): Promise<HttpHandler> {
  await control`create table if not exists public.bench_notices (id text primary key, payload jsonb not null)`;
  const { host, port, database } = stack.controlDatabase.owner;
  const { db } = openDatabase<Kept>({
    endpoint: { host, port, database },
    credential: async () => stack.cluster.superuser,
    poolSize: 1,
    idleSeconds: 60,
    maxAgeSeconds: 600,
    connectTimeoutMs: 5000,
    queryTimeoutMs: 10_000,
    transactionTimeoutMs: 20_000,
    applicationName: "bench",
    log,
  });
  const app = new Hono();
  app.post("/stripe", async (c) => {
    const payload: unknown = await c.req.json();
    await db
      .withSchema("public")
      .insertInto("bench_notices")
      .values({ id: newId(systemClock), payload })
      .execute();
    return c.json({ outcome: "new" });
  });
  const answer = handle(app);
  return (event, context) =>
    answer(
      {
        ...event,
        body: event.body ?? null,
        cookies: [],
        requestContext: { ...event.requestContext, authentication: null, authorizer: {} },
      },
      context,
    );
}

/** A signed notice of something that nothing follows from but a look at a customer whom nobody knows. */
function noticeEvent(host: string, secret: string): APIGatewayProxyEventV2 {
  const payload = JSON.stringify({
    id: `evt_${newId(systemClock).replaceAll("-", "")}`,
    object: "event",
    api_version: "2026-10-28.endive",
    created: Math.floor(Date.now() / 1000),
    type: "invoice.paid",
    livemode: false,
    data: { object: { id: "in_bench", object: "invoice", customer: "cus_bench" } },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: "/stripe",
    rawQueryString: "",
    headers: { host, "stripe-signature": signature, "content-type": "application/json" },
    requestContext: {
      accountId: "000000000000",
      apiId: "bench",
      domainName: host,
      domainPrefix: "hooks",
      http: { method: "POST", path: "/stripe", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "bench" },
      requestId: "bench",
      routeKey: "$default",
      stage: "$default",
      time: "",
      timeEpoch: 0,
    },
    body: payload,
    isBase64Encoded: false,
  };
}

async function succeed(handler: HttpHandler, event: APIGatewayProxyEventV2): Promise<void> {
  const reply = await handler(event, lambdaContext);
  if (reply.statusCode !== 200) throw new Error(`The notice was answered ${reply.statusCode}: ${reply.body}`);
}
