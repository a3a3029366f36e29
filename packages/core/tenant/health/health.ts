export * as TenantHealth from "./health.ts";

import type { Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** Asks the pharmacy's database for one row. @throws DomainError `unavailable` when it does not answer */
export async function askDatabase(tenant: TenantScope<Visitor>): Promise<void> {
  await tenant.db.selectFrom("identity").select("tenantId").executeTakeFirstOrThrow();
}
