import type { Rehearsal } from "@pharmasight/core/control/fleet/fleet";
import { facts, milliseconds, table } from "../operators/tables.ts";

const WIDE = 120;

/** What each statement locked and for how long, and whether the way back was proved. */
export function rehearsalText({ id, fromVersion, toVersion, hasPassed, report }: Rehearsal): string {
  const { statements, rollback, failure } = report;
  return [
    facts([
      ["rehearsal", id],
      ["versions", `${fromVersion} to ${toVersion}`],
      ["passed", hasPassed ? "yes: it may be rolled out" : "NO"],
      ...(failure === undefined ? [] : [["failure", failure] as const]),
      ["way back", rollback.isProved ? "proved: up, down and up again" : `not proved: ${rollback.reason ?? "unknown"}`],
    ]),
    table(
      ["MIGRATION", "STATEMENT", "WHAT", "TOOK", "READERS WAITED", "STRONGEST LOCKS", "REWRITES"],
      statements.map(({ migration, statement, what, durationMs, blockedReadersMs, locks, rewrites }) => [
        migration,
        statement,
        what,
        milliseconds(durationMs),
        milliseconds(blockedReadersMs),
        locks.map(({ relation, mode }) => `${relation} ${mode}`).join(", "),
        rewrites.join(", "),
      ]),
      WIDE,
    ),
  ].join("\n\n");
}
