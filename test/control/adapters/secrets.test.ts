import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { secretsReadOnce } from "@pharmasight/adapters/secrets-read-once";
import type { HttpServer } from "@pharmasight/local/stand-ins/http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Scratch, scratchFolder, startTestSecretsManager } from "../../local/stand-ins/world.ts";

let scratch: Scratch;
let server: HttpServer;

beforeEach(async () => {
  scratch = await scratchFolder();
  server = await startTestSecretsManager(scratch.path("secrets.json"));
});

afterEach(async () => {
  await server.stop();
  vi.unstubAllEnvs();
  await scratch.remove();
});

test("a second creation returns the first reference and does not overwrite", async () => {
  const secrets = awsSecrets({ kmsKeyId: "alias/tenants" });
  const first = await secrets.create("tenant/a", "one");
  expect(first.created).toBe(true);
  expect(await secrets.create("tenant/a", "two")).toEqual({ reference: first.reference, created: false });
  expect(await secrets.read(first.reference)).toBe("one");
});

test("a creation whose reply was lost is repeated by the SDK and leaves one secret", async () => {
  server.faults.add({ on: "CreateSecret", action: "lost-reply" });
  const secrets = awsSecrets();
  const { reference } = await secrets.create("tenant/a", "one");
  expect(await secrets.read(reference)).toBe("one");
});

test("a replaced value is what the next read returns", async () => {
  const secrets = awsSecrets();
  const { reference } = await secrets.create("tenant/a", "one");
  await secrets.replace(reference, "two");
  expect(await secrets.read(reference)).toBe("two");
});

test("deleting twice succeeds, and reading or replacing afterwards is not_found", async () => {
  const secrets = awsSecrets();
  const { reference } = await secrets.create("tenant/a", "one");
  await secrets.delete(reference);
  await secrets.delete(reference);
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "not_found" });
  await expect(secrets.replace(reference, "x")).rejects.toMatchObject({ code: "not_found" });
});

test("throttling and failures pass unseen when they are few, and are unavailable when they last", async () => {
  const secrets = awsSecrets();
  const { reference } = await secrets.create("tenant/a", "one");
  server.faults.add({ on: "GetSecretValue", action: "429" }, { on: "GetSecretValue", action: "500" });
  expect(await secrets.read(reference)).toBe("one");
  server.faults.add({ on: "GetSecretValue", action: "500", count: 3 });
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "unavailable" });
  await server.stop();
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "unavailable" });
});

test("a refusal that no retry mends stays the error it is", async () => {
  const secrets = awsSecrets();
  await expect(secrets.create("a name with spaces", "x")).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("no error carries the value of a secret", async () => {
  const secrets = awsSecrets();
  server.faults.add({ on: "CreateSecret", action: "500", count: 3 });
  const error: unknown = await secrets.create("tenant/a", "hunter2").catch((thrown: unknown) => thrown);
  const { inspect } = await import("node:util");
  expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
});

test("within a run a secret is read once, what the run wrote is known, and what it deleted is gone", async () => {
  const others = awsSecrets();
  const { reference } = await others.create("tenant/a", "one");
  const secrets = secretsReadOnce(awsSecrets());
  expect(await secrets.read(reference)).toBe("one");
  const made = await secrets.create("tenant/b", "draft");
  const taken = await secrets.create("tenant/a", "another");
  expect(taken).toEqual({ reference, created: false });
  await others.replace(reference, "two");
  await others.replace(made.reference, "changed");
  expect([await secrets.read(reference), await secrets.read(made.reference)]).toEqual(["one", "draft"]);
  await secrets.replace(made.reference, "complete");
  expect([await secrets.read(reference), await secrets.read(made.reference)]).toEqual(["two", "complete"]);
  await secrets.delete("tenant/b");
  await expect(secrets.read(made.reference)).rejects.toMatchObject({ code: "not_found" });
});

test("a reading that failed is not remembered, and no secret of somebody else is taken for one's own", async () => {
  const others = awsSecrets();
  const { reference } = await others.create("tenant/a", "theirs");
  const secrets = secretsReadOnce(awsSecrets());
  server.faults.add({ on: "GetSecretValue", action: "500", count: 3 });
  await expect(secrets.read(reference)).rejects.toMatchObject({ code: "unavailable" });
  expect((await secrets.create("tenant/a", "ours")).created).toBe(false);
  expect(await secrets.read(reference)).toBe("theirs");
});
