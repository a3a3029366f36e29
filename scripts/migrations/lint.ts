import { fileURLToPath } from "node:url";
import type { Plane } from "@pharmasight/adapters/migrations/migration";
import { madeBy } from "./changes.ts";
import { MIGRATIONS_ROOT, PLANES, readParsedMigrations, readRepairs } from "./folders.ts";
import { KnownSchema } from "./known-schema.ts";
import type { ParsedMigration } from "./parse.ts";
import { constraintNotValid, indexConcurrently, notNullProved, tableRewrite } from "./rules/locks.ts";
import { contractOnly, contractPhase } from "./rules/phases.ts";
import type { Finding, Rule } from "./rules/rule.ts";
import { opaqueBlock, ownTransaction, repeatableOutside, verifyLooks, wholeTable } from "./rules/statements.ts";
import { squawk } from "./squawk.ts";

/** `npm run lint`: what stops a roll-out is cheaper to see here than in a thousand databases. */

const RULES: readonly Rule[] = [
  contractPhase,
  contractOnly,
  tableRewrite,
  indexConcurrently,
  constraintNotValid,
  notNullProved,
  repeatableOutside,
  ownTransaction,
  wholeTable,
  opaqueBlock,
  verifyLooks,
];

/** Findings of all rules in all migrations, without those that are waived. */
export async function lintMigrations(root: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const plane of PLANES) {
    const migrations = await readParsedMigrations(root, plane);
    found.push(
      ...withoutWaived([...checkRules(plane, migrations), ...(await squawk(root, plane, migrations))], migrations),
    );
  }
  await readRepairs(root);
  return found;
}

/** Findings of our own rules, waived ones too. @param migrations all of the plane, in order */
export function checkRules(plane: Plane, migrations: readonly ParsedMigration[]): Finding[] {
  const known = new KnownSchema();
  return migrations.flatMap((parsed, index) => {
    const subject = { ...parsed, plane, known, made: madeBy(parsed.up.statements), later: migrations.slice(index + 1) };
    const found = RULES.flatMap((rule) =>
      rule.check(subject).map(({ path = parsed.up.path, line, message }) => ({ path, line, rule: rule.name, message })),
    );
    known.apply(parsed.up.statements);
    return found;
  });
}

/** Leaves out what is waived; a waiver that waives nothing, or that has no reason, is a finding itself. */
export function withoutWaived(findings: readonly Finding[], migrations: readonly ParsedMigration[]): Finding[] {
  return migrations.flatMap(({ up, down, verify, waivers }) => {
    const own = findings.filter(({ path }) => [up, down, verify].some((script) => script.path === path));
    const idle = [...waivers.keys()]
      .filter((rule) => !own.some((finding) => finding.rule === rule))
      .map((rule) => ({
        path: up.path,
        line: 1,
        rule: "waive",
        message: `${rule} finds nothing here: take the waiver away.`,
      }));
    const silent = up.comments
      .filter(({ text }) => text.includes("squawk-ignore"))
      .map(({ line }) => ({
        path: up.path,
        line,
        rule: "waive",
        message: "Write `-- @waive squawk/rule: reason` at the top: a waiver has a reason.",
      }));
    return [...own.filter(({ rule }) => !waivers.has(rule)), ...idle, ...silent];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = await lintMigrations(MIGRATIONS_ROOT);
  for (const { path, line, rule, message } of findings) console.error(`${path}:${line} ${rule}: ${message}`);
  if (findings.length > 0) {
    console.error(
      `${findings.length} findings. docs/migrations.md says what each rule protects and how one is waived.`,
    );
    process.exitCode = 1;
  }
}
