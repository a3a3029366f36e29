import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatVersion, MIGRATIONS_ROOT, PLANES, readMigrations } from "./migrations/folders.ts";

/** `npm run migration -- new tenant add_suppliers` makes the next numbered folder with its three files. */

const USAGE = `Usage: npm run migration -- new ${PLANES.join("|")} name_in_snake_case`;

/** The options have no "@" here: whoever needs one adds it. */
const UP = `-- What changes, and why.
--
-- Options, each on a line of its own above the first statement; put an @ before its name to use it:
--   phase contract           takes away what older code needs; nothing else may be in this file
--   code-knows 15            with a contract: the version of tenants' schema that all running code must know
--   transaction none         each statement on its own: for indexes built concurrently and what else cannot be in one;
--                            every statement must be one that may be repeated
--   lock-timeout 3s          how long a statement may wait for a lock (5s; none outside a transaction)
--   statement-timeout 10min  how long a statement may take (45s; 30min outside a transaction)
--   backfill                 changes rows in batches: one statement with $1::text, where the last batch stopped (null at
--                            first), and $2::integer, how many rows; it selects "cursor" (null at the end) and "rows"
--   waive rule: reason       a rule of \`npm run lint\` that does not hold here, and why
`;

const DOWN = `-- Takes up.sql back: the schema is the same as before it, and rows of before are kept.
`;

const VERIFY = `-- Raises an error when up.sql has not done what it promises, e.g.
-- do $$ begin assert (select ...), 'what should hold'; end $$;
`;

/** @returns the folder. @throws Error that says what is wrong with the arguments or with the existing migrations */
export async function newMigration(root: string, [command, planeName, name]: readonly string[]): Promise<string> {
  const plane = PLANES.find((candidate) => candidate === planeName);
  if (command !== "new" || plane === undefined || !/^[a-z][a-z0-9_]{2,50}$/.test(name ?? "")) throw new Error(USAGE);
  const last = (await readMigrations(root, plane)).at(-1)?.version ?? 0;
  const folder = join(root, plane, `${formatVersion(last + 1)}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, "up.sql"), UP);
  await writeFile(join(folder, "down.sql"), DOWN);
  await writeFile(join(folder, "verify.sql"), VERIFY);
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const folder = await newMigration(MIGRATIONS_ROOT, process.argv.slice(2));
    console.log(`Write ${folder}, then run "npm run generate" and "npm run lint". What holds: docs/migrations.md.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
