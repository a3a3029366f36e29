import type { Constraint, Node } from "libpg-query";
import { columnOf, constraintOf, constraintsOf, droppedBy, type TableChange, tableChanges } from "../changes.ts";
import { lastName } from "../tree.ts";
import { widens } from "../types.ts";
import type { Problem, Rule, Subject } from "./rule.ts";

/** While a table is written anew nobody reads or writes it; a large one takes minutes. */
export const tableRewrite: Rule = {
  name: "table-rewrite",
  check: (subject) => [
    ...changesOfOthers(subject).flatMap((change) => rewrites(change, subject)),
    ...subject.up.statements.flatMap(({ tree, line }) => {
      const isFull = "VacuumStmt" in tree && hasOption(tree.VacuumStmt.options, "full");
      return isFull || "ClusterStmt" in tree
        ? [{ line, message: "This writes a table anew while nobody can read it. Leave the space to autovacuum." }]
        : [];
    }),
  ],
};

/** An index that is built in the ordinary way lets nobody write meanwhile. */
export const indexConcurrently: Rule = {
  name: "index-concurrently",
  check: (subject) => [
    ...subject.up.statements.flatMap(({ tree, line }) => {
      if ("ReindexStmt" in tree && !hasOption(tree.ReindexStmt.params, "concurrently")) {
        return [{ line, message: "This lets nobody write while it works: reindex concurrently." }];
      }
      if (!("IndexStmt" in tree) || tree.IndexStmt.concurrent === true) return [];
      const table = tree.IndexStmt.relation?.relname ?? "";
      return subject.made.has(`table ${table}`) ? [] : [{ line, message: buildConcurrently(table) }];
    }),
    ...changesOfOthers(subject).flatMap(({ table, command, statement: { line } }) => {
      const constraints = [constraintOf(command) ?? [], constraintsOf(columnOf(command)?.constraints)].flat();
      const isBuilt = constraints.some(
        ({ contype, indexname }) =>
          contype === "CONSTR_EXCLUSION" ||
          ((contype === "CONSTR_UNIQUE" || contype === "CONSTR_PRIMARY") && indexname === undefined),
      );
      return isBuilt ? [{ line, message: `${buildConcurrently(table)} Then add the constraint \`using index\`.` }] : [];
    }),
  ],
};

const buildConcurrently = (table: string): string =>
  `Building this index lets nobody write to ${table}. Write \`create index concurrently if not exists\` in a migration ` +
  "with `-- @transaction none`.";

/** A check of all rows under the lock that adding takes stops everybody; `validate` later looks while work goes on. */
export const constraintNotValid: Rule = {
  name: "constraint-not-valid",
  check: (subject) =>
    changesOfOthers(subject).flatMap(({ table, command, statement: { line } }) => {
      const constraint = constraintOf(command);
      if (constraint !== undefined && isOfRows(constraint)) return notValidated(subject, table, constraint, line);
      const column = columnOf(command);
      const own = command.subtype === "AT_AddColumn" ? constraintsOf(column?.constraints) : [];
      const hasDefault = own.some(({ contype }) => contype === "CONSTR_DEFAULT");
      // Of a new column that is null everywhere, Postgres knows that a foreign key holds.
      const isScanned = own.some(
        ({ contype }) => contype === "CONSTR_CHECK" || (contype === "CONSTR_FOREIGN" && hasDefault),
      );
      return isScanned
        ? [{ line, message: `This reads all of ${table} under lock. Add the constraint by itself, \`not valid\`.` }]
        : [];
    }),
};

/** To set a column not null Postgres reads the whole table under lock, unless a check that holds says so already. */
export const notNullProved: Rule = {
  name: "not-null-proved",
  check: (subject) =>
    changesOfOthers(subject)
      .filter(({ table, command }) => {
        return command.subtype === "AT_SetNotNull" && !subject.known.isProvedNotNull(table, command.name ?? "");
      })
      .map(({ table, command, statement: { line } }) => ({
        line,
        message:
          `This reads all of ${table} under lock. First add \`check (${command.name} is not null) not valid\` in one ` +
          "migration and validate it in another.",
      })),
};

