import { DomainError } from "../../kernel/errors.ts";
import { sqlStateOf, UNIQUE_VIOLATION } from "../../kernel/sqlstate.ts";
import type { ControlScope } from "../scope.ts";
import type { PlannedTarget } from "./planning.ts";
import { ensureServers } from "./servers.ts";

/** A tenant and where it is led. */
export type NewTarget = Pick<PlannedTarget, "tenantId" | "server" | "version" | "predictedLockMs"> & {
  readonly toVersion: number | null;
  readonly isLockUnknown?: boolean;
};

const CHUNK = 500;

/** @throws DomainError `conflict` when another deployment has not done with one of them */
export async function addTargets(
  tx: ControlScope,
  deploymentId: string,
  targets: readonly (NewTarget & { readonly wave: number; readonly position: number })[],
): Promise<void> {
  await ensureServers(
    tx,
    targets.map(({ server }) => server),
  );
  for (let begun = 0; begun < targets.length; begun += CHUNK) {
    const chunk = targets.slice(begun, begun + CHUNK);
    await tx.db
      .insertInto("tenantSchemas")
      .values(chunk.map(({ tenantId }) => ({ tenantId })))
      .onConflict((conflict) => conflict.column("tenantId").doNothing())
      .execute();
    await tx.db
      .insertInto("deploymentTargets")
      .values(
        chunk.map(
          ({ tenantId, wave, position, server, version, toVersion, predictedLockMs, isLockUnknown = false }) => ({
            deploymentId,
            tenantId,
            wave,
            position,
            server,
            fromVersion: version,
            toVersion,
            predictedLockMs: predictedLockMs ?? null,
            isLockUnknown,
          }),
        ),
      )
      .execute()
      .catch((error: unknown) => {
        throw sqlStateOf(error) === UNIQUE_VIOLATION ? taken(error) : error;
      });
  }
}

const taken = (cause: unknown): DomainError =>
  new DomainError("conflict", "Another deployment has begun with one of these pharmacies. Plan again.", { cause });
