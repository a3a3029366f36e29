import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "@pharmasight/local/postgres/cluster";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

const log = () => {};
let folder: string;
const running = new Set<Cluster>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-cluster-"));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  await Promise.all([...running].map((cluster) => cluster.stop()));
  running.clear();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(name: string, more: { inMemory?: boolean } = {}): Promise<Cluster> {
  const cluster = await startCluster({ dataDir: join(folder, name, "data"), log, ...more });
  running.add(cluster);
  return cluster;
}

async function query(cluster: Cluster, text: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres({ ...cluster, username: cluster.superuser.user, password: cluster.superuser.password, max: 1 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

test("a new cluster is UTF8, wants a SCRAM password and hears of dead clients", async () => {
  const cluster = await start("fresh", { inMemory: true });
  const [row] = await query(
    cluster,
    `select current_setting('server_encoding') as encoding, current_setting('client_connection_check_interval') as checks,
       current_setting('max_connections') as connections, (select rolpassword like 'SCRAM-SHA-256%' from pg_authid
       where rolname = current_user) as scram`,
  );
  expect(row).toEqual({ encoding: "UTF8", checks: "2s", connections: "500", scram: true });
  await expect(
    query({ ...cluster, superuser: { user: "postgres", password: "wrong" } }, "select 1"),
  ).rejects.toMatchObject({ code: "28P01" });
});

test("data, port and password survive a restart", async () => {
  const first = await start("kept");
  await query(first, "create table kept as select 42 as answer");
  await first.stop();
  const second = await start("kept");
  expect({ port: second.port, superuser: second.superuser }).toEqual({ port: first.port, superuser: first.superuser });
  expect(await query(second, "select answer from kept")).toEqual([{ answer: 42 }]);
});

test("a parent that is killed takes its server with it, and the next start finds the data", async () => {
  const dataDir = join(folder, "killed", "data");
  const script = join(folder, "parent.mjs");
  await writeFile(
    script,
    `import { startCluster } from ${JSON.stringify(import.meta.resolve("../../packages/local/postgres/cluster.ts"))};
     await startCluster({ dataDir: ${JSON.stringify(dataDir)}, log: () => {} });
     console.log("up"); setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => parent.stdout.once("data", resolve));
  const pid = Number((await readFile(join(dataDir, "postmaster.pid"), "utf8")).split("\n")[0]);
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });
  const cluster = await start("killed");
  expect(await query(cluster, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a live server of an earlier run is stopped and its folder served again", async () => {
  const earlier = await start("alive");
  const lines: string[] = [];
  const cluster = await startCluster({ dataDir: join(folder, "alive", "data"), log: (line) => lines.push(line) });
  running.add(cluster);
  expect(cluster.port).toBe(earlier.port);
  expect(lines.join()).toContain("Stopping the database server of an earlier run");
  expect(await query(cluster, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a pid file whose number is now another program's does not stop a start", async () => {
  const first = await start("stale");
  await first.stop();
  const dataDir = join(folder, "stale", "data");
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  await writeFile(join(dataDir, "postmaster.pid"), `${other.pid}\n${dataDir}\n0\n${first.port}\n`, { mode: 0o600 });
  const cluster = await start("stale");
  expect(await query(cluster, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(isAlive(other.pid ?? 0)).toBe(true);
  other.kill("SIGKILL");
});

test("an initialisation that was killed half-way is begun afresh", async () => {
  await mkdir(join(folder, "half", "data.new", "base"), { recursive: true });
  await mkdir(join(folder, "half", "data"), { recursive: true });
  await writeFile(join(folder, "half", "data", "PG_VERSION"), "17\n");
  const cluster = await start("half");
  expect(await query(cluster, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a port taken by another program is said in one sentence", async () => {
  const first = await start("taken");
  await first.stop();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(first.port, "127.0.0.1", resolve));
  await expect(start("taken")).rejects.toThrow(`Port ${first.port}, which this database keeps`);
  await new Promise((resolve) => other.close(resolve));
});

test.runIf(process.getuid?.() === 0)("a closed folder on the way is named", async () => {
  await mkdir(join(folder, "closed", "state"), { recursive: true });
  await chmod(join(folder, "closed"), 0o700);
  await expect(start(join("closed", "state"))).rejects.toThrow(`who may not pass through ${join(folder, "closed")}:`);
});

/** Zombies count as dead: where nobody collects orphans, a stopped server stays in the table. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(process.platform === "linux" ? readFileSync(`/proc/${pid}/stat`, "utf8") : "");
  } catch {
    return false;
  }
}
