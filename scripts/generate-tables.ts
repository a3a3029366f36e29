import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@pharmasight/adapters/migrations/executor";
import type { Plane } from "@pharmasight/adapters/migrations/migration";
import type { Session } from "@pharmasight/adapters/postgres/client";
import { withSession } from "@pharmasight/adapters/postgres/session";
import { type Cluster, startCluster } from "@pharmasight/local/postgres/cluster";
import { MIGRATIONS_ROOT, readMigrations } from "./migrations/folders.ts";
import { readColumns, renderTables } from "./table-types.ts";

/** Writes the row types that core's queries are checked against, from databases that the migrations have just made. */

const core = (path: string): string => fileURLToPath(new URL(`../packages/core/${path}`, import.meta.url));
const CONTROL_MODULE = core("control/tables.generated.ts");
const REGISTRY_MODULE = core("registry/tables.generated.ts");
const TENANT_MODULE = core("tenant/tables.generated.ts");

/** Text of each generated module by its path. Needs an empty cluster: it makes databases and roles. */
export async function renderTableModules(cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const control = await inMigratedDatabase(cluster, "control", async (session) => ({
    tables: await readColumns(session, "control", null),
    registry: await readColumns(session, "registry", "registry_reader"),
  }));
  const tenant = await inMigratedDatabase(cluster, "tenant", (session) => readColumns(session, "pharmacy", null));
  return new Map([
    [CONTROL_MODULE, renderTables("ControlTables", control.tables)],
    [REGISTRY_MODULE, renderTables("RegistryTables", control.registry)],
    [TENANT_MODULE, renderTables("TenantTables", tenant)],
  ]);
}

async function inMigratedDatabase<T>(
  cluster: Cluster,
  plane: Plane,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const at = (database: string) => ({
    endpoint: { host: cluster.host, port: cluster.port, database },
    credential: cluster.superuser,
    applicationName: "pharmasight-generate",
  });
  const database = `generate_${plane}`;
  await withSession(at("postgres"), async (session) => {
    await session.script(`create database ${database}`);
    // Provisioning makes these before the first migration.
    for (const role of plane === "tenant" ? ["pharmacy_app", "pharmacy_reader"] : []) {
      await session.script(
        `do $$ begin create role ${role} nologin; exception when duplicate_object then null; end $$`,
      );
    }
  });
  await migrate({ ...at(database), plane, migrations: await readMigrations(MIGRATIONS_ROOT, plane) });
  return withSession(at(database), work);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-generate-"));
  // Postgres may run as another user than this one.
  await chmod(folder, 0o755);
  const cluster = await startCluster({ dataDir: join(folder, "data"), inMemory: true, log: () => {} });
  try {
    for (const [path, text] of await renderTableModules(cluster)) await writeFile(path, text);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
