import type { Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** What may refer to somebody or something by an id. */
interface Referring {
  readonly actorId: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Names that are looked up for one page: an entry about very many things names the first of them. */
const NAMES_MAX = 2000;

/** The names of the people, branches, items and whatever else entries refer to, by their ids. */
export async function namesIn(
  tenant: TenantScope<Member>,
  entries: readonly Referring[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set<string>();
  for (const { actorId, before, after } of entries) for (const value of [actorId, before, after]) collect(value, ids);
  if (ids.size === 0) return new Map();
  const wanted = [...ids].slice(0, NAMES_MAX);
  const named = (table: "users" | "branches" | "apiKeys" | "invitations" | "items") =>
    tenant.db.selectFrom(table).select(["id", "name"]).where("id", "in", wanted);
  const rows = await named("users")
    .unionAll(named("branches"))
    .unionAll(named("apiKeys"))
    .unionAll(named("invitations"))
    .unionAll(named("items"))
    .unionAll(tenant.db.selectFrom("itemImports").select(["id", "fileName as name"]).where("id", "in", wanted))
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

function collect(value: unknown, ids: Set<string>): void {
  if (typeof value === "string") {
    if (ID.test(value)) ids.add(value);
  } else if (typeof value === "object" && value !== null) {
    for (const one of Object.values(value)) collect(one, ids);
  }
}
