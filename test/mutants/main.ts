/**
 * `npm run test:mutants`: plants each bug of `mutants.ts` in a private copy of the tree, one at a time, and runs the
 * tests that have to notice. Ends with an error when a bug lives, or when a run breaks instead of failing: a suite that
 * cannot even be loaded has noticed nothing. First the same tests run without a bug and have to be green.
 *
 *   npm run test:mutants                      all
 *   npm run test:mutants -- --only pool-shared
 *   npm run test:mutants -- --list
 *
 * The last line is the result as JSON. The working tree is never touched.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import * as z from "zod";
import { type Killers, type Mutant, mutants } from "./mutants.ts";

const WORKERS = 2;
/** A run that takes longer hangs, which a planted bug may make it do. */
const RUN_LIMIT_MS = 5 * 60_000;

/** Errors of a source that is no program any more: nobody has noticed anything. */
const NO_PROGRAM =
  /SyntaxError|ReferenceError|Transform failed|Failed to (?:load|resolve)|Cannot find (?:module|package)/;

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

const reportSchema = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(""),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z
            .array(z.string())
            .nullish()
            .transform((messages) => messages ?? []),
        }),
      ),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

type Outcome =
  | { readonly kind: "killed"; readonly by: string }
  | { readonly kind: "lives" }
  | { readonly kind: "broken"; readonly why: string };

const { values: options } = parseArgs({ options: { only: { type: "string" }, list: { type: "boolean" } } });
const chosen = mutants.filter(({ name }) => options.only === undefined || name === options.only);
if (chosen.length === 0) throw new Error(`There is no mutant "${options.only}". --list names them.`);
if (options.list) for (const { name, breaks } of chosen) console.log(`${name.padEnd(32)} ${breaks}`);
else process.exitCode = await score();

