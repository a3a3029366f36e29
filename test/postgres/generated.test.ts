import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  MIGRATIONS_MODULE,
  renderMigrations,
  renderVersions,
  VERSIONS_MODULE,
} from "../../scripts/generate-migrations.ts";
import { renderTableModules } from "../../scripts/generate-tables.ts";
import { MIGRATIONS_ROOT } from "../../scripts/migrations/folders.ts";
import { newMigration } from "../../scripts/new-migration.ts";
import { startTestCluster } from "./fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pharmasight-migrations-"));
  await mkdir(join(root, "control"));
  await mkdir(join(root, "tenant"));
  await mkdir(join(root, "repairs"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeMigration(name: string): Promise<void> {
  const folder = join(root, "tenant", name);
  await mkdir(folder);
  for (const script of ["up", "down", "verify"]) await writeFile(join(folder, `${script}.sql`), "select 1");
}

const STALE = 'stale: run "npm run generate"';

test("the bundled migrations are those of migrations/", async () => {
  expect(await readFile(MIGRATIONS_MODULE, "utf8"), STALE).toBe(await renderMigrations(MIGRATIONS_ROOT));
  expect(await readFile(VERSIONS_MODULE, "utf8"), STALE).toBe(await renderVersions(MIGRATIONS_ROOT));
});

test("the row types are those of the migrated databases", async () => {
  const cluster = await startTestCluster();
  try {
    for (const [path, text] of await renderTableModules(cluster)) {
      expect(await readFile(path, "utf8"), `${path} is ${STALE}`).toBe(text);
    }
  } finally {
    await cluster.stop();
  }
});

test("a new migration gets the next number and its three files, and must be written before it is bundled", async () => {
  await writeMigration("0001_first");
  const folder = await newMigration(root, ["new", "tenant", "add_suppliers"]);
  expect(folder).toBe(join(root, "tenant", "0002_add_suppliers"));
  expect((await readdir(folder)).sort()).toEqual(["down.sql", "up.sql", "verify.sql"]);
  await expect(renderMigrations(root)).rejects.toThrow("0002_add_suppliers");
});

test("a new migration with wrong arguments says how it is called", async () => {
  for (const args of [[], ["new"], ["new", "both", "add_x"], ["new", "tenant", "Add X"], ["old", "tenant", "add_x"]]) {
    await expect(newMigration(root, args)).rejects.toThrow("npm run migration -- new control|tenant");
  }
});
