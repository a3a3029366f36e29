import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openState, removeState } from "@pharmasight/local/state";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pharmasight-state-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("ports and secrets are made once and are the same after a restart, also when asked for side by side", async () => {
  const first = await openState(join(root, "kept"));
  const ports = await Promise.all(["a", "b", "a", "c"].map((name) => first.port(name)));
  const secret = await first.secret("key");
  await first.release();
  expect(ports[0]).toBe(ports[2]);
  expect(new Set(ports).size).toBe(3);
  expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  const second = await openState(join(root, "kept"));
  expect([await second.port("a"), await second.port("b"), await second.secret("key")]).toEqual([
    ports[0],
    ports[1],
    secret,
  ]);
  await second.release();
  expect((await stat(join(root, "kept", "state.json"))).mode & 0o777).toBe(0o600);
});

test("a second stack on the same folder is refused in one sentence that names the first", async () => {
  const dir = join(root, "held");
  const first = await openState(dir);
  await expect(openState(dir)).rejects.toThrow(
    `The stack already runs on ${dir} (process ${process.pid}): stop it first`,
  );
  await expect(removeState(dir, async () => {})).rejects.toThrow("The stack already runs");
  await first.release();
  await (await openState(dir)).release();
});

test("the lock of a process that was killed is taken over", async () => {
  const dir = join(root, "orphaned");
  const script = join(root, "holder.mjs");
  await writeFile(
    script,
    `import { openState } from ${JSON.stringify(import.meta.resolve("../../packages/local/state.ts"))};
     await openState(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000);`,
  );
  const holder = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  await expect(openState(dir)).rejects.toThrow(`process ${holder.pid}`);
  holder.kill("SIGKILL");
  const state = await vi.waitFor(() => openState(dir), { timeout: 10_000 });
  expect(await readFile(join(dir, "pid"), "utf8")).toBe(String(process.pid));
  await state.release();
});

test("a folder that is a file, or holds something else, is refused and left alone", async () => {
  const file = join(root, "file");
  await writeFile(file, "mine");
  await expect(openState(file)).rejects.toThrow("is a file or below one");
  await expect(openState(join(file, "below"))).rejects.toThrow("is a file or below one");
  await expect(openState(root)).rejects.toThrow("has other files in it");
  expect(await readFile(file, "utf8")).toBe("mine");
});

test("a state file that cannot be read is said, with the way out", async () => {
  const dir = join(root, "broken");
  await (await openState(dir)).release();
  await writeFile(join(dir, "state.json"), "{");
  await expect(openState(dir)).rejects.toThrow('run "npm run reset"');
  await removeState(dir, async () => {});
  await (await openState(dir)).release();
});
