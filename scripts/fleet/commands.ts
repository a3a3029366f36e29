import * as changing from "./changing.ts";
import type { Call, Outcome } from "./command.ts";
import * as looking from "./looking.ts";
import * as rollingOut from "./rolling-out.ts";
import type { Command } from "./usage.ts";

/** What carries out each command. */
export const commandRuns: Readonly<Record<Command, (call: Call) => Promise<Outcome>>> = {
  plan: rollingOut.plan,
  rehearse: rollingOut.rehearse,
  deploy: rollingOut.deploy,
  rollback: rollingOut.rollback,
  repair: rollingOut.repair,
  status: looking.status,
  targets: looking.targets,
  history: looking.history,
  list: looking.list,
  schemas: looking.schemas,
  drift: looking.drift,
  look: looking.look,
  releases: looking.releases,
  pause: changing.pause,
  resume: changing.resume,
  promote: changing.promote,
  abandon: changing.abandon,
  retry: changing.retry,
  skip: changing.skip,
  pace: changing.pace,
  retire: changing.retire,
  ring: changing.ring,
  quiet: changing.quiet,
  cap: changing.cap,
};
