import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

/*
 * `npm run test:isolation -- [--runs N] [--seed S] [--path P]`: the model of test/isolation/model for as long as wanted. A
 * failure prints the line that brings it back.
 */
const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, path: { type: "string" } },
});
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
Object.assign(process.env, { WALLS_RUNS: values.runs ?? "100", WALLS_SEED: seed });
if (values.path !== undefined) Object.assign(process.env, { WALLS_PATH: values.path });
process.stdout.write(`seed ${seed}\n`);
await startVitest("test", ["test/isolation/walls.test.ts"], { watch: false });
