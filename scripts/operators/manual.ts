import { type Options, reasonOf } from "./options.ts";
import { UsageError } from "./usage.ts";

/** What a command takes besides what all take, and what is said about it. */
export interface CommandUsage {
  /** Its line: what comes after the command's name. */
  readonly takes: string;
  readonly does: string;
  readonly options: readonly string[];
  /** How many words it takes: a deployment, an invoice, a release. */
  readonly words: { readonly name: string; readonly least: 0 | 1 } | undefined;
  /** Whether it changes something: then it wants a reason and keeps the operator's name. */
  readonly changes: boolean;
}

/** All commands of a script. */
export interface Manual<C extends string> {
  /** As in `npm run fleet`. */
  readonly script: string;
  readonly commands: Readonly<Record<C, CommandUsage>>;
  /** Titles, and which commands stand under each. */
  readonly sections: readonly (readonly [string, readonly C[]])[];
  /** What is said about each option. */
  readonly lines: Readonly<Record<string, string>>;
  /** What has to be known of all of them. */
  readonly notes: string;
  readonly exitCodes: string;
  /** That says what to do when. */
  readonly page: string;
}

const common = [
  "--json                     one JSON object instead of words, for errors too",
  "--operator <name>          who you are; without it, the name of your account on this machine",
];

/** All commands in a page. */
export function manualPage<C extends string>({ script, commands, sections, ...rest }: Manual<C>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const listed = sections.map(([title, names]) =>
    [title, ...names.map((name) => `  ${name.padEnd(width)}  ${commands[name].does}`)].join("\n"),
  );
  return [
    `npm run ${script} -- <command> [options]`,
    ...listed,
    `${rest.notes}\nnpm run ${script} -- <command> --help says what a command takes.`,
    `${rest.exitCodes} ${rest.page} says what to do when.`,
  ].join("\n\n");
}

/** One command. */
export function commandPage<C extends string>(manual: Manual<C>, command: C): string {
  const { takes, does, options } = manual.commands[command];
  const described = [...options.map((name) => manual.lines[name] ?? `--${name}`), ...common].map((line) => `  ${line}`);
  const called = `npm run ${manual.script} -- ${command} ${takes}`.trimEnd();
  return [called, does, described.join("\n"), manual.exitCodes].join("\n\n");
}

/** @throws UsageError for an option or a word that the command does not take, or that it lacks */
export function requireOwnOf<C extends string>(
  manual: Manual<C>,
  command: C,
  words: readonly string[],
  options: Options,
): void {
  const usage = manual.commands[command];
  const known: readonly string[] = ["help", "json", "operator", ...usage.options];
  const isGiven = ([, value]: [string, Options[string]]) => value !== undefined && value !== false;
  const foreign = Object.entries(options)
    .filter(isGiven)
    .find(([name]) => !known.includes(name));
  if (foreign !== undefined) throw new UsageError(`"${command}" takes no --${foreign[0]}: leave it out.`);
  const [extra] = words.slice(usage.words === undefined ? 0 : 1);
  if (extra !== undefined) throw new UsageError(`"${command}" does not know what "${extra}" is: leave it out.`);
  if (usage.words !== undefined && words.length < usage.words.least) {
    throw new UsageError(`Say which ${usage.words.name}: npm run ${manual.script} -- ${command} ${usage.takes}`);
  }
  if (usage.changes) reasonOf(options);
}
