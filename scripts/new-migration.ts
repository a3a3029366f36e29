import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatVersion, MIGRATIONS_ROOT, PLANES, readMigrations } from "./generate-migrations.ts";

/** `npm run migration -- new tenant add_suppliers` makes the next numbered folder with its three files. */

const USAGE = `Usage: npm run migration -- new ${PLANES.join("|")} name_in_snake_case`;

/** @returns the folder. @throws Error that says what is wrong with the arguments or with the existing migrations */
export async function newMigration(root: string, [command, planeName, name]: readonly string[]): Promise<string> {
  const plane = PLANES.find((candidate) => candidate === planeName);
  if (command !== "new" || plane === undefined || !/^[a-z][a-z0-9_]{2,50}$/.test(name ?? "")) throw new Error(USAGE);
  const last = (await readMigrations(root, plane)).at(-1)?.version ?? 0;
  const folder = join(root, plane, `${formatVersion(last + 1)}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, "up.sql"), "-- What changes, and why.\n");
  await writeFile(join(folder, "down.sql"), "-- Takes up.sql back.\n");
  await writeFile(join(folder, "verify.sql"), "-- Raises an error when up.sql has not done what it promises.\n");
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(`Write ${await newMigration(MIGRATIONS_ROOT, process.argv.slice(2))}, then run "npm run generate".`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
