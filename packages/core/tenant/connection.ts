import type { Kysely } from "kysely";
import type { RegistryEntry } from "../registry/registry.ts";
import type { TenantTables } from "./tables.generated.ts";

export interface TenantDatabase {
  readonly db: Kysely<TenantTables>;
  /**
   * From now on nothing is kept open: what still uses it gets a connection for each use, and `forSeconds` later none.
   */
  retire(forSeconds: number): void;
  close(): Promise<void>;
}

/**
 * A tenant's database, opened and proved to be that tenant's. Opaque: only `scope.ts` can take the query builder out,
 * so there is no way to a tenant's rows but through a door.
 */
export class TenantConnection {
  readonly tenantId: string;
  readonly #database: TenantDatabase;

  constructor(tenantId: string, database: TenantDatabase) {
    this.tenantId = tenantId;
    this.#database = database;
  }

  retire(forSeconds: number): void {
    this.#database.retire(forSeconds);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  static queryBuilderOf(connection: TenantConnection): Kysely<TenantTables> {
    return connection.#database.db;
  }
}

/** Opens tenants' databases: reads the secret, connects, compares the identity row. */
export interface TenantDatabases {
  /**
   * @throws DomainError `unavailable` when the database or its secret cannot be reached, or when the database says that
   *   it is another tenant's (with an alarm)
   */
  open(entry: RegistryEntry, role: "app" | "reader"): Promise<TenantConnection>;
}
