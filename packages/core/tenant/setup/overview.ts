export * as Overview from "./overview.ts";

import { sql } from "kysely";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";

/** A pharmacy in a few numbers. What somebody may not see is not there. */
export interface Figures {
  readonly items?: number;
  /** Items without a tax class: nobody can sell them before the pharmacist decides. */
  readonly itemsWithoutTaxClass?: number;
  /** Branches that are open. */
  readonly branches: number;
  /** The name of the headquarters. */
  readonly headquarters: string;
  /** People who may sign in. */
  readonly people?: number;
}

/** The numbers of the dashboard, in one query. Any member may ask. */
export async function figures(tenant: TenantScope<Member>): Promise<Figures> {
  const { rows } = await sql<Record<"items" | "waiting" | "branches" | "people" | "headquarters", string>>`
    select
      (select count(*) from items where archived_at is null) as items,
      (select count(*) from items where archived_at is null and tax_class is null) as waiting,
      (select count(*) from branches where archived_at is null) as branches,
      (select count(*) from users where deactivated_at is null) as people,
      (select name from branches where is_headquarters) as headquarters
  `.execute(tenant.db);
  const [row] = rows;
  if (row === undefined) throw new Error("a query of numbers has one row");
  return {
    branches: Number(row.branches),
    headquarters: row.headquarters,
    ...(Permissions.maySomewhere(tenant.actor, "items.view")
      ? { items: Number(row.items), itemsWithoutTaxClass: Number(row.waiting) }
      : {}),
    ...(Permissions.may(tenant.actor, "people.view") ? { people: Number(row.people) } : {}),
  };
}