const changesOfOthers = ({ up, made }: Subject): TableChange[] =>
  tableChanges(up.statements).filter(({ table }) => !made.has(`table ${table}`));

const isOfRows = ({ contype }: Constraint): boolean => contype === "CONSTR_CHECK" || contype === "CONSTR_FOREIGN";

function notValidated({ up, later }: Subject, table: string, constraint: Constraint, line: number): Problem[] {
  const { conname, skip_validation } = constraint;
  const concerns = (change: TableChange) => change.table === table && change.command.name === conname;
  if (skip_validation !== true) {
    return [
      {
        line,
        message: `This reads all of ${table} under lock. Add it \`not valid\`, and validate it in a later file.`,
      },
    ];
  }
  if (conname === undefined) return [{ line, message: "Give the constraint a name, by which it is validated later." }];
  const here = tableChanges(up.statements).find(
    (change) => concerns(change) && change.command.subtype === "AT_ValidateConstraint",
  );
  if (here !== undefined) {
    return [
      {
        line: here.statement.line,
        message: `${conname} is validated under the lock that adding it took. Do it in a later file.`,
      },
    ];
  }
  const isSettled = later.some(
    (migration) =>
      tableChanges(migration.up.statements).some(
        (change) => concerns(change) && /^AT_(?:Validate|Drop)Constraint$/.test(change.command.subtype ?? ""),
      ) || migration.up.statements.some(({ tree }) => droppedBy(tree).includes(`table ${table}`)),
  );
  return isSettled
    ? []
    : [{ line, message: `No later migration validates ${conname}: rows of before may break it. Write that one too.` }];
}

function rewrites({ table, command, statement: { line } }: TableChange, { known }: Subject): Problem[] {
  const found = (message: string): Problem[] => [{ line, message: `This writes ${table} anew under lock. ${message}` }];
  const column = columnOf(command);
  switch (command.subtype) {
    case "AT_AlterColumnType":
      return widens(known.typeOf(table, command.name ?? ""), column)
        ? []
        : found("Add a column, fill it by `-- @backfill`, and drop the old one in a contract.");
    case "AT_AddColumn":
      return isFilledRowByRow(column?.typeName?.names, constraintsOf(column?.constraints))
        ? found("Add the column without it, set the default for new rows, and fill the others by `-- @backfill`.")
        : [];
    case "AT_AddIdentity":
    case "AT_SetExpression":
      return found("Add a column, and fill it by `-- @backfill`.");
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetAccessMethod":
    case "AT_SetTableSpace":
      return found("Make a new table, and fill it by `-- @backfill`.");
    default:
      return [];
  }
}

/** Whether a new column's value differs from row to row, so that it cannot be noted once for all of them. */
function isFilledRowByRow(type: readonly Node[] | undefined, constraints: readonly Constraint[]): boolean {
  return (
    /serial\d?$/.test(lastName(type)) ||
    constraints.some(
      ({ contype, generated_kind, raw_expr }) =>
        contype === "CONSTR_IDENTITY" ||
        (contype === "CONSTR_GENERATED" && generated_kind !== "v") ||
        (contype === "CONSTR_DEFAULT" && raw_expr !== undefined && mayVary(raw_expr)),
    )
  );
}

/** Functions whose value is one for the whole statement. Any other is taken for volatile. */
const STABLE = new Set(["now", "statement_timestamp", "transaction_timestamp", "jsonb_build_object", "lower", "upper"]);

function mayVary(expression: unknown): boolean {
  if (typeof expression !== "object" || expression === null) return false;
  return Object.entries(expression).some(([key, inner]) => {
    if (key === "FuncCall" && !STABLE.has(lastName(inner.funcname))) return true;
    return mayVary(inner);
  });
}

function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => "DefElem" in option && option.DefElem.defname === name);
}
