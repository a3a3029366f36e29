import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SCHEMAS } from "@pharmasight/adapters/migrations/catalogue";
import { type FingerprintStep, fingerprintOf } from "@pharmasight/adapters/migrations/fingerprint";
import type { Migration, Plane } from "@pharmasight/adapters/migrations/migration";
import { migrations } from "@pharmasight/adapters/migrations/migrations.generated";
import type { Session } from "@pharmasight/adapters/postgres/client";
import { withSession } from "@pharmasight/adapters/postgres/session";
import type { SchemaFingerprint } from "@pharmasight/core/ports/schemas";
import { type Cluster, startCluster } from "@pharmasight/local/postgres/cluster";

/** Writes what the schema of each version should be, from a database that is led there one version after another. */

export const FINGERPRINTS_MODULE = fileURLToPath(
  new URL("../packages/adapters/migrations/fingerprints.generated.ts", import.meta.url),
);
const PLANES: readonly Plane[] = ["control", "tenant"];
/** Provisioning makes these before the first migration. */
const ROLES: readonly string[] = ["pharmacy_app", "pharmacy_reader"];

/** Text of the module. Needs an empty cluster: it makes databases and roles. */
export async function renderFingerprints(cluster: Cluster): Promise<string> {
  const lines = [
    "// Generated from the migrations by `npm run generate`. Do not edit.",
    'import type { FingerprintStep } from "./fingerprint.ts";',
    'import type { Plane } from "./migration.ts";',
    "",
    "/** From version 0, where there is an empty schema. Objects as they differ from the version before. */",
    "export const fingerprints: Readonly<Record<Plane, readonly FingerprintStep[]>> = {",
  ];
  for (const plane of PLANES) {
    lines.push(`  ${plane}: [`);
    for (const step of await stepsOf(cluster, plane)) lines.push(`    ${JSON.stringify(step)},`);
    lines.push("  ],");
  }
  return [...lines, "};", ""].join("\n");
}

async function stepsOf(cluster: Cluster, plane: Plane): Promise<FingerprintStep[]> {
  const at = (database: string) => ({
    endpoint: { host: cluster.host, port: cluster.port, database },
    credential: cluster.superuser,
    applicationName: "pharmasight-generate",
  });
  const database = `fingerprints_${plane}`;
  await withSession(at("postgres"), async (session) => {
    for (const role of ROLES) {
      await session.script(
        `do $$ begin create role ${role} nologin; exception when duplicate_object then null; end $$`,
      );
    }
    await session.script(`create database ${database}`);
  });
  return withSession(at(database), async (session) => {
    const [schema] = SCHEMAS[plane];
    await session.script(`create schema ${schema}; set search_path to ${schema}, public`);
    let before = await fingerprintOf(session, plane);
    const steps = [stepBetween({ hash: "", objects: {} }, before)];
    for (const migration of migrations[plane]) {
      await apply(session, migration);
      const after = await fingerprintOf(session, plane);
      steps.push(stepBetween(before, after));
      before = after;
    }
    return steps;
  });
}

/** A backfill finds no rows to change. */
async function apply(session: Session, { up, isBackfill }: Migration): Promise<void> {
  for (const statement of isBackfill ? [] : up) await session.script(statement);
}

function stepBetween(before: SchemaFingerprint, after: SchemaFingerprint): FingerprintStep {
  let last = "";
  const set = Object.keys(after.objects)
    .sort()
    .filter((name) => before.objects[name] !== after.objects[name])
    .map((name) => {
      let shared = 0;
      while (shared < name.length && name[shared] === last[shared]) shared += 1;
      last = name;
      return [shared, name.slice(shared), after.objects[name] ?? ""] as const;
    });
  const gone = Object.keys(before.objects).filter((name) => after.objects[name] === undefined);
  return { hash: after.hash, set, gone: gone.sort() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-generate-"));
  // Postgres may run as another user than this one.
  await chmod(folder, 0o755);
  const cluster = await startCluster({ dataDir: join(folder, "data"), inMemory: true, log: () => {} });
  try {
    await writeFile(FINGERPRINTS_MODULE, await renderFingerprints(cluster));
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
