import { type CommandUsage, commandPage, type Manual, manualPage, requireOwnOf } from "../operators/manual.ts";
import type { Options } from "../operators/options.ts";

const choosing = ["tenant", "selector", "to"] as const;
const careful = [
  "promotion",
  "soak",
  "halt-rate",
  "halt-sample",
  "halt-failures",
  "batch-size",
  "batch-delay",
  "no-quiet-hours",
] as const;
const ONE = { name: "deployment", least: 0 } as const;

const commands = {
  plan: {
    takes: "[--to <version>] [--tenant <pharmacy> …] [--selector <terms>]",
    does: "what a deployment would do: waves, servers, longest locks. Touches nothing",
    options: [...choosing, ...careful, "without-rehearsal"],
    words: undefined,
    changes: false,
  },
  rehearse: {
    takes: "--tenant <staging pharmacy> [--to <version>]",
    does: "try it on a copy of a staging pharmacy: up, down, up, with every lock measured",
    options: ["tenant", "to"],
    words: undefined,
    changes: false,
  },
  deploy: {
    takes: '[--to <version>] [--tenant …] [--selector …] --reason "…" [--follow]',
    does: "show the plan, ask, and roll it out in waves",
    options: [...choosing, ...careful, "without-rehearsal", "reason", "yes", "follow"],
    words: undefined,
    changes: true,
  },
  status: {
    takes: "[<deployment>] [--follow]",
    does: "how far it is, what it waits for, what failed; and which versions the whole fleet has",
    options: ["follow"],
    words: ONE,
    changes: false,
  },
  targets: {
    takes: "[<deployment>] [--state <state>] [--tenant …] [--selector …] [--limit 50] [--after <mark>]",
    does: "its pharmacies, each with its version, its tries and its error",
    options: ["state", "tenant", "selector", "limit", "after"],
    words: ONE,
    changes: false,
  },
  history: {
    takes: "[<deployment>]",
    does: "who did what to it, and why",
    options: [],
    words: ONE,
    changes: false,
  },
  list: {
    takes: "[--limit 20] [--before <deployment>]",
    does: "deployments, the newest first",
    options: ["limit", "before"],
    words: undefined,
    changes: false,
  },
  pause: {
    takes: '[<deployment>] --reason "…"',
    does: "release nobody else; those under way finish",
    options: ["reason"],
    words: ONE,
    changes: true,
  },
  resume: {
    takes: '[<deployment>] --reason "…"',
    does: "go on after a pause or a halt",
    options: ["reason"],
    words: ONE,
    changes: true,
  },
  promote: {
    takes: '[<deployment>] --reason "…"',
    does: "let the next wave begin",
    options: ["reason"],
    words: ONE,
    changes: true,
  },
  abandon: {
    takes: '[<deployment>] --reason "…" [--yes]',
    does: "end it where it is; whoever has the new version keeps it",
    options: ["reason", "yes"],
    words: ONE,
    changes: true,
  },
  retry: {
    takes: '[<deployment>] [--tenant <pharmacy> …] [--selector <terms>] --reason "…" [--follow]',
    does: "the failed ones once more, or only those named",
    options: ["tenant", "selector", "reason", "follow"],
    words: ONE,
    changes: true,
  },
  skip: {
    takes: '[<deployment>] --tenant <pharmacy> --reason "…"',
    does: "leave one pharmacy out, with the reason on record",
    options: ["tenant", "reason"],
    words: ONE,
    changes: true,
  },
  rollback: {
    takes: '<deployment> --reason "…" [--yes] [--follow]',
    does: "show what is lost, ask, and take exactly those back that got it",
    options: [
      "reason",
      "promotion",
      "soak",
      "halt-rate",
      "halt-sample",
      "halt-failures",
      "without-rehearsal",
      "yes",
      "follow",
    ],
    words: { name: "deployment", least: 1 },
    changes: true,
  },
  repair: {
    takes: '<repair> --tenant <pharmacy> --reason "…" [--yes] [--follow]',
    does: "run one reviewed file of migrations/repairs in one pharmacy",
    options: ["tenant", "reason", "yes", "follow"],
    words: { name: "repair", least: 1 },
    changes: true,
  },
  pace: {
    takes: '[<deployment>] [--batch-size <rows>] [--batch-delay <ms>] --reason "…"',
    does: "slow a backfill down or speed it up while it runs",
    options: ["batch-size", "batch-delay", "reason"],
    words: ONE,
    changes: true,
  },
  schemas: {
    takes: "[--tenant …] [--selector …] [--limit 50] [--after <mark>]",
    does: "every pharmacy with its version and its fingerprint, and how many have which",
    options: ["tenant", "selector", "limit", "after"],
    words: undefined,
    changes: false,
  },
  drift: {
    takes: "[--tenant …] [--selector …] [--limit 100] [--after <mark>]",
    does: "whose schema is not what its version says, by object, and who could not be looked at",
    options: ["tenant", "selector", "limit", "after"],
    words: undefined,
    changes: false,
  },
  look: {
    takes: "[--tenant <pharmacy> …] [--selector <terms>]",
    does: "look into their databases now: version, fingerprint, sizes of tables",
    options: ["tenant", "selector"],
    words: undefined,
    changes: false,
  },
  releases: {
    takes: "",
    does: "code that runs, and which schemas it knows",
    options: [],
    words: undefined,
    changes: false,
  },
  retire: {
    takes: '<release> --reason "…"',
    does: "say that a release runs no more, so that contracts need not wait for it",
    options: ["reason"],
    words: { name: "release", least: 1 },
    changes: true,
  },
  ring: {
    takes: '<staging|pilot|general> [--tenant …] [--selector …] --reason "…"',
    does: "say who gets changes first; staging is rehearsed with, which copies its data",
    options: ["tenant", "selector", "reason"],
    words: { name: "ring", least: 1 },
    changes: true,
  },
  quiet: {
    takes: '<22:00-06:00> [--tenant …] [--selector …] --reason "…"',
    does: "say when pharmacies are closed, by their own clock: long locks wait for that",
    options: ["tenant", "selector", "reason"],
    words: { name: "hours", least: 1 },
    changes: true,
  },
  cap: {
    takes: '<server> --at-once <count> --reason "…"',
    does: "say how many migrations run at once on a server, as plans name it",
    options: ["at-once", "reason"],
    words: { name: "server", least: 1 },
    changes: true,
  },
} as const satisfies Readonly<Record<string, CommandUsage>>;

