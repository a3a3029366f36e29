import type { OwnerSecret } from "./tenant-setup.ts";

/** What is known of a migration without its statements. */
export interface MigrationFacts {
  readonly version: number;
  /** The folder's name: the version in four digits, then words. */
  readonly name: string;
  /** Over the tokens of what it does. */
  readonly checksum: string;
  /** A contract takes a shape away that older code needs. */
  readonly phase: "expand" | "contract";
  /** Of a contract: the schema version that all running code must know. */
  readonly codeKnows: number | undefined;
  /** Whether its statements run in one transaction; one that cannot (an index built concurrently) may stop half-way. */
  readonly isTransactional: boolean;
  /** Whether it changes rows in batches, which may take longer than a worker has. */
  readonly isBackfill: boolean;
  /** What its way back drops with what was written into it, such as `column items.tax_code`. */
  readonly losses: readonly string[];
}

/** The lead that one worker has over a tenant's schema, until somebody gets a higher fence. */
export interface SchemaLead {
  readonly deploymentId: string;
  readonly fence: string;
  /** Whether migrations may be taken back; without it a schema that is further already stays as it is. */
  readonly mayGoDown: boolean;
  /** Aborted when the lead is lost: what runs is cancelled. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left to this worker; a backfill stops in time and is continued by the next one. */
  timeLeftMs(): number;
  /** Whether what can be gone on with later is to stop: a backfill does so before its next batch, all else ends first. */
  isStopping(): boolean;
  /** How a backfill is to go on: asked before each batch, so that an operator can slow it down. */
  pace(): Promise<{ readonly batchSize: number; readonly delayMs: number }>;
  /** Told after each batch of a backfill. */
  progressed(rowsDone: number): Promise<void>;
}

/** How leading a schema somewhere ended. */
export type SchemaOutcome =
  | {
      readonly kind: "reached";
      readonly version: number;
      readonly fingerprint: string;
    }
  /** A backfill has rows left: the next message goes on where it stopped. */
  | { readonly kind: "continues"; readonly version: number; readonly rowsDone: number }
  /** Somebody else is at it, or the lead was lost: cancelled. */
  | { readonly kind: "overtaken"; readonly reason: "busy" | "lost" }
  /** The database was led with a higher fence before: which, where that is known. */
  | { readonly kind: "overtaken"; readonly reason: "fenced"; readonly fence: string | undefined }
  | SchemaFailure;

export interface SchemaFailure {
  readonly kind: "failed";
  /** What was reached before. */
  readonly version: number | undefined;
  /** In words for an operator: no values of rows, no secrets. */
  readonly message: string;
  /** The five characters of Postgres, or undefined when the failure is not its. */
  readonly sqlState: string | undefined;
  /** Whether the connection failed, whatever the state says. */
  readonly isConnection: boolean;
  readonly migration: string | undefined;
  /** Which of its statements, from 1; undefined for its verification. */
  readonly statement: number | undefined;
  /** What held the lock that was waited for: its application_name, or its role where that is hidden. */
  readonly blocker: string | undefined;
}

/** A schema by its logical catalogue: no OIDs, no order of columns. */
export interface SchemaFingerprint {
  readonly hash: string;
  /** Hash of each object by its name, such as `table pharmacy.items` or `column pharmacy.items.name`. */
  readonly objects: Readonly<Record<string, string>>;
}

/** A difference between what a schema is and what it should be. */
export interface SchemaDifference {
  readonly object: string;
  readonly is: "missing" | "unexpected" | "different";
}

export interface SchemaSight {
  readonly version: number;
  readonly fingerprint: SchemaFingerprint;
  /** Bytes by table, indexes included. */
  readonly tableSizes: Readonly<Record<string, number>>;
}

/** A reviewed file that mends data of one tenant. */
export interface RepairFacts {
  readonly name: string;
  readonly checksum: string;
  /** Who reviewed it, from its header. */
  readonly reviewedBy: string;
}

/**
 * The schemas of tenants' databases, on the owner credential. Everything may be repeated after any failure with the same
 * result: what was done is recorded in the database that it was done to, in the same transaction.
 */
export interface TenantSchemas {
  /** Those that this code comes with, in order. */
  readonly migrations: readonly MigrationFacts[];
  readonly repairs: readonly RepairFacts[];
  /** What the schema of a version should be. @throws DomainError `not_found` for a version that this code does not know */
  expected(version: number): SchemaFingerprint;
  /** Leads the schema up or down to a version. Never rejects because of the database: that is an outcome. */
  lead(owner: OwnerSecret, toVersion: number, lead: SchemaLead): Promise<SchemaOutcome>;
  /** Runs a repair once; a second time does nothing. `version` and `fingerprint` are the schema's, which it may not change. */
  repair(owner: OwnerSecret, name: string, lead: SchemaLead): Promise<SchemaOutcome>;
  /** @throws DomainError `unavailable` when the database does not answer, `conflict` when it is another tenant's */
  look(owner: OwnerSecret): Promise<SchemaSight>;
}

/** What one statement did in a rehearsal. */
export interface RehearsedStatement {
  readonly migration: string;
  /** From 1. After the last one comes the verification, while the locks are held. */
  readonly statement: number;
  /** Its first words, without literals. */
  readonly what: string;
  readonly durationMs: number;
  /**
   * The strongest lock on each table that was there before, in the words of pg_locks, when the statement had run: those
   * that earlier statements of the same transaction took are still held.
   */
  readonly locks: readonly { readonly relation: string; readonly mode: string }[];
  /** Tables that were written anew. */
  readonly rewrites: readonly string[];
  /** Tables that it went through, by an index or whole: it takes longer where they are larger. */
  readonly scans: readonly string[];
  /** The longest that a reader of those tables waited. */
  readonly blockedReadersMs: number;
  /** Bytes of the tables that it locked against writers or readers, when it was measured. */
  readonly lockedBytes: number;
}

export interface RehearsalReport {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly statements: readonly RehearsedStatement[];
  /** Up, down and up again led to the same schemas, and no row of the tables that were there before was lost. */
  readonly rollback: { readonly isProved: boolean; readonly reason: string | undefined };
  /** What made it fail; undefined when all went well. */
  readonly failure: string | undefined;
  readonly tableSizes: Readonly<Record<string, number>>;
}

/** Tries migrations on a database that nobody works in. */
export interface SchemaRehearsals {
  /**
   * Leads it up, down and up again; what fails in it is in the report.
   * @throws DomainError `unavailable` when the database does not answer or is being migrated, `conflict` when it has no
   * schema of ours, or another tenant's
   */
  rehearse(owner: OwnerSecret, toVersion: number): Promise<RehearsalReport>;
}
