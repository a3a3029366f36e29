import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MIGRATIONS_ROOT, PLANES, readMigrations, readRepairs } from "./migrations/folders.ts";

/** Puts `migrations/` into modules, because a bundle has no files beside it and no parser in it. */

const generated = (name: string): string =>
  fileURLToPath(new URL(`../packages/adapters/migrations/${name}.generated.ts`, import.meta.url));
export const MIGRATIONS_MODULE = generated("migrations");
export const VERSIONS_MODULE = generated("schema-versions");

const HEAD = "// Generated from migrations/ by `npm run generate`. Do not edit.";

/** The text of the module, the same for the same files. */
export async function renderMigrations(root: string): Promise<string> {
  const planes = await Promise.all(
    PLANES.map(async (plane) => `  ${plane}: ${literal(await readMigrations(root, plane), "  ")},`),
  );
  return [
    HEAD,
    'import type { Migration, Plane, Repair } from "./migration.ts";',
    "",
    "export const migrations: Readonly<Record<Plane, readonly Migration[]>> = {",
    ...planes,
    "};",
    "",
    `export const repairs: readonly Repair[] = ${literal(await readRepairs(root), "")};`,
    "",
  ].join("\n");
}

/** The versions alone: what serves requests asks for them, and should not carry the scripts. */
export async function renderVersions(root: string): Promise<string> {
  const planes = await Promise.all(
    PLANES.map(async (plane) => `  ${plane}: ${(await readMigrations(root, plane)).at(-1)?.version ?? 0},`),
  );
  return [
    HEAD,
    'import type { Plane } from "./migration.ts";',
    "",
    "/** The version of each plane's schema that this code comes with. */",
    "export const schemaVersions: Readonly<Record<Plane, number>> = {",
    ...planes,
    "};",
    "",
  ].join("\n");
}

/** As JSON, with `undefined`. */
function literal(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return value === undefined ? "undefined" : JSON.stringify(value);
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${literal(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return parts.length === 0
    ? `${open}${close}`
    : `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(MIGRATIONS_MODULE, await renderMigrations(MIGRATIONS_ROOT));
  await writeFile(VERSIONS_MODULE, await renderVersions(MIGRATIONS_ROOT));
}
