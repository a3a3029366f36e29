import type { Node } from "libpg-query";
import { volatileFunctions } from "../changes.ts";
import type { Script, Statement } from "../sql.ts";
import { lastName, nodesOf, relationOf } from "../tree.ts";
import type { Problem, Rule } from "./rule.ts";

/**
 * Without a transaction a migration may stop after any statement and is begun again there, so each one must be such that
 * a second run does no harm. In a transaction, some kinds cannot run at all.
 */
export const repeatableOutside: Rule = {
  name: "repeatable-outside-transaction",
  check: ({ migration, up, down }) => {
    const scripts = [up, down];
    return scripts.flatMap((script) =>
      script.statements.flatMap(({ tree, line }) => {
        const isFine = migration.isTransactional
          ? !needsNoTransaction(tree)
          : isRepeatable(tree) || (script === down && isSelect(tree));
        if (isFine) return [];
        const message = migration.isTransactional
          ? "This cannot run in a transaction: add `-- @transaction none`, and leave nothing else in the file."
          : "Outside a transaction stands only what may be repeated: create index concurrently [if not exists] name, drop " +
            "index concurrently if exists, reindex concurrently, alter type … add value if not exists, validate " +
            "constraint, analyze, vacuum.";
        return [{ path: script.path, line, message }];
      }),
    );
  },
};

/** Transactions, locks, settings and owners are the executor's: what changes them here takes its guarantees away. */
export const ownTransaction: Rule = {
  name: "own-transaction",
  check: ({ up, down, verify }) =>
    [up, down, verify].flatMap((script) =>
      script.statements.flatMap(({ tree, line }) => {
        const what = settingOf(tree);
        return what === undefined ? [] : [{ path: script.path, line, message: `${what} is not for a migration.` }];
      }),
    ),
};

/** A change of many rows at once locks them all until it commits and leaves as many dead ones. */
export const wholeTable: Rule = {
  name: "whole-table",
  check: ({ plane, migration, up, made }) =>
    plane === "control" || migration.isBackfill
      ? []
      : up.statements.flatMap(({ tree, line }) =>
          tablesChanged(tree)
            .filter((table) => !made.has(`table ${table}`))
            .map((table) => ({
              line,
              message: `This changes rows of ${table} all at once. Do it in batches: a migration with \`-- @backfill\`.`,
            })),
        ),
};

/** No rule sees into a block, nor into what a function does that may write. */
export const opaqueBlock: Rule = {
  name: "opaque-block",
  check: ({ up, known }) => {
    const own = volatileFunctions(up.statements);
    return up.statements.flatMap(({ tree, line }) => {
      if ("DoStmt" in tree) {
        return [{ line, message: "No rule sees into a `do` block: write plain statements, or waive this." }];
      }
      if ("CallStmt" in tree) {
        return [{ line, message: "No rule sees into a procedure: write plain statements, or waive this." }];
      }
      const called = calls(tree).find((name) => own.has(name) || known.isVolatile(name));
      return called === undefined
        ? []
        : [{ line, message: `No rule sees what ${called} does: write it plainly, make it \`stable\`, or waive this.` }];
    });
  },
};

/** What verifies runs in rehearsals and again after a crash: it must leave everything as it is. */
export const verifyLooks: Rule = {
  name: "verify-looks",
  check: ({ verify }) =>
    verify.statements
      .filter(({ tree }) => !isSelect(tree) && !("DoStmt" in tree))
      .map(({ line }) =>
        problemOf(verify, line, "What verifies only looks: `select` or `do $$ begin assert … end $$`."),
      ),
};

const problemOf = ({ path }: Script, line: Statement["line"], message: string): Problem => ({ path, line, message });

const isSelect = (tree: Node): boolean => "SelectStmt" in tree && tree.SelectStmt.intoClause === undefined;

function isRepeatable(tree: Node): boolean {
  if ("IndexStmt" in tree) return tree.IndexStmt.concurrent === true && tree.IndexStmt.idxname !== undefined;
  if ("DropStmt" in tree) return tree.DropStmt.concurrent === true && tree.DropStmt.missing_ok === true;
  if ("AlterEnumStmt" in tree) {
    return tree.AlterEnumStmt.skipIfNewValExists === true && tree.AlterEnumStmt.oldVal === undefined;
  }
  if ("AlterTableStmt" in tree) {
    const commands = tree.AlterTableStmt.cmds ?? [];
    return commands.every((cmd) => "AlterTableCmd" in cmd && cmd.AlterTableCmd.subtype === "AT_ValidateConstraint");
  }
  return "VacuumStmt" in tree || ("ReindexStmt" in tree && isConcurrent(tree.ReindexStmt.params));
}

function needsNoTransaction(tree: Node): boolean {
  return (
    ("IndexStmt" in tree && tree.IndexStmt.concurrent === true) ||
    ("DropStmt" in tree && tree.DropStmt.concurrent === true) ||
    ("ReindexStmt" in tree && isConcurrent(tree.ReindexStmt.params)) ||
    ("VacuumStmt" in tree && tree.VacuumStmt.is_vacuumcmd === true)
  );
}

const isConcurrent = (options: readonly Node[] = []): boolean =>
  options.some((option) => "DefElem" in option && option.DefElem.defname === "concurrently");

function settingOf(tree: Node): string | undefined {
  if ("TransactionStmt" in tree) return "A transaction of its own";
  if ("LockStmt" in tree) return "A lock of its own";
  if ("VariableSetStmt" in tree) return `Setting ${tree.VariableSetStmt.name ?? "all"}`;
  if ("AlterOwnerStmt" in tree || isGivenAway(tree)) return "Giving something to another role";
  const called = calls(tree);
  if (called.includes("set_config")) return "Setting a variable";
  if (called.some((name) => /^pg_(?:try_)?advisory_/.test(name))) return "Taking or giving back an advisory lock";
  return called.some((name) => /^pg_(?:terminate|cancel)_backend$/.test(name)) ? "Ending others' work" : undefined;
}

function isGivenAway(tree: Node): boolean {
  const commands = "AlterTableStmt" in tree ? (tree.AlterTableStmt.cmds ?? []) : [];
  return commands.some((cmd) => "AlterTableCmd" in cmd && cmd.AlterTableCmd.subtype === "AT_ChangeOwner");
}

const DATA = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"] as const;

/** Functions that a statement calls now. In a view, a default or a function they are only named. */
function calls(tree: Node): string[] {
  if (!DATA.some((kind) => kind in tree)) return [];
  return [...nodesOf(tree, "FuncCall")].flatMap((call) => ("funcname" in call ? [nameOf(call.funcname)] : []));
}

const nameOf = (parts: unknown): string => (Array.isArray(parts) ? lastName(parts) : "");

/** Tables whose rows a statement changes, and those that an insert copies rows out of. */
function tablesChanged(tree: Node): string[] {
  const isData = DATA.some((kind) => kind in tree);
  if (!isData) return [];
  const changed = ["UpdateStmt", "DeleteStmt", "MergeStmt"].flatMap((kind) => [...nodesOf(tree, kind)].map(relationOf));
  const copied = [...nodesOf(tree, "InsertStmt")].flatMap((insert) =>
    [...nodesOf(insert, "RangeVar")].flatMap((range) => ("relname" in range ? [String(range.relname)] : [])),
  );
  return [...new Set([...changed, ...copied])];
}
