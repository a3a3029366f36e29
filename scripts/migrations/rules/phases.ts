import type { CreatePolicyStmt, CreateTrigStmt, GrantStmt, IndexStmt, Node } from "libpg-query";
import { columnOf, droppedBy, madeBy, type TableChange, tableChanges, viewColumns } from "../changes.ts";
import type { Statement } from "../sql.ts";
import { widens } from "../types.ts";
import type { Rule, Subject } from "./rule.ts";

/**
 * Kinds that may be dropped and made again in one transaction. A table would come back without its rows, and what goes with
 * something by `cascade` does not come back at all.
 */
const REPLACEABLE = /^(?:view|function|trigger|index|policy) /;

/**
 * Old and new code run at the same time, so a shape that older code uses goes in a migration of its own, after all
 * running code has stopped using it. Without that, a roll-out breaks requests, and it cannot be rolled back.
 */
export const contractPhase: Rule = {
  name: "contract-phase",
  check: (subject) =>
    subject.migration.phase === "contract"
      ? []
      : takings(subject).map(({ statement, what }) => ({
          line: statement.line,
          message:
            `This ${what}: code of before may not get on with it. Do it in a later migration with \`-- @phase contract\` ` +
            "and `-- @code-knows N`, after an expand; or waive it with the reason why that code notices nothing.",
        })),
};

/** What else is in a contract would wait for code that needs it now, and could not be rolled back. */
export const contractOnly: Rule = {
  name: "contract-only",
  check: (subject) => {
    if (subject.migration.phase === "expand") return [];
    const taking = new Set(takings(subject).map(({ statement }) => statement));
    return subject.up.statements
      .filter((statement) => !taking.has(statement) && !accompanies(statement))
      .map(({ line }) => ({
        line,
        message: "This takes nothing away: it belongs in an earlier migration, an expand.",
      }));
  },
};

interface Taking {
  readonly statement: Statement;
  /** After "This". */
  readonly what: string;
}

function takings(subject: Subject): Taking[] {
  const { statements } = subject.up;
  return [
    ...statements.flatMap((statement) => takenBy(statement, subject).map((what) => ({ statement, what }))),
    ...tableChanges(statements).flatMap((change) =>
      takenFrom(change, subject).map((what) => ({ statement: change.statement, what })),
    ),
  ];
}

function takenBy({ tree }: Statement, subject: Subject): string[] {
  const { made } = subject;
  if ("RenameStmt" in tree) {
    const { renameType, newname = "" } = tree.RenameStmt;
    return renameType === "OBJECT_INDEX" ? [] : [`renames something to ${newname}`];
  }
  if ("AlterObjectSchemaStmt" in tree) return ["moves something to another schema"];
  if ("AlterEnumStmt" in tree) {
    return tree.AlterEnumStmt.oldVal === undefined ? [] : [`renames the value ${tree.AlterEnumStmt.oldVal}`];
  }
  if ("TruncateStmt" in tree) return ["deletes all rows of a table"];
  if ("DropOwnedStmt" in tree || "DropRoleStmt" in tree) return ["drops a role or what it owns"];
  if ("GrantStmt" in tree) return revokesFromOthers(tree.GrantStmt, made) ? ["revokes a right"] : [];
  if ("IndexStmt" in tree) return refusesEqual(tree.IndexStmt, made);
  if ("CreateTrigStmt" in tree) return interferes(tree.CreateTrigStmt, made);
  if ("CreatePolicyStmt" in tree) return hides(tree.CreatePolicyStmt, made);
  if ("RuleStmt" in tree) return [`changes what statements on ${tree.RuleStmt.relation?.relname ?? ""} do`];
  const isCascade = "DropStmt" in tree && tree.DropStmt.behavior === "DROP_CASCADE";
  if (isCascade) return droppedBy(tree).map((name) => `drops ${name} with all that depends on it`);
  return droppedBy(tree)
    .filter((name) => !(made.has(name) && REPLACEABLE.test(name) && !losesColumns(name, subject)))
    .map((name) => `drops ${name}`);
}

