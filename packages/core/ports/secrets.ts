import type * as z from "zod";
import { parseJson } from "../kernel/json.ts";
import { UNCOMPILED } from "../kernel/parsing.ts";

/** Secrets by reference. Values are never logged and never put into an error. */
export interface Secrets {
  /**
   * Creates a secret, or returns the reference of the one with this name: a second call never overwrites.
   * @returns the reference (ARN) that `read` takes
   */
  create(name: string, value: string): Promise<{ reference: string; created: boolean }>;
  /** @throws DomainError `not_found` when there is none, `unavailable` when the service does not answer */
  read(reference: string): Promise<string>;
  replace(reference: string, value: string): Promise<void>;
  /** Deletes at once and for good. Deleting what is not there succeeds. */
  delete(reference: string): Promise<void>;
}

/**
 * Reads a secret that is kept as JSON. What is wrong with it is not said: a parser's message quotes what it parsed.
 * @throws Error without any part of the value
 */
export function parseSecret<T>(schema: z.ZodType<T>, value: string): T {
  const parsed = schema.safeParse(parseJson(value), UNCOMPILED);
  if (!parsed.success) throw new Error("The secret does not have the form that is expected of it.");
  return parsed.data;
}
