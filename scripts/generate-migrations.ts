import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Migration, type Plane, tokens } from "@pharmasight/adapters/postgres/migration";

/** Puts `migrations/` into a module of strings, because a bundle has no files beside it. */

export const PLANES: readonly Plane[] = ["control", "tenant"];
export const MIGRATIONS_ROOT = fileURLToPath(new URL("../migrations", import.meta.url));
export const MIGRATIONS_MODULE = fileURLToPath(
  new URL("../packages/adapters/postgres/migrations.generated.ts", import.meta.url),
);

export const VERSIONS_MODULE = fileURLToPath(
  new URL("../packages/adapters/postgres/schema-versions.generated.ts", import.meta.url),
);

const FOLDER = /^(\d{4})_[a-z][a-z0-9_]*$/;
const SCRIPTS = ["up", "down", "verify"] as const;

/** @throws Error that names the folder or file when one is missing, unreadable or out of order */
export async function readMigrations(root: string, plane: Plane): Promise<Migration[]> {
  const folders = (await readdir(join(root, plane))).sort();
  return Promise.all(
    folders.map(async (name, index) => {
      const path = `migrations/${plane}/${name}`;
      const version = Number(FOLDER.exec(name)?.[1]);
      if (Number.isNaN(version))
        throw new Error(`${path}: a migration's name is four digits, "_" and snake_case words`);
      if (version !== index + 1) {
        throw new Error(
          `${path}: its number should be ${formatVersion(index + 1)}, without gaps and without duplicates`,
        );
      }
      const [up, down, verify] = await Promise.all(SCRIPTS.map((script) => readScript(root, plane, name, script)));
      return { version, name, up: up ?? "", down: down ?? "", verify: verify ?? "" };
    }),
  );
}

export const formatVersion = (version: number): string => String(version).padStart(4, "0");

/** The text of the module, the same for the same files. */
export async function renderMigrations(root: string): Promise<string> {
  const planes = await Promise.all(
    PLANES.map(async (plane) => {
      const migrations = await readMigrations(root, plane);
      return `  ${plane}: ${JSON.stringify(migrations, undefined, 2).replaceAll("\n", "\n  ")},`;
    }),
  );
  return [
    "// Generated from migrations/ by `npm run generate`. Do not edit.",
    'import type { Migration, Plane } from "./migration.ts";',
    "",
    "export const migrations: Readonly<Record<Plane, readonly Migration[]>> = {",
    ...planes,
    "};",
    "",
  ].join("\n");
}

/** The versions alone: what serves requests asks for them, and should not carry the scripts. */
export async function renderVersions(root: string): Promise<string> {
  const planes = await Promise.all(
    PLANES.map(async (plane) => `  ${plane}: ${(await readMigrations(root, plane)).at(-1)?.version ?? 0},`),
  );
  return [
    "// Generated from migrations/ by `npm run generate`. Do not edit.",
    'import type { Plane } from "./migration.ts";',
    "",
    "/** The version of each plane's schema that this code comes with. */",
    "export const schemaVersions: Readonly<Record<Plane, number>> = {",
    ...planes,
    "};",
    "",
  ].join("\n");
}

async function readScript(root: string, plane: Plane, name: string, script: string): Promise<string> {
  const path = join(root, plane, name, `${script}.sql`);
  try {
    const text = await readFile(path, "utf8");
    if (tokens(text).length === 0) throw new Error("is empty");
    return text;
  } catch (cause) {
    throw new Error(`migrations/${plane}/${name}/${script}.sql cannot be used: ${String(cause)}`, { cause });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(MIGRATIONS_MODULE, await renderMigrations(MIGRATIONS_ROOT));
  await writeFile(VERSIONS_MODULE, await renderVersions(MIGRATIONS_ROOT));
}
