import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Migration, Plane, Repair } from "@pharmasight/adapters/migrations/migration";
import { type ParsedMigration, parseMigrationFiles, parseRepairFiles } from "./parse.ts";

/** The folders of `migrations/`. */

export const PLANES: readonly Plane[] = ["control", "tenant"];
export const MIGRATIONS_ROOT = fileURLToPath(new URL("../../migrations", import.meta.url));

const MIGRATION_FILES = ["up.sql", "down.sql", "verify.sql"];
const REPAIR_FILES = ["up.sql", "verify.sql"];

export const formatVersion = (version: number): string => String(version).padStart(4, "0");

/** @throws Error that names the folder or file when one is missing, unreadable or out of order, and says what to do */
export async function readMigrations(root: string, plane: Plane): Promise<Migration[]> {
  return (await readParsedMigrations(root, plane)).map(({ migration }) => migration);
}

/** With their trees. @throws Error as `readMigrations` */
export async function readParsedMigrations(root: string, plane: Plane): Promise<ParsedMigration[]> {
  const parsed: ParsedMigration[] = [];
  for (const name of await foldersIn(join(root, plane))) {
    const path = `migrations/${plane}/${name}`;
    const [up = "", down = "", verify = ""] = await readFiles(join(root, plane, name), path, MIGRATION_FILES);
    const next = await parseMigrationFiles(path, { name, up, down, verify });
    requireOrder(path, next.migration, parsed.at(-1)?.migration);
    if (plane === "tenant") requireKnowable(path, next.migration);
    parsed.push(next);
  }
  return parsed;
}

/** In the order of their names. @throws Error that names the folder or file and says what to do */
export async function readRepairs(root: string): Promise<Repair[]> {
  const repairs: Repair[] = [];
  for (const name of await foldersIn(join(root, "repairs"))) {
    if (name === "README.md") continue;
    const path = `migrations/repairs/${name}`;
    const [up = "", verify = ""] = await readFiles(join(root, "repairs", name), path, REPAIR_FILES);
    repairs.push(await parseRepairFiles(path, { name, up, verify }));
  }
  return repairs;
}

async function foldersIn(path: string): Promise<string[]> {
  return (await readdir(path)).filter((name) => !name.startsWith(".")).sort();
}

async function readFiles(folder: string, path: string, names: readonly string[]): Promise<string[]> {
  try {
    const stranger = (await readdir(folder)).find((name) => !names.includes(name));
    if (stranger !== undefined) throw new Error(`${path}/${stranger}: belongs to no migration; take it away.`);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause)
      throw new Error(`${path}: is no folder; make it one with its files.`);
    throw cause;
  }
  return Promise.all(
    names.map(async (name) => {
      try {
        return await readFile(join(folder, name), "utf8");
      } catch (cause) {
        throw new Error(`${path}/${name}: cannot be read (${String(cause)}); every folder has ${names.join(", ")}.`, {
          cause,
        });
      }
    }),
  );
}

function requireOrder(path: string, { version, name }: Migration, previous: Migration | undefined): void {
  const expected = (previous?.version ?? 0) + 1;
  if (version === expected) return;
  const reason =
    version === previous?.version
      ? `${previous.name} has the same number, and the newer of the two is renamed`
      : "numbers have no gaps";
  throw new Error(`${path}: its number should be ${formatVersion(expected)} (not ${name.slice(0, 4)}): ${reason}.`);
}

/** No code knows a version before there is one. */
function requireKnowable(path: string, { version, codeKnows }: Migration): void {
  if (codeKnows === undefined || codeKnows <= version) return;
  throw new Error(
    `${path}/up.sql: @code-knows ${codeKnows} comes after this migration; name ${version} or an earlier one.`,
  );
}
