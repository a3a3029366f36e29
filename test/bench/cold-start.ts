import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "@pharmasight/local/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { build } from "esbuild";
import { signUp } from "../harness/stack.ts";
import { bound, compare, median, type Result } from "./report.ts";
import { createItem, getEvent, withWorld } from "./world.ts";

const RUNS = 15;
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
    try {
      const eventFile = join(folder, "event.json");
      await writeFile(eventFile, JSON.stringify(withNoAuthorizer(event)));
      const ours = await bundle("packages/functions/tenant/app/app.tsx", join(folder, "ours.mjs"));
      const bare = await bundle("test/bench/bare-function.ts", join(folder, "bare.mjs"));
      const oursMs: number[][] = [];
      const bareMs: number[][] = [];
      for (let run = 0; run < RUNS; run++) {
        oursMs.push(await start(ours, eventFile, stack.env));
        bareMs.push(await start(bare, eventFile, { BENCH_DATABASE_URL: url }));
      }
      console.log(`ours: ${parts(oursMs)}\nbare: ${parts(bareMs)}`);
      const [oursBytes, bareBytes] = [(await stat(ours)).size, (await stat(bare)).size];
      return [
        compare("cold start", median(oursMs.map(total)), median(bareMs.map(total)), 2),
        bound("bundle bytes", oursBytes, bareBytes, BUNDLE_MAX_BYTES),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** As `stacks/functions.ts` has SST build it. */
async function bundle(entry: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [join(repositoryRoot, entry)],
    outfile,
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    banner: { js: `import { createRequire } from "module"; const require = createRequire(import.meta.url);` },
    plugins: [
      {
        name: "only-english-in-zod",
        setup(plugin) {
          plugin.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
            contents: `export { default as en } from "./en.js";`,
          }));
        },
      },
    ],
    logLevel: "error",
  });
  return outfile;
}

async function start(file: string, eventFile: string, env: Readonly<Record<string, string>>): Promise<number[]> {
  const args = ["--enable-source-maps", "--input-type=module", "--eval", RUNTIME, "--", file, eventFile];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env } });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as number[];
}

/** What Hono's adapter wants of an event. */
const withNoAuthorizer = (event: APIGatewayProxyEventV2) => ({ ...event, body: null });

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const parts = (runs: readonly number[][]): string =>
  `import ${median(runs.map(([load = 0]) => load)).toFixed(1)} ms, first request ${median(runs.map(([, first = 0]) => first)).toFixed(1)} ms`;
