import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { functions } from "@pharmasight/functions/manifest";
import { repositoryRoot } from "@pharmasight/local/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { build } from "esbuild";
import { signUp } from "../harness/stack.ts";
import { bundleBytes, synthesise } from "../stacks/synthesis.ts";
import { bound, compareRounds, median, type Result, type Round } from "./report.ts";
import { createItem, getEvent, withWorld } from "./world.ts";

const ROUNDS = 5;
/** Starts of each side in a round. */
const RUNS = 5;
const BUNDLE_MAX_BYTES = 1_500_000;

/** Prints the milliseconds of the import and of the first request: a process of its own has nothing loaded yet. */
const RUNTIME = `
import { readFileSync } from "node:fs";
const [file, eventFile] = process.argv.slice(-2);
const event = JSON.parse(readFileSync(eventFile, "utf8"));
const start = performance.now();
const { handler } = await import(file);
const loaded = performance.now();
const reply = await handler(event, { awsRequestId: "bench", getRemainingTimeInMillis: () => 29000 });
const done = performance.now();
if (reply.statusCode !== 200) throw new Error(reply.statusCode + " " + reply.body);
process.stdout.write("\\n" + JSON.stringify([loaded - start, done - loaded]), () => process.exit(0));
`;

/** Import and first request of the tenant's function in a new process, against a bare function built the same way. */
export function coldStart(): Promise<Result[]> {
  return withWorld(async ({ stack, databaseOf }) => {
    const pharmacy = await signUp(stack, "bench");
    const event = getEvent(pharmacy, stack.port, `/api/v1/items/${await createItem(pharmacy)}`);
    const { host, port, superuser } = stack.cluster;
    const url = `postgres://${superuser.user}:${superuser.password}@${host}:${port}/${await databaseOf(pharmacy)}`;
    const folder = await mkdtemp(join(tmpdir(), "pharmasight-bench-bundles-"));
    // SST asks no account of whoever runs tests.
    process.env["NODE_ENV"] ??= "test";
    const synthesis = await synthesise();
    try {
      const eventFile = join(folder, "event.json");
      await writeFile(eventFile, JSON.stringify(withNoAuthorizer(event)));
      const bundle = synthesis.bundleOf(functions.tenantApp);
      const bare = await bareBundle(join(folder, "bare.mjs"));
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const oursMs: number[][] = [];
        const bareMs: number[][] = [];
        for (let run = 0; run < RUNS; run++) {
          oursMs.push(await start(bundle.file, eventFile, stack.env));
          bareMs.push(await start(bare, eventFile, { BENCH_DATABASE_URL: url }));
        }
        console.log(`ours: ${parts(oursMs)}; bare: ${parts(bareMs)}`);
        rounds.push({ ours: median(oursMs.map(total)), baseline: median(bareMs.map(total)) });
      }
      return [
        compareRounds("cold start", rounds, 2),
        bound("bundle bytes", bundleBytes(bundle), (await stat(bare)).size, BUNDLE_MAX_BYTES),
      ];
    } finally {
      await Promise.all([synthesis.remove(), rm(folder, { recursive: true, force: true })]);
    }
  });
}

/** As SST builds a function of this repository, which has no bare one. */
async function bareBundle(outfile: string): Promise<string> {
  await build({
    entryPoints: [join(repositoryRoot, "test/bench/bare-function.ts")],
    outfile,
    bundle: true,
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    banner: { js: `import { createRequire } from "module"; const require = createRequire(import.meta.url);` },
    logLevel: "error",
  });
  return outfile;
}

async function start(file: string, eventFile: string, env: Readonly<Record<string, string>>): Promise<number[]> {
  const args = ["--input-type=module", "--eval", RUNTIME, "--", file, eventFile];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env } });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as number[];
}

/** What Hono's adapter wants of an event. */
const withNoAuthorizer = (event: APIGatewayProxyEventV2) => ({ ...event, body: null });

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const parts = (runs: readonly number[][]): string =>
  `import ${median(runs.map(([load = 0]) => load)).toFixed(1)} ms, first request ${median(runs.map(([, first = 0]) => first)).toFixed(1)} ms`;
