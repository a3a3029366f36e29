import type { AlterTableCmd, ColumnDef, Constraint, Node, ResTarget, SelectStmt, ViewStmt } from "libpg-query";
import type { Statement } from "./sql.ts";
import { lastName } from "./tree.ts";

/** What statements make, drop and alter, in the words that rules and messages use: `table items`, `column items.name`. */

/** A command of `alter table`, of which one statement may have several. */
export interface TableChange {
  readonly table: string;
  readonly command: AlterTableCmd;
  readonly statement: Statement;
}

export function tableChanges(statements: readonly Statement[]): TableChange[] {
  return statements.flatMap((statement) => {
    if (!("AlterTableStmt" in statement.tree)) return [];
    const { relation, cmds = [] } = statement.tree.AlterTableStmt;
    const table = relation?.relname ?? "";
    return cmds.flatMap((cmd) => ("AlterTableCmd" in cmd ? [{ table, command: cmd.AlterTableCmd, statement }] : []));
  });
}

/** The column that a command adds or gives another type. */
export function columnOf({ def }: AlterTableCmd): ColumnDef | undefined {
  return def !== undefined && "ColumnDef" in def ? def.ColumnDef : undefined;
}

/** The constraint that a command adds. */
export function constraintOf({ def }: AlterTableCmd): Constraint | undefined {
  return def !== undefined && "Constraint" in def ? def.Constraint : undefined;
}

export function constraintsOf(nodes: readonly Node[] | undefined): Constraint[] {
  return (nodes ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
}

/** Names of the objects that the statements make. */
export function madeBy(statements: readonly Statement[]): ReadonlySet<string> {
  const added = tableChanges(statements).flatMap(({ table, command }) => {
    if (command.subtype === "AT_AddColumn") return [`column ${table}.${columnOf(command)?.colname ?? ""}`];
    if (command.subtype === "AT_AddConstraint") return [`constraint ${table}.${constraintOf(command)?.conname ?? ""}`];
    return [];
  });
  return new Set([...statements.flatMap(({ tree }) => made(tree)), ...added]);
}

function made(tree: Node): string[] {
  if ("CreateStmt" in tree) return [`table ${tree.CreateStmt.relation?.relname ?? ""}`];
  if ("CreateTableAsStmt" in tree) return [`table ${tree.CreateTableAsStmt.into?.rel?.relname ?? ""}`];
  if ("ViewStmt" in tree) return [`view ${tree.ViewStmt.view?.relname ?? ""}`];
  if ("IndexStmt" in tree) return [`index ${tree.IndexStmt.idxname ?? ""}`];
  if ("CreateSeqStmt" in tree) return [`sequence ${tree.CreateSeqStmt.sequence?.relname ?? ""}`];
  if ("CreateFunctionStmt" in tree) return [`function ${lastName(tree.CreateFunctionStmt.funcname)}`];
  if ("CreateTrigStmt" in tree) {
    return [`trigger ${tree.CreateTrigStmt.relation?.relname ?? ""}.${tree.CreateTrigStmt.trigname ?? ""}`];
  }
  if ("CreatePolicyStmt" in tree) {
    return [`policy ${tree.CreatePolicyStmt.table?.relname ?? ""}.${tree.CreatePolicyStmt.policy_name ?? ""}`];
  }
  if ("CreateSchemaStmt" in tree) return [`schema ${tree.CreateSchemaStmt.schemaname ?? ""}`];
  if ("CreateEnumStmt" in tree) return [`type ${lastName(tree.CreateEnumStmt.typeName)}`];
  if ("CompositeTypeStmt" in tree) return [`type ${tree.CompositeTypeStmt.typevar?.relname ?? ""}`];
  if ("CreateDomainStmt" in tree) return [`domain ${lastName(tree.CreateDomainStmt.domainname)}`];
  if ("CreateExtensionStmt" in tree) return [`extension ${tree.CreateExtensionStmt.extname ?? ""}`];
  return [];
}

/** Whose rows or values are gone when the statements have run. */
export function lossesOf(statements: readonly Statement[]): string[] {
  const tables = statements.flatMap(({ tree }) => droppedBy(tree)).filter((object) => object.startsWith("table "));
  const columns = tableChanges(statements)
    .filter(({ command }) => command.subtype === "AT_DropColumn")
    .map(({ table, command }) => `column ${table}.${command.name ?? ""}`);
  const rows = statements.flatMap(({ tree }) => {
    if ("DeleteStmt" in tree) return [`rows of ${tree.DeleteStmt.relation?.relname ?? ""}`];
    return "UpdateStmt" in tree ? [`values of ${tree.UpdateStmt.relation?.relname ?? ""}`] : [];
  });
  return [...new Set([...tables, ...columns, ...rows])];
}

/** Functions that may write: all that are not said to be `stable` or `immutable`. */
export function volatileFunctions(statements: readonly Pick<Statement, "tree">[]): ReadonlySet<string> {
  return new Set(
    statements.flatMap(({ tree }) => {
      if (!("CreateFunctionStmt" in tree)) return [];
      const { funcname, options = [] } = tree.CreateFunctionStmt;
      const isReading = options.some(
        (option) =>
          "DefElem" in option &&
          option.DefElem.defname === "volatility" &&
          option.DefElem.arg !== undefined &&
          "String" in option.DefElem.arg &&
          option.DefElem.arg.String.sval !== "volatile",
      );
      return isReading ? [] : [lastName(funcname)];
    }),
  );
}

/** Names of a view's columns; undefined when it selects all of another. */
export function viewColumns({ aliases = [], query }: ViewStmt): readonly string[] | undefined {
  const select = query !== undefined && "SelectStmt" in query ? firstSelect(query.SelectStmt) : undefined;
  const targets = (select?.targetList ?? []).flatMap((target) => ("ResTarget" in target ? [target.ResTarget] : []));
  const names = targets.map(columnName);
  if (names.includes("*")) return undefined;
  return names.map((name, index) => lastName(aliases.slice(index, index + 1)) || name);
}

/** Of a union, the first one names the columns. */
const firstSelect = (select: SelectStmt): SelectStmt => (select.larg === undefined ? select : firstSelect(select.larg));

/** As Postgres names it, as far as views go: whatever has no name of its own is called alike. */
function columnName({ name, val }: ResTarget): string {
  if (name !== undefined) return name;
  if (val === undefined) return "";
  if ("ColumnRef" in val)
    return (val.ColumnRef.fields ?? []).some((field) => "A_Star" in field) ? "*" : lastName(val.ColumnRef.fields);
  return "FuncCall" in val ? lastName(val.FuncCall.funcname) : "?column?";
}

/** Names of the objects that a `drop` names. */
export function droppedBy(tree: Node): string[] {
  if (!("DropStmt" in tree)) return [];
  const { removeType = "OBJECT_TABLE", objects = [] } = tree.DropStmt;
  const kind = removeType.replace("OBJECT_", "").replace("PROCEDURE", "FUNCTION").toLowerCase();
  return objects.map((object) => `${kind} ${droppedName(object, kind === "trigger" || kind === "policy")}`);
}

function droppedName(object: Node, isOfTable: boolean): string {
  if ("String" in object) return object.String.sval ?? "";
  if ("TypeName" in object) return lastName(object.TypeName.names);
  if ("ObjectWithArgs" in object) return lastName(object.ObjectWithArgs.objname);
  if (!("List" in object)) return "";
  const { items = [] } = object.List;
  // A trigger's name stands after its table's.
  return isOfTable ? `${lastName(items.slice(0, -1))}.${lastName(items)}` : lastName(items);
}
