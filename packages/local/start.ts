import { DomainError } from "@pharmasight/core/kernel/errors";
import { refreshAssets } from "./assets.ts";
import { repositoryRoot } from "./lambda.ts";
import { type Stack, startStack } from "./stack.ts";
import { defaultStateDir } from "./state.ts";

/** `npm start`: brings the whole platform up, says where it is, and takes it down on Ctrl-C. */

const NODE_MAJOR = 24;
const DEFAULT_PORT = "3000";
const log = (line: string) => console.log(line);

let starting: Promise<Stack> | undefined;
/** When the first signal came, in ms since this process started. */
let askedAtMs: number | undefined;

/** One Ctrl-C reaches this process twice: from the terminal and, passed on, from npm. */
const SAME_SIGNAL_MS = 500;

/** The first signal drains; the second leaves at once, and the watcher stops the databases. */
async function leave(): Promise<void> {
  if (askedAtMs !== undefined && performance.now() - askedAtMs < SAME_SIGNAL_MS) return;
  if (askedAtMs !== undefined) process.exit(130);
  askedAtMs = performance.now();
  log("\nStopping; what is under way may finish. Ctrl-C once more stops at once.");
  await starting?.then((stack) => stack.stop()).catch(() => undefined);
  process.exit(0);
}

async function main(): Promise<void> {
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR) {
    throw new DomainError(
      "unavailable",
      `This needs Node ${NODE_MAJOR}, not ${process.versions.node}: start it with "npm start" after "npm ci" with install scripts allowed.`,
    );
  }
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => void leave());
  await refreshAssets(log);
  starting = startStack({
    stateDir: defaultStateDir(repositoryRoot),
    port: portFrom(process.env.PORT),
    planPlaces: process.env.PLAN_PLACES,
    log,
  });
  const stack = await starting;
  if (askedAtMs !== undefined) return;
  log(
    `\nPharmaSight  ${stack.url}\nInbox        ${stack.inboxUrl}\n\nCtrl-C stops it; "npm run reset" forgets everything.`,
  );
}

/** @throws DomainError for anything but a port number */
function portFrom(text = DEFAULT_PORT): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new DomainError("invalid_input", `PORT has to be a whole number from 1 to 65535, not "${text}".`);
}

main().catch((error: unknown) => {
  // A sentence for what a person can mend; the whole trace for what is our fault.
  console.error(error instanceof DomainError ? error.message : error);
  process.exit(1);
});
