import { userInfo } from "node:os";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { UsageError } from "./usage.ts";

/** What the commands of operators have in common as processes. */

/**
 * Runs a command on the process's arguments and ends the process: with the code that it returns, with 1 when it was
 * refused or failed, with 2 when it was called wrongly.
 */
export async function operate(script: string, run: (args: readonly string[]) => Promise<number>): Promise<never> {
  try {
    process.exit(await run(process.argv.slice(2)));
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nSee "npm run ${script} -- --help".`);
      process.exit(2);
    }
    // A sentence for what an operator can mend; the whole trace for what is our fault.
    console.error(error instanceof DomainError ? error.message : error);
    process.exit(1);
  }
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
