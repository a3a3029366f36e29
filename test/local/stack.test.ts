import { chmod, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlConfig, provisioningConfig, tenantConfig } from "@pharmasight/adapters/config";
import type { DatabaseConnection } from "@pharmasight/local/control-database";
import { type Stack, startStack } from "@pharmasight/local/stack";
import { openState } from "@pharmasight/local/state";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";

let root: string;
let stack: Stack;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pharmasight-stack-"));
  await chmod(root, 0o755);
  stack = await startStack({ stateDir: join(root, "state"), port: 0, inMemory: true, log: () => {} });
});
afterAll(async () => {
  await stack?.stop();
  await rm(root, { recursive: true, force: true });
});

const status = (host: string, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: stack.port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

async function refusal(connection: DatabaseConnection, text: string): Promise<unknown> {
  const sql = postgres({ ...connection, max: 1 });
  try {
    await sql.unsafe(text);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await sql.end();
  }
}

test("the environment satisfies the configuration of every function", () => {
  expect(process.env).toMatchObject(stack.env);
  for (const config of [controlConfig, provisioningConfig, tenantConfig]) expect(config().ROOT_URL).toBe(stack.url);
});

test("the deployed handlers answer on the root domain and on hosts that no tenant has", async () => {
  expect(await status(`pharmasight.localhost:${stack.port}`, "/")).toBe(200);
  expect(await status(`www.pharmasight.localhost:${stack.port}`, "/")).toBe(200);
  expect(await status(`nobody.pharmasight.localhost:${stack.port}`, "/")).toBe(404);
  expect(await status(`nobody.pharmasight.localhost:${stack.port}`, "/auth/sign-in")).toBe(404);
});

test("the control plane's login cannot change the schema, and the registry's cannot read past its views", async () => {
  const { app, registryReader } = stack.controlDatabase;
  expect(await refusal(app, "select 1 from control.tenants")).toBeUndefined();
  expect(await refusal(app, "alter table control.tenants add column more text")).toBe("42501");
  expect(await refusal(app, "create table control.more (id int)")).toBe("42501");
  expect(await refusal(registryReader, "select 1 from registry.entries")).toBeUndefined();
  expect(await refusal(registryReader, "select 1 from control.tenants")).toBe("42501");
  expect(await refusal(registryReader, "delete from control.tenants")).toBe("42501");
});

test("a start that fails leaves nothing running and its folder free", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const stateDir = join(root, "failed");
  await expect(startStack({ stateDir, port, log: () => {} })).rejects.toThrow(`Port ${port} is taken`);
  await (await openState(stateDir)).release();
  await new Promise((resolve) => other.close(resolve));
});
