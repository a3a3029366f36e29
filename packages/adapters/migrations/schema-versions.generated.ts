// Generated from migrations/ by `npm run generate`. Do not edit.
import type { Plane } from "./migration.ts";

/** The version of each plane's schema that this code comes with. */
export const schemaVersions: Readonly<Record<Plane, number>> = {
  control: 14,
  tenant: 18,
};
