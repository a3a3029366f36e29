import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

test("the code compiles, and what must not compile does not", async () => {
  const compiler = join(root, "node_modules/.bin/tsc");
  const errors = await promisify(execFile)(compiler, ["--noEmit", "--pretty", "false"], { cwd: root }).then(
    () => "",
    (failure: { stdout: string }) => failure.stdout,
  );
  expect(errors).toBe("");
});
