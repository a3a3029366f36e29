import type { Migration, Repair } from "@pharmasight/adapters/migrations/migration";
import type { ResTarget } from "libpg-query";
import { lossesOf } from "./changes.ts";
import { type MigrationOptions, readMigrationOptions, readReviewer, refuseOptions } from "./header.ts";
import { readScript, type Script } from "./sql.ts";
import { lastName } from "./tree.ts";

/** Reads the files of one migration or repair. Only the generator, the lint and tests need the parser. */

export interface MigrationFiles {
  /** The folder's name: the version in four digits, then words. */
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly verify: string;
}

export interface RepairFiles {
  readonly name: string;
  readonly up: string;
  readonly verify: string;
}

/** A migration with the trees that the lint looks at. */
export interface ParsedMigration {
  readonly migration: Migration;
  readonly up: Script;
  readonly down: Script;
  readonly verify: Script;
  readonly waivers: MigrationOptions["waivers"];
}

const FOLDER = /^(\d{4})_[a-z][a-z0-9_]*$/;
const REPAIR = /^[a-z][a-z0-9_]*$/;

/** @throws Error that names the file and says what to do */
export async function parseMigration(files: MigrationFiles): Promise<Migration> {
  return (await parseMigrationFiles(files.name, files)).migration;
}

/** @param path of the folder, for messages. @throws Error that names the file and says what to do */
export async function parseMigrationFiles(path: string, files: MigrationFiles): Promise<ParsedMigration> {
  const version = Number(FOLDER.exec(files.name)?.[1] ?? 0);
  if (version === 0) {
    throw new Error(
      `${path}: a migration's name is four digits from 0001, "_" and snake_case words; rename the folder.`,
    );
  }
  const up = await readScript(`${path}/up.sql`, files.up);
  const down = await readScript(`${path}/down.sql`, files.down);
  const verify = await readScript(`${path}/verify.sql`, files.verify);
  const { waivers, ...options } = readMigrationOptions(up);
  refuseOptions(down);
  refuseOptions(verify);
  if (options.isBackfill) requireBatch(up);
  for (const script of options.isBackfill ? [down, verify] : [up, down, verify]) refuseParameters(script);
  const migration = {
    version,
    name: files.name,
    checksum: up.checksum,
    ...options,
    losses: lossesOf(down.statements),
    up: up.statements.map(({ text }) => text),
    down: down.statements.map(({ text }) => text),
    verify: verify.text,
  };
  return { migration, up, down, verify, waivers };
}

/** @param path of the folder, for messages. @throws Error that names the file and says what to do */
export async function parseRepairFiles(path: string, files: RepairFiles): Promise<Repair> {
  if (!REPAIR.test(files.name)) throw new Error(`${path}: a repair's name is snake_case words; rename the folder.`);
  const up = await readScript(`${path}/up.sql`, files.up);
  const verify = await readScript(`${path}/verify.sql`, files.verify);
  const reviewedBy = readReviewer(up);
  refuseOptions(verify);
  for (const { tree, line } of up.statements) {
    const isData = "InsertStmt" in tree || "UpdateStmt" in tree || "DeleteStmt" in tree || "SelectStmt" in tree;
    if (!isData || ("SelectStmt" in tree && tree.SelectStmt.intoClause !== undefined)) {
      throw new Error(
        `${up.path}:${line}: a repair selects, inserts, updates and deletes rows; whatever changes the schema is a migration.`,
      );
    }
  }
  for (const script of [up, verify]) refuseParameters(script);
  return {
    name: files.name,
    checksum: up.checksum,
    reviewedBy,
    up: up.statements.map(({ text }) => text),
    verify: verify.text,
  };
}

/** A backfill goes from cursor to cursor: it takes ($1 where it stopped, $2 how many rows) and gives back both. */
function requireBatch({ path, statements }: Script): void {
  const [batch, ...others] = statements;
  const select = batch !== undefined && "SelectStmt" in batch.tree ? batch.tree.SelectStmt : undefined;
  const columns = (select?.targetList ?? []).map((target) => ("ResTarget" in target ? columnOf(target.ResTarget) : ""));
  if (others.length > 0 || select === undefined || columns.join() !== "cursor,rows") {
    throw new Error(
      `${path}: a backfill is one statement that selects "cursor" and "rows" (with … as (update … returning …) select …).`,
    );
  }
  if (batch?.parameters.join() !== "1,2") {
    throw new Error(
      `${path}: a backfill uses $1::text, where the batch before stopped, and $2::integer, how many rows.`,
    );
  }
}

function columnOf({ name, val }: ResTarget): string {
  return name ?? (val !== undefined && "ColumnRef" in val ? lastName(val.ColumnRef.fields) : "");
}

function refuseParameters({ path, statements }: Script): void {
  const found = statements.find(({ parameters }) => parameters.length > 0);
  if (found !== undefined) {
    throw new Error(
      `${path}:${found.line}: only a backfill takes parameters; add \`-- @backfill\` to up.sql or write the value.`,
    );
  }
}
