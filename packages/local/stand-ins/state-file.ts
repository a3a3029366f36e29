import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type * as z from "zod";

export interface StateFile<T> {
  readonly value: T;
  /** Writes the whole value before it returns: a reply that follows speaks the truth, also after a crash. */
  save(): void;
}

/**
 * A stand-in's memory: one JSON file that only its owner may read, replaced as a whole, so that a crash leaves the old
 * one or the new one.
 * @throws Error when the file exists but was not written by this version of the stand-in
 */
export function openStateFile<T>(file: string, schema: z.ZodType<T>, initial: T): StateFile<T> {
  mkdirSync(dirname(file), { recursive: true });
  const value = read(file, schema) ?? initial;
  const save = () => {
    const next = `${file}.next`;
    writeFileSync(next, JSON.stringify(value, undefined, 1), { mode: 0o600 });
    // `mode` does nothing to a file that an earlier crash left behind.
    chmodSync(next, 0o600);
    renameSync(next, file);
  };
  save();
  return { value, save };
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} is not readable as the state of a stand-in: delete it to start without.`, {
      cause: error,
    });
  }
}
