import type { Plan } from "@pharmasight/core/control/plans/plans";
import { parseJson } from "@pharmasight/core/kernel/json";
import { databaseProviders } from "@pharmasight/core/ports/database-hosts";
import * as z from "zod";

const plans = ["starter", "professional", "enterprise"] as const satisfies readonly Plan["code"][];

const placeSchema = z.strictObject({
  provider: z.enum(databaseProviders),
  region: z.string().min(1),
  size: z.string().min(1),
});

/**
 * Where the databases of a plan's new pharmacies are made, as JSON by the plan's code:
 * `{"enterprise": {"provider": "postgres", "region": "nairobi-1", "size": "shared"}}`. A plan that is not named has its
 * databases at Supabase.
 */
export const planPlacesSchema = z
  .string()
  .transform((text) => parseJson(text))
  .pipe(z.partialRecord(z.enum(plans), placeSchema));
