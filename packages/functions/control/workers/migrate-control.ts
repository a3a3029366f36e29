import { controlMigrationPlatform } from "@pharmasight/adapters/control-migration-platform";
import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import type { Context } from "aws-lambda";

/** What a deployment of the code found. */
export interface ControlMigrated {
  readonly schemaVersion: number;
  /** Pharmacies whose schema is older than this code knows. */
  readonly behind: number;
  /** Those that this code cannot serve: they read that an update is under way. */
  readonly closed: number;
}

/** Kept for announcing the release and for saying what went wrong; of a short run, half of it. */
const RESERVE_MS = 30_000;

/**
 * Run by each deployment before any other function changes: brings the control database to this code's schema, and says
 * that this release runs from now on. It may be run again.
 */
export async function handler(
  _event: unknown,
  invocation: Pick<Context, "getRemainingTimeInMillis">,
): Promise<ControlMigrated> {
  const leftMs = invocation.getRemainingTimeInMillis();
  const { migrate, control: controlAs, release } = await controlMigrationPlatform();
  const { schemaVersion } = await migrate(Math.max(leftMs - RESERVE_MS, leftMs / 2));
  const control = controlAs({ kind: "system", name: "migrate-control" });
  const { behind, closed } = await Fleet.announceRelease(control, release);
  const fields = { release: release.name, schemaVersion, behind, closed };
  if (closed > 0) control.log.warn("pharmacies have a schema too old for this release", fields);
  else control.log.info("release announced", fields);
  return { schemaVersion, behind, closed };
}
