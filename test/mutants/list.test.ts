import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";

const root = resolve(import.meta.dirname, "../..");

test.each(mutants)("$name can be planted: its text stands once in its file, and its tests are there", (mutant) => {
  const source = readFileSync(join(root, mutant.file), "utf8");
  expect(source.split(mutant.find)).toHaveLength(2);
  expect(mutant.replacement).not.toBe(mutant.find);
  for (const file of mutant.killers.files) expect(existsSync(join(root, file)), file).toBe(true);
});

test("there are at least thirty, each with a name of its own", () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(30);
});
