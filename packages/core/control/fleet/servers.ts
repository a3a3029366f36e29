import type { TenantDatabase } from "../provisioning/step.ts";
import type { ControlScope } from "../scope.ts";

/** Migrations at once on a server that many databases share, until an operator sets another number. */
const SHARED_MIGRATIONS_MAX = 4;
const OWN_MIGRATIONS_MAX = 1;

/** The machine that a tenant's database is on: what shares one, shares its limit of migrations at once. */
export function serverOf(
  database: Pick<TenantDatabase, "provider" | "region" | "projectRef"> & { readonly tenantId: string },
): string {
  if (database.projectRef === null) return `adopted:${database.tenantId}`;
  return database.provider === "postgres" ? `postgres:${database.region}` : `supabase:${database.projectRef}`;
}

export const migrationsMaxOf = (server: string): number =>
  server.startsWith("postgres:") ? SHARED_MIGRATIONS_MAX : OWN_MIGRATIONS_MAX;

/** Limits that operators have set, by server. */
export async function knownServers(control: ControlScope): Promise<ReadonlyMap<string, number>> {
  const rows = await control.db.selectFrom("databaseServers").select(["name", "migrationsMax"]).execute();
  return new Map(rows.map(({ name, migrationsMax }) => [name, migrationsMax]));
}

const CHUNK = 1000;

/** Makes a row of each server that has none. */
export async function ensureServers(tx: ControlScope, names: readonly string[]): Promise<void> {
  const missing = [...new Set(names)].sort();
  for (let begin = 0; begin < missing.length; begin += CHUNK) {
    const rows = missing.slice(begin, begin + CHUNK).map((name) => ({ name, migrationsMax: migrationsMaxOf(name) }));
    await tx.db
      .insertInto("databaseServers")
      .values(rows)
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  }
}
