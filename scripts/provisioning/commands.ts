import {
  type JobState,
  Provisioning,
  type ProvisioningPorts,
  type ProvisioningSettings,
} from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlScope } from "@pharmasight/core/control/scope";
import * as z from "zod";
import { UsageError } from "../operators/usage.ts";
import { readAdopted } from "./adopted.ts";
import { jobsTable, orphansTable, shown, timingsTable } from "./tables.ts";

export interface Platform {
  readonly operator: ControlScope;
  readonly ports: ProvisioningPorts;
  readonly settings: ProvisioningSettings;
}

/** Options as they were typed. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

const jobStates: readonly JobState[] = ["queued", "running", "done", "failed", "rolling_back", "rolled_back"];
const PAGE = { default: 50, max: 500 } as const;
/** What each command takes. Any other option is a mistake, such as that of another command. */
const optionsOf = {
  list: ["state", "limit", "before"],
  show: [],
  timings: ["jobs"],
  orphans: [],
  retry: ["reason"],
  adopt: ["reason", "credential", "project", "session", "pooled", "user-suffix"],
  rollback: ["reason", "confirm"],
  resend: ["reason", "email"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
type Command = keyof typeof optionsOf;
const optionsOfAll: readonly string[] = ["help", "operator"];
/** Commands that take no pharmacy: whoever types `list failed` would else take the whole list for the failed ones. */
const aboutAll: readonly string[] = ["list", "timings", "orphans"];
const jobIdSchema = z.uuid();

/** @returns what to print. @throws UsageError before anything is done, DomainError when it is refused */
export async function runCommand(
  platform: Platform,
  command: string,
  rest: readonly string[],
  options: Options,
): Promise<string> {
  const { operator, ports } = platform;
  if (!isCommand(command)) throw new UsageError(`There is no command "${command}".`);
  requireOwnOptions(command, options);
  if (aboutAll.includes(command) && rest.length > 0) {
    throw new UsageError(`"${command}" is about all pharmacies: leave "${rest.join(" ")}" out.`);
  }
  switch (command) {
    case "list":
      return list(operator, options);
    case "show":
      return shown(await Provisioning.show(operator, await pharmacyOf(operator, rest)), operator.clock.now());
    case "timings":
      return timingsTable(await Provisioning.timings(operator, { jobsMax: countOf(options, "jobs", 100) }));
    case "orphans":
      return orphansTable(await Provisioning.orphans(operator, ports.hosts));
    case "retry":
      return retry(operator, rest, options);
    case "adopt":
      return adopt(platform, rest, options);
    case "rollback":
      return rollback(operator, rest, options);
    case "resend":
      return resend(platform, rest, options);
  }
}

const isCommand = (command: string): command is Command => Object.hasOwn(optionsOf, command);

function requireOwnOptions(command: Command, options: Options): void {
  const known: readonly string[] = [...optionsOfAll, ...optionsOf[command]];
  const foreign = Object.keys(options).find((name) => !known.includes(name));
  if (foreign !== undefined) throw new UsageError(`"${command}" takes no --${foreign}: leave it out.`);
}

async function list(operator: ControlScope, options: Options): Promise<string> {
  const wanted = textOf(options, "state");
  const state = jobStates.find((candidate) => candidate === wanted);
  if (wanted !== undefined && state === undefined) {
    throw new UsageError(`There is no state "${wanted}". Known are ${jobStates.join(", ")}.`);
  }
  const limit = countOf(options, "limit", PAGE.default);
  const before = textOf(options, "before");
  if (before !== undefined && !jobIdSchema.safeParse(before).success) {
    throw new UsageError("--before has to be a job's id: the one that the page before ended with.");
  }
  const { jobs, next } = await Provisioning.list(operator, { state, limit, before });
  const table = jobsTable(jobs, operator.clock.now());
  return next === undefined ? table : `${table}\n\nMore: add --before ${next}`;
}

async function retry(operator: ControlScope, rest: readonly string[], options: Options): Promise<string> {
  const reason = reasonOf(options);
  const { changed, state } = await Provisioning.retry(operator, await pharmacyOf(operator, rest), { reason });
  if (changed) return "It goes on now, in the background.";
  return state === "queued"
    ? "Nothing to do: it waits for the day's room, and goes on by itself."
    : "Nothing to do: a worker is at it.";
}

async function adopt({ operator, ports, settings }: Platform, rest: readonly string[], options: Options) {
  const reason = reasonOf(options);
  const database = await readAdopted(options);
  const tenantId = await pharmacyOf(operator, rest);
  await Provisioning.adopt(operator, ports, settings, tenantId, { database, reason });
  return "The database is adopted, and provisioning goes on in it, in the background.";
}

async function rollback(operator: ControlScope, rest: readonly string[], options: Options): Promise<string> {
  const reason = reasonOf(options);
  const tenantId = await pharmacyOf(operator, rest);
  const { subdomain } = await Provisioning.show(operator, tenantId);
  if (subdomain !== null && textOf(options, "confirm") !== subdomain) {
    throw new UsageError(`This deletes whatever was made for ${subdomain}. To go on, add --confirm ${subdomain}`);
  }
  const { changed, state } = await Provisioning.rollback(operator, tenantId, { reason });
  if (changed) return "It is being taken back, in the background. Look with: show";
  return state === "rolled_back" ? "Nothing to do: it was taken back." : "Nothing to do: it is being taken back.";
}

async function resend({ operator, ports }: Platform, rest: readonly string[], options: Options): Promise<string> {
  const reason = reasonOf(options);
  const tenantId = await pharmacyOf(operator, rest);
  const { email } = await Provisioning.resend(operator, ports, tenantId, { reason, email: textOf(options, "email") });
  return `The welcome mail goes to ${email}. The link that was sent before no longer works.`;
}

async function pharmacyOf(operator: ControlScope, [wanted, ...more]: readonly string[]): Promise<string> {
  if (wanted === undefined) throw new UsageError("Say which pharmacy: its subdomain, its id or its job's id.");
  if (more.length > 0) throw new UsageError(`One pharmacy at a time: "${more.join(" ")}" is too much.`);
  return (await Provisioning.findTenant(operator, wanted)).tenantId;
}

function reasonOf(options: Options): string {
  const reason = textOf(options, "reason");
  if (reason === undefined) throw new UsageError('Say why, with --reason "…": the audit log keeps it.');
  return reason;
}

function countOf(options: Options, name: string, fallback: number): number {
  const text = textOf(options, name);
  if (text === undefined) return fallback;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= PAGE.max) return count;
  throw new UsageError(`--${name} has to be a whole number from 1 to ${PAGE.max}.`);
}

function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}
