import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inSources } from "./stack-traces.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-stack-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a stack of a bundle names the source's own file, line and column", async () => {
  const source = join(folder, "source.ts");
  await writeFile(source, "// One.\n// Two.\nexport function fail(): never {\n  throw new Error('meant');\n}\n");
  const outfile = join(folder, "bundle.mjs");
  const options = { bundle: true, minify: true, format: "esm", sourcemap: true, sourcesContent: false } as const;
  await build({ ...options, entryPoints: [source], outfile });
  const { href } = pathToFileURL(outfile);
  expect(inSources(`    at a (${href}:1:30)\n    at b (${href}:1:9999)`)).toMatch(/source\.ts:4:\d+\)\n/);
});

test("what has no map, and what is no file, stays as it is", () => {
  const stack = "    at a (file:///nowhere/at-all.mjs:1:2)\n    at node:internal/modules/run_main:36:49";
  expect(inSources(stack)).toBe(stack);
});
