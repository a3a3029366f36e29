import * as z from "zod";
import type { RehearsalReport } from "../../ports/schemas.ts";

const tableSizesSchema = z.record(z.string(), z.number());

/** JSON leaves out what is undefined. */
const told = z.string().optional();

/** As stored in the control database. */
export const reportSchema = z
  .object({
    fromVersion: z.number(),
    toVersion: z.number(),
    statements: z.array(
      z.object({
        migration: z.string(),
        statement: z.number(),
        what: z.string(),
        durationMs: z.number(),
        locks: z.array(z.object({ relation: z.string(), mode: z.string() })),
        rewrites: z.array(z.string()),
        scans: z.array(z.string()),
        blockedReadersMs: z.number(),
        lockedBytes: z.number(),
      }),
    ),
    rollback: z
      .object({ isProved: z.boolean(), reason: told })
      .transform(({ isProved, reason }) => ({ isProved, reason })),
    failure: told,
    tableSizes: tableSizesSchema,
  })
  .transform(({ failure, ...report }): RehearsalReport => ({ ...report, failure }));

/** Bytes by table of a tenant, as last seen; none when they were not. */
export function tableSizesOf(stored: unknown): Readonly<Record<string, number>> {
  const { success, data } = tableSizesSchema.safeParse(stored);
  return success ? data : {};
}

export const differencesSchema = z.array(
  z.object({ object: z.string(), is: z.enum(["missing", "unexpected", "different"]) }),
);
