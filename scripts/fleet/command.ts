import { Fleet, type FleetPorts } from "@pharmasight/core/control/fleet/fleet";
import type { ControlScope } from "@pharmasight/core/control/scope";
import type { Options } from "../operators/options.ts";
import type { Terminal } from "../operators/terminal.ts";
import { UsageError } from "../operators/usage.ts";

/** A command as it was called. */
export interface Call {
  readonly operator: ControlScope;
  readonly ports: FleetPorts;
  readonly terminal: Terminal;
  /** What came after the command's name. */
  readonly word: string | undefined;
  readonly options: Options;
}

/** How a command ended. */
export interface Outcome {
  readonly code: ExitCode;
  readonly text: string;
  /** The same for programs. */
  readonly data: unknown;
}

/** 0 done, 1 refused or failed, 3 halted or with failures, 4 drift found or not ruled out; 2, called wrongly, is an error. */
export type ExitCode = 0 | 1 | 3 | 4;

const SEEN = 100;

/**
 * The deployment that a command is about: the one that was named, or the only one that has not ended.
 * @throws UsageError when it is not clear which
 */
export async function deploymentOf({ operator, word }: Call): Promise<string> {
  if (word !== undefined) return word;
  const { deployments } = await Fleet.list(operator, { limit: SEEN });
  const open = deployments.filter(({ finishedAt }) => finishedAt === null);
  const [only] = open;
  if (only !== undefined && open.length === 1) return only.id;
  const [newest] = deployments;
  if (only === undefined && newest !== undefined) {
    throw new UsageError(`No deployment is open: the newest, ${newest.id}, is ${newest.state}.`);
  }
  if (only === undefined) throw new UsageError("No deployment is open. See: npm run fleet -- list");
  throw new UsageError(`${open.length} deployments are open: say which. See: npm run fleet -- list`);
}
