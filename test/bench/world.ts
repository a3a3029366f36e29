import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refreshAssets } from "@pharmasight/local/assets";
import { type Stack, startStack } from "@pharmasight/local/stack";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import postgres from "postgres";
import type { Pharmacy } from "../harness/stack.ts";

export interface World {
  readonly stack: Stack;
  /** What Postgres logs. */
  readonly postgresLog: string;
  /** As superuser, past the pooler; ended with the world. */
  connect(database: string): postgres.Sql;
  /** The control database, as superuser. */
  readonly control: postgres.Sql;
  /** Name of a pharmacy's database in the cluster. */
  databaseOf(pharmacy: Pharmacy): Promise<string>;
}

/** Runs `work` on a local stack of its own, with its databases in memory and without the provider's wait. */
export async function withWorld<T>(work: (world: World) => Promise<T>, planPlaces?: string): Promise<T> {
  await refreshAssets(() => {});
  const stateDir = await mkdtemp(join(tmpdir(), "pharmasight-bench-"));
  const stack = await startStack({
    stateDir,
    port: 0,
    inMemory: true,
    projectWaitSeconds: 0,
    planPlaces,
    log: () => {},
  });
  const { host, port, superuser } = stack.cluster;
  const opened: postgres.Sql[] = [];
  const connect = (database: string): postgres.Sql => {
    const sql = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
    opened.push(sql);
    return sql;
  };
  const control = connect(stack.controlDatabase.owner.database);
  const databaseOf = async (pharmacy: Pharmacy): Promise<string> => {
    const [row] = await control`
      select d.project_ref from control.tenant_databases d join control.tenant_hosts h using (tenant_id)
      where h.host = ${labelOf(pharmacy)}`;
    return `project_${row?.["project_ref"]}`;
  };
  try {
    return await work({ stack, postgresLog: join(stateDir, "postgres.log"), connect, control, databaseOf });
  } finally {
    await Promise.all(opened.map((sql) => sql.end()));
    await stack.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

export const labelOf = ({ host }: Pharmacy): string => host.split(".")[0] ?? "";

/** Enough requests a minute for a bench, as an operator would agree them with a pharmacy. */
export async function agreeRequests({ control }: World): Promise<void> {
  await control`update control.tenants set flags = flags || '{"requestsPerMinute": 100000000}'`;
}

/** Adds an item through the API. @returns its id */
export async function createItem({ client, host }: Pharmacy): Promise<string> {
  const body = JSON.stringify({ name: "Paracetamol 500 mg tablets", baseUnit: "tablet", retailPrice: "12.50" });
  const headers = { "content-type": "application/json" };
  const reply = await client.ask(host, "/api/v1/items", { method: "POST", body, headers });
  if (reply.status !== 201) throw new Error(`The item was refused: ${reply.status} ${reply.text}`);
  const { id } = JSON.parse(reply.text) as { id: string };
  return id;
}

/** The event of a GET by the pharmacy's signed-in owner. */
export function getEvent(pharmacy: Pharmacy, port: number, path: string): APIGatewayProxyEventV2 {
  const { host, client } = pharmacy;
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    cookies: [...client.cookies(host)].map(([name, value]) => `${name}=${value}`),
    headers: { host: `${host}:${port}`, accept: "application/json" },
    requestContext: {
      accountId: "000000000000",
      apiId: "bench",
      domainName: host,
      domainPrefix: labelOf(pharmacy),
      http: { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "bench" },
      requestId: "bench",
      routeKey: "$default",
      stage: "$default",
      time: "24/Nov/2026:00:00:00 +0000",
      timeEpoch: 0,
    },
    isBase64Encoded: false,
  };
}

export const lambdaContext = {
  functionName: "bench",
  functionVersion: "$LATEST",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:bench",
  memoryLimitInMB: "1024",
  awsRequestId: "bench",
  logGroupName: "bench",
  logStreamName: "bench",
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 29_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
} satisfies Context;
