import type { ColumnDef, TypeName } from "libpg-query";
import { lastName } from "./tree.ts";

/**
 * Whether a column's new type takes all that the old one took and needs no table written anew.
 * https://www.postgresql.org/docs/17/sql-altertable.html, "binary coercible"
 */
export function widens(from: TypeName | undefined, to: ColumnDef | undefined): boolean {
  // `using` computes every row.
  if (from === undefined || to?.typeName === undefined || to.raw_default !== undefined) return false;
  const [old, next] = [lastName(from.names), lastName(to.typeName.names)];
  const [oldSize, oldScale = 0] = sizesOf(from);
  const [nextSize, nextScale = 0] = sizesOf(to.typeName);
  if ((from.arrayBounds?.length ?? 0) > 0 || (to.typeName.arrayBounds?.length ?? 0) > 0) return false;
  if (old === "varchar" && next === "text") return true;
  const isLarger = nextSize === undefined || (oldSize !== undefined && nextSize >= oldSize);
  if (old === "varchar" && next === "varchar") return isLarger;
  return old === "numeric" && next === "numeric" && isLarger && (nextSize === undefined || nextScale === oldScale);
}

function sizesOf({ typmods = [] }: TypeName): number[] {
  return typmods.map((node) => ("A_Const" in node ? (node.A_Const.ival?.ival ?? 0) : 0));
}