async function score(): Promise<number> {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-mutants-"));
  try {
    const trees = await Promise.all(Array.from({ length: WORKERS }, (_, index) => copyTree(join(folder, `${index}`))));
    const broken = (await inTurns(trees, groupsOf(chosen), checkGroup)).filter((line) => line !== undefined);
    for (const line of broken) console.log(line);
    if (broken.length > 0) return 1;
    console.log(`The tests are green without a bug (${seconds()} s). Planting ${chosen.length}.\n`);
    const outcomes = await inTurns(trees, chosen, async (tree, mutant) => {
      const outcome = await plant(tree, mutant);
      console.log(lineOf(mutant, outcome));
      return { name: mutant.name, ...outcome };
    });
    const killed = outcomes.filter(({ kind }) => kind === "killed").length;
    console.log(`\n${killed} of ${chosen.length} killed in ${seconds()} s.`);
    const failed = outcomes.filter(({ kind }) => kind !== "killed").map(({ name }) => name);
    console.log(JSON.stringify({ mutants: chosen.length, killed, failed, seconds: seconds() }));
    return killed === chosen.length ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sources are copied and packages linked; our own packages lead to the copies of their sources. */
async function copyTree(tree: string): Promise<string> {
  const left = new Set(["node_modules", ".git", ".state", ".sst", ".build"]);
  await mkdir(join(tree, "node_modules/@pharmasight"), { recursive: true });
  for (const name of await readdir(root)) {
    if (left.has(name)) continue;
    await cp(join(root, name), join(tree, name), {
      recursive: true,
      filter: (source) => !/\/node_modules(\/|$)|\/screenshots(\/|$)/.test(source.slice(root.length)),
    });
  }
  for (const name of await readdir(join(root, "node_modules"))) {
    if (name !== "@pharmasight" && name !== ".vite" && name !== ".vitest")
      await symlink(join(root, "node_modules", name), join(tree, "node_modules", name));
  }
  for (const name of await readdir(join(root, "packages"))) {
    await symlink(join(tree, "packages", name), join(tree, "node_modules/@pharmasight", name));
    // What npm could not share with the other packages.
    const own = join(root, "packages", name, "node_modules");
    await symlink(own, join(tree, "packages", name, "node_modules"));
  }
  await run(process.execPath, ["--import", "tsx", "packages/views/build.ts"], { cwd: tree });
  return tree;
}

/** The different ways of asking, each once. */
function groupsOf(list: readonly Mutant[]): readonly Killers[] {
  return [...new Map(list.map(({ killers }) => [JSON.stringify(killers), killers])).values()];
}

/** @returns what is wrong with tests that have to be green, if anything */
async function checkGroup(tree: string, killers: Killers): Promise<string | undefined> {
  const report = await runTests(tree, killers);
  const asked = [...killers.files, ...(killers.name === undefined ? [] : [`-t "${killers.name}"`])].join(" ");
  if (typeof report === "string") return `${asked} cannot run: ${report}`;
  const outcome = judge(report);
  if (outcome.kind !== "lives") return `${asked} fails without a bug: ${JSON.stringify(outcome)}`;
  return report.numPassedTests === 0 ? `${asked} names no test.` : undefined;
}

/** Runs one mutant in a tree, which is as before afterwards. */
async function plant(tree: string, { file, find, replacement, killers }: Mutant): Promise<Outcome> {
  const path = join(tree, file);
  const source = await readFile(path, "utf8");
  const [before, after, more] = source.split(find);
  if (before === undefined || after === undefined || more !== undefined)
    return { kind: "broken", why: `its text does not stand exactly once in ${file}` };
  await writeFile(path, before + replacement + after);
  try {
    const report = await runTests(tree, killers);
    return typeof report === "string" ? { kind: "broken", why: report } : judge(report);
  } finally {
    await writeFile(path, source);
  }
}

/** @returns vitest's report, or why there is none */
async function runTests(tree: string, { files, name }: Killers): Promise<Report | string> {
  const output = join(tree, "report.json");
  await rm(output, { force: true });
  const named = name === undefined ? [] : ["-t", name];
  const asked = ["run", "--config", "test/mutants/vitest.config.ts", "--root", ".", "--reporter=json", ...named];
  let said = "";
  await run(process.execPath, ["node_modules/vitest/vitest.mjs", ...asked, `--outputFile=${output}`, ...files], {
    cwd: tree,
    timeout: RUN_LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stderr?: string; message: string }) => {
    said = (error.stderr || error.message).slice(-2000);
  });
  const text = await readFile(output, "utf8").catch(() => undefined);
  return text === undefined ? said : reportSchema.parse(JSON.parse(text));
}

/** A bug is killed by a test that ran and failed. */
function judge({ testResults }: Report): Outcome {
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed === undefined) continue;
    const [why = ""] = failed.failureMessages;
    if (NO_PROGRAM.test(why)) return { kind: "broken", why: why.slice(0, 500) };
    return { kind: "killed", by: failed.fullName };
  }
  const unloaded = testResults.find(({ status }) => status === "failed");
  return unloaded === undefined ? { kind: "lives" } : { kind: "broken", why: unloaded.message.slice(0, 500) };
}

/** Does the work of a list with the trees there are, each taking the next when it is free. */
async function inTurns<T, R>(
  trees: readonly string[],
  list: readonly T[],
  work: (tree: string, one: T) => Promise<R>,
): Promise<readonly R[]> {
  const waiting = list.map((one, index) => ({ one, index }));
  const results = new Map<number, R>();
  await Promise.all(
    trees.map(async (tree) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        results.set(next.index, await work(tree, next.one));
    }),
  );
  return list.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}

function lineOf({ name, breaks }: Mutant, outcome: Outcome): string {
  if (outcome.kind === "killed") return `killed  ${name}\n        ${breaks}\n        by: ${outcome.by}`;
  if (outcome.kind === "lives") return `LIVES   ${name}\n        ${breaks}`;
  return `BROKEN  ${name}\n        ${outcome.why}`;
}
