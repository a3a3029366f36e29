export * as Plans from "./plans.ts";

import * as z from "zod";
import type { ControlScope } from "../scope.ts";

const planSchema = z.object({
  id: z.string(),
  code: z.enum(["starter", "professional", "enterprise"]),
  name: z.string(),
  /** ISO 4217 code of the prices. */
  currency: z.string(),
  /** Decimal text; null when agreed in a contract. */
  priceMonthly: z.string().nullable(),
  priceYearly: z.string().nullable(),
  /** Null: unlimited. */
  maxBranches: z.number().nullable(),
  maxUsers: z.number().nullable(),
  maxItems: z.number().nullable(),
  includedModules: z.array(z.string()),
});
export type Plan = Readonly<z.infer<typeof planSchema>>;

const columns = [
  "id",
  "code",
  "name",
  "currency",
  "priceMonthly",
  "priceYearly",
  "maxBranches",
  "maxUsers",
  "maxItems",
  "includedModules",
] as const;

/** The plans that everybody chooses among, the cheapest first and the one with an agreed price last. */
export async function list(control: ControlScope): Promise<readonly Plan[]> {
  const rows = await control.db
    .selectFrom("subscriptionPlans")
    .select(columns)
    .where("tenantId", "is", null)
    .orderBy("priceMonthly", (order) => order.asc().nullsLast())
    .execute();
  return rows.map((row) => planSchema.parse(row));
}

export async function findByCode(control: ControlScope, code: Plan["code"]): Promise<Plan | undefined> {
  const row = await control.db
    .selectFrom("subscriptionPlans")
    .select(columns)
    .where("code", "=", code)
    .where("tenantId", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : planSchema.parse(row);
}
