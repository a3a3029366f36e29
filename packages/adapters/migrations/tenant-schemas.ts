import type { Clock } from "@pharmasight/core/kernel/clock";
import { notFound } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import type { SchemaLead, TenantSchemas } from "@pharmasight/core/ports/schemas";
import type { OwnerSecret } from "@pharmasight/core/ports/tenant-setup";
import { inTransaction, withSession } from "../postgres/session.ts";
import { leadSchema, outcomeOf } from "./executor.ts";
import { expectedFingerprint, fingerprintHashOf, fingerprintOf, tableSizesOf } from "./fingerprint.ts";
import { readVersion } from "./history.ts";
import type { Migration, Repair } from "./migration.ts";
import { migrations as bundledMigrations, repairs as bundledRepairs } from "./migrations.generated.ts";
import { repairRows } from "./repairs.ts";

export interface TenantSchemasOptions {
  readonly ca: string | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  /** By default those of the bundle. */
  readonly migrations?: readonly Migration[];
  readonly repairs?: readonly Repair[];
}

const LOOK_TIMEOUT_MS = 30_000;

/** The schemas of pharmacies' databases, on their owners' credentials: one short connection per call. */
export function postgresTenantSchemas(options: TenantSchemasOptions): TenantSchemas {
  const { ca, log, clock, migrations = bundledMigrations.tenant, repairs = bundledRepairs } = options;
  const at = ({ session, user, password }: OwnerSecret) => ({
    endpoint: session,
    credential: { user, password },
    ca,
  });
  const led = (owner: OwnerSecret, lead: SchemaLead) => ({
    ...at(owner),
    plane: "tenant" as const,
    tenantId: owner.tenantId,
    lead,
    log,
    clock,
  });
  return {
    migrations,
    repairs,

    expected: (version) => expectedFingerprint("tenant", version),

    lead: async (owner, toVersion, lead) => {
      const look = (session: Parameters<typeof fingerprintHashOf>[0]) => fingerprintHashOf(session, "tenant");
      const outcome = await leadSchema({ ...led(owner, lead), toVersion, migrations, look });
      if (outcome.kind !== "reached") return outcome;
      return { kind: "reached", version: outcome.version, fingerprint: outcome.seen };
    },

    repair: async (owner, name, lead) => {
      const repair = repairs.find((candidate) => candidate.name === name);
      try {
        if (repair === undefined) throw notFound(`repair ${name} in this version of the code`);
        const { version, seen } = await repairRows({ ...led(owner, lead), lockWaitMs: 0 }, repair, (session) =>
          fingerprintHashOf(session, "tenant"),
        );
        return { kind: "reached", version, fingerprint: seen };
      } catch (error) {
        return outcomeOf(error, undefined);
      }
    },

    look: (owner) =>
      withSession({ ...at(owner), applicationName: "pharmasight-look", timeoutMs: LOOK_TIMEOUT_MS }, (session) =>
        inTransaction(session, async () => {
          await session.script("set transaction isolation level repeatable read, read only");
          const version = await readVersion(session, {
            plane: "tenant",
            tenantId: owner.tenantId,
            mayBeNobodys: false,
            log,
          });
          const fingerprint = await fingerprintOf(session, "tenant");
          return { version, fingerprint, tableSizes: await tableSizesOf(session, "tenant") };
        }),
      ),
  };
}
