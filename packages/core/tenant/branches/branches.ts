export * as Branches from "./branches.ts";

import type { Member } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** The headquarters: every pharmacy is made with one. */
export async function headquarters(
  tenant: TenantScope<Member>,
): Promise<{ readonly id: string; readonly name: string }> {
  return tenant.db
    .selectFrom("branches")
    .select(["id", "name"])
    .where("isHeadquarters", "=", true)
    .executeTakeFirstOrThrow();
}
