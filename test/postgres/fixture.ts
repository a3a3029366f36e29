import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "@pharmasight/core/kernel/log";
import { type Cluster, startCluster } from "@pharmasight/local/postgres/cluster";
import postgres from "postgres";

export interface TestCluster extends Cluster {
  /** The superuser's connection, on a driver of its own: what is tested must not be what looks on. */
  readonly admin: postgres.Sql;
  /** A superuser's connection to another database; closed with the cluster. */
  connect(database: string, user?: { user: string; password: string }): postgres.Sql;
}

export async function startTestCluster(): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-test-"));
  await chmod(folder, 0o755);
  const cluster = await startCluster({ dataDir: join(folder, "data"), inMemory: true, log: () => {} });
  const clients: postgres.Sql[] = [];
  const connect: TestCluster["connect"] = (database, user = cluster.superuser) => {
    const { host, port } = cluster;
    const client = postgres({ host, port, database, ...user, max: 1, onnotice: () => {} });
    clients.push(client);
    return client;
  };
  return {
    ...cluster,
    admin: connect("postgres"),
    connect,
    stop: async () => {
      await Promise.all(clients.map((client) => client.end({ timeout: 0 })));
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const silent: Log = { info: () => {}, warn: () => {}, error: () => {}, alarm: () => {} };
