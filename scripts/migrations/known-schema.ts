import type { Constraint, Node, TypeName } from "libpg-query";
import {
  columnOf,
  constraintOf,
  constraintsOf,
  droppedBy,
  tableChanges,
  viewColumns,
  volatileFunctions,
} from "./changes.ts";
import type { Statement } from "./sql.ts";
import { lastName } from "./tree.ts";

/**
 * What the migrations up to one have made of the schema, as far as rules ask: types of columns, proofs of checks, columns of
 * views, and functions that may write.
 */
export class KnownSchema {
  /** By `table.column`. */
  readonly #types = new Map<string, TypeName>();
  /** `table.constraint` → `table.column` that a check proves not to be null. */
  readonly #proofs = new Map<string, string>();
  readonly #proved = new Set<string>();
  readonly #views = new Map<string, readonly string[] | undefined>();
  readonly #volatile = new Set<string>();

  /** The type that a column was given last. */
  typeOf(table: string, column: string): TypeName | undefined {
    return this.#types.get(`${table}.${column}`);
  }

  /** Whether a check that holds for every row says that a column is not null: setting it not null needs no scan then. */
  isProvedNotNull(table: string, column: string): boolean {
    return this.#proved.has(`${table}.${column}`);
  }

  /** Undefined for a view that nobody knows the columns of. */
  columnsOfView(view: string): readonly string[] | undefined {
    return this.#views.get(view);
  }

  /** Whether a function of the schema's own may write. */
  isVolatile(name: string): boolean {
    return this.#volatile.has(name);
  }

  apply(statements: readonly Statement[]): void {
    for (const { tree } of statements) {
      if ("CreateStmt" in tree)
        this.#addTable(tree.CreateStmt.relation?.relname ?? "", tree.CreateStmt.tableElts ?? []);
      if ("ViewStmt" in tree) this.#views.set(tree.ViewStmt.view?.relname ?? "", viewColumns(tree.ViewStmt));
      for (const name of volatileFunctions([{ tree }])) this.#volatile.add(name);
      for (const name of droppedBy(tree)) this.#forget(`${name.replace("table ", "")}.`);
    }
    for (const { table, command } of tableChanges(statements)) {
      const column = columnOf(command);
      if (column !== undefined) this.#addColumn(table, column.colname ?? command.name ?? "", column.typeName);
      const constraint = constraintOf(command);
      if (constraint !== undefined) this.#addConstraint(table, constraint);
      if (command.subtype === "AT_ValidateConstraint") this.#validate(`${table}.${command.name ?? ""}`);
      if (command.subtype === "AT_DropConstraint") this.#dropProof(`${table}.${command.name ?? ""}`);
    }
  }

  #addTable(table: string, elements: readonly Node[]): void {
    for (const element of elements) {
      if (!("ColumnDef" in element)) continue;
      const { colname = "", typeName, constraints } = element.ColumnDef;
      this.#addColumn(table, colname, typeName);
      for (const constraint of constraintsOf(constraints)) this.#addConstraint(table, constraint);
    }
    for (const constraint of constraintsOf(elements)) this.#addConstraint(table, constraint);
  }

  #addColumn(table: string, column: string, type: TypeName | undefined): void {
    if (type !== undefined) this.#types.set(`${table}.${column}`, type);
  }

  #addConstraint(table: string, { conname = "", contype, raw_expr, skip_validation }: Constraint): void {
    const column = contype === "CONSTR_CHECK" && raw_expr !== undefined ? columnNotNull(raw_expr) : undefined;
    if (column === undefined) return;
    this.#proofs.set(`${table}.${conname}`, `${table}.${column}`);
    if (skip_validation !== true) this.#validate(`${table}.${conname}`);
  }

  #validate(constraint: string): void {
    const column = this.#proofs.get(constraint);
    if (column !== undefined) this.#proved.add(column);
  }

  #dropProof(constraint: string): void {
    this.#proved.delete(this.#proofs.get(constraint) ?? "");
    this.#proofs.delete(constraint);
  }

  #forget(prefix: string): void {
    for (const key of this.#types.keys()) if (key.startsWith(prefix)) this.#types.delete(key);
    for (const key of this.#proved) if (key.startsWith(prefix)) this.#proved.delete(key);
    for (const key of this.#proofs.keys()) if (key.startsWith(prefix)) this.#proofs.delete(key);
  }
}

/** The column of `column is not null`. */
function columnNotNull(expression: Node): string | undefined {
  if (!("NullTest" in expression)) return undefined;
  const { arg, nulltesttype } = expression.NullTest;
  return nulltesttype === "IS_NOT_NULL" && arg !== undefined && "ColumnRef" in arg
    ? lastName(arg.ColumnRef.fields)
    : undefined;
}
