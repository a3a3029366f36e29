import { userInfo } from "node:os";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { UsageError } from "./usage.ts";

/** What the commands of operators have in common as processes. */

/**
 * Runs a command on the process's arguments and ends the process: with the code that it returns, with 1 when it was
 * refused or failed, with 2 when it was called wrongly. With --json an error is an object as well, where results are.
 */
export async function operate(script: string, run: (args: readonly string[]) => Promise<number>): Promise<never> {
  try {
    process.exit(await run(process.argv.slice(2)));
  } catch (error) {
    if (process.argv.includes("--json")) {
      await print(JSON.stringify({ error: describe(error) }));
      process.exit(error instanceof UsageError ? 2 : 1);
    }
    if (error instanceof UsageError) {
      console.error(`${error.message}\nSee "npm run ${script} -- --help".`);
      process.exit(2);
    }
    // A sentence for what an operator can mend; the whole trace for what is our fault.
    console.error(error instanceof DomainError ? error.message : error);
    process.exit(1);
  }
}

/** For programs: what is our fault is told by its trace elsewhere. */
function describe(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof UsageError) return { code: "usage", message: error.message };
  if (error instanceof DomainError) return { code: error.code, message: error.message, fields: error.fields };
  console.error(error);
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

/** `parseArgs`. @throws UsageError for what it does not understand */
export function argumentsOf<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Whoever calls the command, by name. @throws UsageError when they have none */
export function operatorIdOf(option: string | undefined): string {
  const operatorId = (option ?? userInfo().username).trim();
  if (operatorId !== "") return operatorId;
  throw new UsageError("Say who you are with --operator <name>: the audit log keeps it.");
}

/** @param page that says how other stages are configured. @throws UsageError when none is */
export async function requireStage(page: string): Promise<void> {
  if (process.env.STAGE === undefined) {
    throw new UsageError(`No stage is configured. Start one with "npm start", or see ${page} for others.`);
  }
  if (process.env.STAGE !== "local") return;
  const { forgetMisleading } = await import("@pharmasight/local/environment");
  forgetMisleading();
}

/** Waits until it is written: the process ends right after, and a pipe may be slow. */
export const print = (text: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${text.trimEnd()}\n`, () => resolve()));
