import { readFile, stat, writeFile } from "node:fs/promises";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { HttpServer } from "@pharmasight/local/stand-ins/http";
import { startSecretsManager } from "@pharmasight/local/stand-ins/secrets-manager";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ManualClock, manualClock, type Scratch, scratchFolder, startTestSecretsManager } from "./world.ts";

let scratch: Scratch;
let clock: ManualClock;
let server: HttpServer;
let client: SecretsManagerClient;

beforeEach(async () => {
  scratch = await scratchFolder();
  clock = manualClock();
  server = await startTestSecretsManager(scratch.path("secrets.json"), clock);
  client = new SecretsManagerClient({ maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await server.stop();
  vi.unstubAllEnvs();
  await scratch.remove();
});

const create = (name: string, value: string, token?: string) =>
  client.send(
    new CreateSecretCommand({ Name: name, SecretString: value, ...(token ? { ClientRequestToken: token } : {}) }),
  );
const read = (id: string) => client.send(new GetSecretValueCommand({ SecretId: id }));

test("a secret made anew under an old name has another reference, six characters longer than its name", async () => {
  const first = await create("tenant/a", "one");
  expect(first.ARN).toMatch(/^arn:aws:secretsmanager:eu-central-1:000000000000:secret:tenant\/a-[A-Za-z0-9]{6}$/);
  await client.send(new DeleteSecretCommand({ SecretId: "tenant/a", ForceDeleteWithoutRecovery: true }));
  const second = await create("tenant/a", "two");
  expect(second.ARN).not.toBe(first.ARN);
});

test("the same request token repeats a creation, and another value under it is refused", async () => {
  const token = "0".repeat(32);
  const first = await create("tenant/a", "one", token);
  expect((await create("tenant/a", "one", token)).ARN).toBe(first.ARN);
  await expect(create("tenant/a", "two", token)).rejects.toMatchObject({ name: "ResourceExistsException" });
  expect((await read("tenant/a")).SecretString).toBe("one");
});

test("a name deleted with a recovery window stays taken until the window has passed", async () => {
  await create("tenant/a", "one");
  await client.send(new DeleteSecretCommand({ SecretId: "tenant/a", RecoveryWindowInDays: 7 }));
  await expect(read("tenant/a")).rejects.toMatchObject({ name: "InvalidRequestException" });
  await expect(create("tenant/a", "two")).rejects.toMatchObject({ name: "InvalidRequestException" });
  clock.advance(7 * 86_400);
  await expect(read("tenant/a")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await create("tenant/a", "two");
});

test("a restart keeps every secret, in a file that only its owner may read", async () => {
  const { ARN = "" } = await create("tenant/a", "one");
  await server.stop();
  const file = scratch.path("secrets.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  server = await startTestSecretsManager(file, clock);
  client = new SecretsManagerClient({ maxAttempts: 1 });
  expect((await read(ARN)).SecretString).toBe("one");
});

test("a state file of something else is refused by name and left as it was", async () => {
  const file = scratch.path("other.json");
  await writeFile(file, '{"secrets":1}');
  await expect(startSecretsManager({ file, port: 0 })).rejects.toThrow(file);
  expect(await readFile(file, "utf8")).toBe('{"secrets":1}');
});

test("unknown actions, unknown parameters and unsigned requests are refused with the real error types", async () => {
  await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: "UnknownOperationException" });
  await expect(
    client.send(new CreateSecretCommand({ Name: "a", SecretString: "b", Description: "c" })),
  ).rejects.toMatchObject({ name: "InvalidParameterException", message: expect.stringContaining("Description") });
  await expect(create("bad name", "x")).rejects.toMatchObject({ name: "InvalidParameterException" });
  const unsigned = await fetch(server.url, {
    method: "POST",
    headers: { "x-amz-target": "secretsmanager.GetSecretValue" },
    body: "{}",
  });
  expect(unsigned.status).toBe(400);
  expect(await unsigned.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
});

test("a fault set over HTTP hits the named action as often as asked, and no other", async () => {
  await create("tenant/a", "one");
  const set = await fetch(`${server.url}/_faults`, {
    method: "POST",
    body: JSON.stringify({ on: "^GetSecretValue$", action: "429", count: 2 }),
  });
  expect(set.status).toBe(200);
  await create("tenant/b", "one");
  await expect(read("tenant/a")).rejects.toMatchObject({ name: "ThrottlingException" });
  await expect(read("tenant/a")).rejects.toMatchObject({ name: "ThrottlingException" });
  await read("tenant/a");
  server.faults.add({ on: "GetSecretValue", action: "500", count: 9 });
  await fetch(`${server.url}/_faults`, { method: "DELETE" });
  await read("tenant/a");
});

test("a fault that makes no sense is refused", async () => {
  for (const fault of [{ on: "(", action: "500" }, { on: "x", action: "explode" }, { action: "500" }, "nonsense"]) {
    const reply = await fetch(`${server.url}/_faults`, { method: "POST", body: JSON.stringify(fault) });
    expect(reply.status).toBe(400);
  }
});
