import type { Node } from "libpg-query";

/** Ways through the trees of the parser. */

/** The last part of a name such as `pharmacy.items`: a plane has one schema of its own. */
export function lastName(parts: readonly Node[] | undefined): string {
  const last = parts?.at(-1);
  return last !== undefined && "String" in last ? (last.String.sval ?? "") : "";
}

/** All nodes of a kind, however deep. */
export function* nodesOf(value: unknown, kind: string): Generator<object> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === kind && typeof inner === "object" && inner !== null) yield inner;
    yield* nodesOf(inner, kind);
  }
}

/** The table that a node of a changing statement names. */
export function relationOf(node: object): string {
  const relation: unknown = "relation" in node ? node.relation : undefined;
  const isNamed = typeof relation === "object" && relation !== null && "relname" in relation;
  return isNamed ? String(relation.relname) : "";
}