export type Command = keyof typeof commands;
export const isCommand = (name: string): name is Command => Object.hasOwn(commands, name);

const sections: readonly (readonly [string, readonly Command[]])[] = [
  ["Looking", ["plan", "rehearse", "status", "targets", "history", "list", "schemas", "drift", "look", "releases"]],
  [
    'Changing: each needs --reason "…", which the audit log keeps with your name',
    ["deploy", "pause", "resume", "promote", "retry", "skip", "rollback", "abandon", "repair", "pace", "retire"],
  ],
  ["Settings of pharmacies and servers, with --reason too", ["ring", "quiet", "cap"]],
];

const lines: Readonly<Record<string, string>> = {
  tenant: "--tenant <pharmacy>        subdomain or id; may be given several times",
  selector:
    "--selector <terms>         all must hold: ring=pilot, plan=, state=, provider=, region=, version<16, version=15",
  to: "--to <version>             by default the newest that this code comes with",
  promotion: "--promotion <who>          automatic (default) or operator: who lets the next wave begin",
  soak: "--soak <time>              after each wave: 900, 90s, 15m, 2h (default 15m)",
  "halt-rate": "--halt-rate <share>        failed of attempted that halts it, such as 0.01",
  "halt-sample": "--halt-sample <count>      attempts before that share counts",
  "halt-failures": "--halt-failures <count>    failures that halt it whatever the share",
  "batch-size": "--batch-size <rows>        of backfills",
  "batch-delay": "--batch-delay <ms>         between two batches",
  "no-quiet-hours": '--no-quiet-hours "<why>"   wait for nobody\'s quiet hours',
  "without-rehearsal": '--without-rehearsal "<why>" go without a rehearsal',
  "at-once": "--at-once <count>          migrations",
  reason: '--reason "<why>"           the audit log keeps it',
  yes: "--yes                      do not ask",
  follow: "--follow                   stay and show how it goes, until it ends or wants you",
  state: "--state <state>            pending, queued, running, succeeded, failed or skipped",
  limit: "--limit <count>",
  before: "--before <deployment>      the next page",
  after: "--after <mark>             the next page",
};
const EXIT_CODES =
  "Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 3 halted or with failures, 4 drift found or not ruled out.";

const manual: Manual<Command> = {
  script: "fleet",
  commands,
  sections,
  lines,
  notes: "<deployment> is its id; without one, it is the one that is open.",
  exitCodes: EXIT_CODES,
  page: "docs/migrations.md",
};

/** All commands in a page. */
export const usage = (): string => manualPage(manual);

/** One command. */
export const usageOfCommand = (command: Command): string => commandPage(manual, command);

/** @throws UsageError for an option or a word that the command does not take, or that it lacks */
export const requireOwn = (command: Command, words: readonly string[], options: Options): void =>
  requireOwnOf(manual, command, words, options);
