import type { MigrationFacts, RepairFacts } from "@pharmasight/core/ports/schemas";

export type Plane = "control" | "tenant";

/** One folder of `migrations/<plane>`, as the generator has read it: the bundle needs no parser. */
export interface Migration extends MigrationFacts {
  /** Statements in order; of a backfill the one that changes a batch. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** Raises an error when the migration has not done what it promises. */
  readonly verify: string;
  /** How long each statement may wait for a lock. */
  readonly lockTimeoutMs: number;
  /** How long each statement may take. */
  readonly statementTimeoutMs: number;
}

/** One folder of `migrations/repairs`. */
export interface Repair extends RepairFacts {
  readonly up: readonly string[];
  readonly verify: string;
}
