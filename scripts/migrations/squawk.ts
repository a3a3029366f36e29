import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Plane } from "@pharmasight/adapters/migrations/migration";
import { z } from "zod";
import type { ParsedMigration } from "./parse.ts";
import type { Finding } from "./rules/rule.ts";

/** The rules of squawk (https://squawkhq.com/docs/rules), as findings like our own: one kind of waiver, with a reason. */

const CONFIG = fileURLToPath(new URL("../../.squawk.toml", import.meta.url));
const require = createRequire(import.meta.url);
const SQUAWK = require.resolve("squawk-cli/js/bin/squawk");

const Report = z.array(
  z.object({
    file: z.string(),
    line: z.number(),
    message: z.string(),
    help: z.string().nullable(),
    rule_name: z.string(),
  }),
);

/** Findings in the `up.sql` of each migration. */
export async function squawk(root: string, plane: Plane, migrations: readonly ParsedMigration[]): Promise<Finding[]> {
  const [inside, outside] = await Promise.all(
    [true, false].map((isTransactional) => {
      const files = migrations
        .filter(({ migration }) => migration.isTransactional === isTransactional)
        .map(({ migration }) => join(root, plane, migration.name, "up.sql"));
      return report(files, isTransactional ? ["--assume-in-transaction"] : []);
    }),
  );
  return [...(inside ?? []), ...(outside ?? [])].map(({ file, line, message, help, rule_name }) => ({
    path: join("migrations", plane, file.slice(join(root, plane).length)),
    line: line + 1,
    rule: `squawk/${rule_name}`,
    message: help === null ? message : `${message} ${help}`,
  }));
}

async function report(files: readonly string[], options: readonly string[]): Promise<z.infer<typeof Report>> {
  if (files.length === 0) return [];
  const args = [SQUAWK, "--config", CONFIG, "--reporter", "json", ...options, ...files];
  return Report.parse(JSON.parse(await outputOf(args)));
}

/** Its exit status says that there are findings: what it printed counts. */
async function outputOf(args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    if (!output.startsWith("[")) throw error;
    return output;
  }
}
