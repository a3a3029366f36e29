import { isDeepStrictEqual } from "node:util";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Session } from "../postgres/client.ts";
import { SCHEMAS } from "./history.ts";
import type { Repair } from "./migration.ts";
import { type SchemaOptions, withSchema } from "./schema-session.ts";
import { inFencedTransaction, inPlace, raiseFence, runStatements, withRetries } from "./steps/transaction.ts";

const LIMITS = { lockTimeoutMs: 5000, statementTimeoutMs: 45_000 };

/**
 * Runs a repair and its verification in one transaction with the record of it; a second time does nothing. The schema may
 * be one that it should not be, which a repair neither minds nor mends.
 * @param look at the schema, before anybody else is let at it
 * @throws as `withSchema`; StepFailed that names the file, DomainError `conflict` when another file of that name has been
 * run here, or when it changed the schema
 */
export async function repairRows<T>(
  options: SchemaOptions,
  repair: Repair,
  look: (session: Session) => Promise<T>,
): Promise<{ readonly version: number; readonly seen: T }> {
  return withSchema(options, async (run) => {
    const { session, lead, clock } = run;
    const { name, checksum } = repair;
    const schema = SCHEMAS[run.plane];
    await raiseFence(run);
    const place = { path: `migrations/repairs/${name}`, name, script: "up", statement: undefined } as const;
    await withRetries(run, { ...LIMITS, ...repair }, () =>
      inFencedTransaction(run, LIMITS, async () => {
        const [done] = await session.rows(`select checksum from ${schema}.schema_repairs where name = $1`, [name]);
        if (done !== undefined && done.checksum !== checksum) {
          throw new DomainError("conflict", `${place.path}/up.sql was changed after it had been run here: rename it.`);
        }
        if (done !== undefined) return;
        const before = await look(session);
        await runStatements(run, place, repair.up);
        await inPlace({ ...place, script: "verify" }, () => session.script(repair.verify));
        if (!isDeepStrictEqual(await look(session), before)) {
          throw new DomainError(
            "conflict",
            `${place.path}/up.sql changes the schema, by a function that it calls: that is a migration's.`,
          );
        }
        await session.rows(
          `insert into ${schema}.schema_repairs (name, checksum, applied_at, deployment_id, fence)
           values ($1, $2, $3, $4, $5)`,
          [name, checksum, clock.now(), lead?.deploymentId ?? null, lead?.fence ?? null],
        );
      }),
    );
    return { version: run.history.applied.at(-1)?.version ?? 0, seen: await look(session) };
  });
}
