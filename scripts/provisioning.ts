import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { USAGE, UsageError } from "./provisioning/usage.ts";

/**
 * `npm run provisioning -- <command>`: what an operator does when the saga could not. Beside a running `npm start` it
 * finds its settings in the state folder; for a deployed stage they are those of the provisioning worker.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 called wrongly.
 */

const options = {
  help: { type: "boolean", short: "h", default: false },
  operator: { type: "string" },
  reason: { type: "string" },
  state: { type: "string" },
  limit: { type: "string" },
  before: { type: "string" },
  jobs: { type: "string" },
  confirm: { type: "string" },
  email: { type: "string" },
  project: { type: "string" },
  provider: { type: "string" },
  session: { type: "string" },
  pooled: { type: "string" },
  "user-suffix": { type: "string" },
  credential: { type: "string" },
} as const;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsed(args);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined || command === "help") return print(USAGE);
  const operatorId = (values.operator ?? userInfo().username).trim();
  if (operatorId === "") throw new UsageError("Say who you are with --operator <name>: the audit log keeps it.");
  if (process.env.STAGE === undefined) {
    throw new UsageError('No stage is configured. Start one with "npm start", or see docs/provisioning.md for others.');
  }
  if (process.env.STAGE === "local") {
    const { forgetMisleading } = await import("@pharmasight/local/environment");
    forgetMisleading();
  }
  // Loaded only now: whoever asks for help waits for no SDK.
  const { runCommand } = await import("./provisioning/commands.ts");
  const { provisioningPlatform } = await import("@pharmasight/adapters/provisioning-platform");
  const { control, ports, settings } = await provisioningPlatform();
  const operator = control({ kind: "operator", operatorId });
  await print(await runCommand({ operator, ports, settings }, command, rest, values));
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Waits until it is written: the process ends right after, and a pipe may be slow. */
const print = (text: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${text.trimEnd()}\n`, () => resolve()));

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\nSee "npm run provisioning -- --help".`);
    process.exit(2);
  }
  // A sentence for what an operator can mend; the whole trace for what is our fault.
  console.error(error instanceof DomainError ? error.message : error);
  process.exit(1);
}
