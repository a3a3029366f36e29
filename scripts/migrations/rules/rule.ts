import type { Plane } from "@pharmasight/adapters/migrations/migration";
import type { KnownSchema } from "../known-schema.ts";
import type { ParsedMigration } from "../parse.ts";

/** What a rule looks at. */
export interface Subject extends ParsedMigration {
  readonly plane: Plane;
  /** The schema before this migration. */
  readonly known: KnownSchema;
  /** Objects that the migration makes: nobody uses them yet. */
  readonly made: ReadonlySet<string>;
  readonly later: readonly ParsedMigration[];
}

export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  /** What is wrong, and what to do instead. */
  readonly message: string;
}

export interface Rule {
  /** As waivers name it. */
  readonly name: string;
  check(subject: Subject): readonly Problem[];
}

export interface Problem {
  /** Absent: up.sql. */
  readonly path?: string;
  readonly line: number;
  readonly message: string;
}
