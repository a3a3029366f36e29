import { createInterface } from "node:readline/promises";
import { UsageError } from "./usage.ts";

/** Where a command speaks to its operator. */
export interface Terminal {
  /** Whether a person sees it, and may answer. */
  readonly isInteractive: boolean;
  readonly width: number;
  /** Writes as it is. */
  write(text: string): void;
  ask(question: string): Promise<string>;
}

export const processTerminal: Terminal = {
  isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
  width: process.stdout.columns ?? 80,
  write: (text) => void process.stdout.write(text),
  ask: async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
};

/**
 * Lets an operator type yes.
 * @returns false when they typed anything else
 * @throws UsageError where nobody can
 */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  if (!terminal.isInteractive) {
    throw new UsageError("Nobody can be asked here: look at the plan, then add --yes. Nothing was done.");
  }
  return (await terminal.ask(`${question} Type yes to go on: `)).trim().toLowerCase() === "yes";
}