/** A view that is made again may have more columns, and none less. Of one that selects `*` nobody knows. */
function losesColumns(name: string, { known, up }: Subject): boolean {
  if (!name.startsWith("view ")) return false;
  const before = known.columnsOfView(name.replace("view ", ""));
  const after = up.statements.flatMap(({ tree }) =>
    "ViewStmt" in tree && `view ${tree.ViewStmt.view?.relname ?? ""}` === name ? [viewColumns(tree.ViewStmt)] : [],
  );
  const now = after.at(-1);
  if (before === undefined || now === undefined) return true;
  return before.some((column) => !now.includes(column));
}

const refusesEqual = ({ unique, relation }: IndexStmt, made: ReadonlySet<string>): string[] =>
  unique === true && !made.has(`table ${relation?.relname ?? ""}`)
    ? [`refuses equal values in ${relation?.relname ?? ""}`]
    : [];

/** No rule sees what its function does with the rows that code of before writes. */
const interferes = ({ relation }: CreateTrigStmt, made: ReadonlySet<string>): string[] =>
  made.has(`table ${relation?.relname ?? ""}`)
    ? []
    : [`puts a trigger on ${relation?.relname ?? ""}, which may refuse or change rows`];

const hides = ({ permissive, table }: CreatePolicyStmt, made: ReadonlySet<string>): string[] =>
  permissive === true || made.has(`table ${table?.relname ?? ""}`) ? [] : [`hides rows of ${table?.relname ?? ""}`];

function takenFrom({ table, command }: TableChange, { made, known }: Subject): string[] {
  const name = `${table}.${command.name ?? ""}`;
  if (made.has(`table ${table}`)) return [];
  switch (command.subtype) {
    case "AT_DropColumn":
      return [`drops column ${name}`];
    case "AT_DropConstraint":
      return made.has(`constraint ${name}`) ? [] : [`drops constraint ${name}`];
    case "AT_SetNotNull":
      return [`refuses null in ${name}`];
    case "AT_AlterColumnType":
      return widens(known.typeOf(table, command.name ?? ""), columnOf(command)) ? [] : [`changes the type of ${name}`];
    case "AT_ColumnDefault":
      return command.def === undefined ? [`drops the default of ${name}`] : [];
    case "AT_DropIdentity":
    case "AT_DropExpression":
      return [`drops how ${name} gets its value`];
    case "AT_DetachPartition":
    case "AT_DropInherit":
      return [`takes rows out of ${table}`];
    case "AT_EnableRowSecurity":
    case "AT_ForceRowSecurity":
      return [`hides rows of ${table}`];
    case "AT_DisableTrig":
    case "AT_DisableTrigAll":
    case "AT_DisableTrigUser":
      return [`disables a trigger of ${table}`];
    default:
      return [];
  }
}

function revokesFromOthers({ is_grant, objects = [], targtype }: GrantStmt, made: ReadonlySet<string>): boolean {
  if (is_grant === true || targtype === "ACL_TARGET_DEFAULTS") return false;
  return objects.length === 0 || objects.some((object) => !made.has(objectName(object)));
}

function objectName(object: Node): string {
  return "RangeVar" in object ? `table ${object.RangeVar.relname ?? ""}` : "";
}

/** What goes with a contract: code and rules that no longer know the old shape. None of it is data or a new shape. */
function accompanies(statement: Statement): boolean {
  const { tree } = statement;
  if ("IndexStmt" in tree) return tree.IndexStmt.unique === true;
  if ("AlterTableStmt" in tree) {
    return tableChanges([statement]).every(({ command }) =>
      /^AT_(?:Add|Validate|Drop)Constraint$/.test(command.subtype ?? ""),
    );
  }
  if ("GrantStmt" in tree || "CommentStmt" in tree || "DropStmt" in tree) return true;
  return [...madeBy([statement])].some((name) => /^(?:view|function|trigger|policy) /.test(name));
}
