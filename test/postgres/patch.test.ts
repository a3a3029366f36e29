import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCluster, type TestCluster } from "./fixture.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** Without `patches/postgres+3.4.9.patch` this ends the process with a TypeError that nobody can catch. */
test("postgres.js fails a query on a reserved connection whose server process died", async () => {
  const { host, port, superuser } = cluster;
  let closed = false;
  const sql = postgres({
    host,
    port,
    ...superuser,
    database: "postgres",
    max: 1,
    onclose: () => {
      closed = true;
    },
  });
  const reserved = await sql.reserve();
  const [row] = await reserved`select pg_backend_pid() as pid`;
  await cluster.admin`select pg_terminate_backend(${row?.pid})`;
  await expect.poll(() => closed).toBe(true);
  await expect(reserved`select 1`).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  await sql.end({ timeout: 0 });
});
