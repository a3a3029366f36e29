import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type postgres from "postgres";

/** One statement as Postgres itself says it was run. */
export interface Statement {
  readonly database: string;
  readonly application: string;
  /** With the values of its parameters. */
  readonly text: string;
}

const LINE = /^@@(?<database>[^|]*)\|(?<application>[^@]*)@@ (?<level>[A-Z]+): {2}(?<text>.*)$/;

/** Makes the server log every statement with the database that ran it: written before the statement runs. */
export async function logStatements(superuser: postgres.Sql): Promise<void> {
  for (const [name, value] of [
    ["log_line_prefix", "@@%d|%a@@ "],
    ["log_statement", "all"],
    ["log_parameter_max_length", "300"],
  ] as const) {
    await superuser.unsafe(`alter system set ${name} = '${value}'`);
  }
  await superuser.unsafe("select pg_reload_conf()");
}

/** Postgres's own log, read from where the last reading ended. */
export class StatementLog {
  readonly #file: number;
  #position: number;

  constructor(path: string) {
    this.#file = openSync(path, "r");
    this.#position = fstatSync(this.#file).size;
  }

  /** What applications whose name begins like this ran since the last call, in order. */
  since(application: string): Statement[] {
    const size = fstatSync(this.#file).size - this.#position;
    const bytes = Buffer.alloc(Math.max(0, size));
    readSync(this.#file, bytes, 0, bytes.length, this.#position);
    this.#position += bytes.length;
    return parse(bytes.toString()).filter((statement) => statement.application.startsWith(application));
  }

  close(): void {
    closeSync(this.#file);
  }
}

function parse(text: string): Statement[] {
  const statements: { database: string; application: string; text: string }[] = [];
  let continued = false;
  for (const line of text.split("\n")) {
    const found = LINE.exec(line)?.groups;
    if (found === undefined) {
      const last = statements.at(-1);
      if (continued && last !== undefined) last.text += `\n${line}`;
      continue;
    }
    const { database = "", application = "", level, text: said = "" } = found;
    const last = statements.at(-1);
    const statement = /^(?:execute [^:]*|statement): (.*)$/s.exec(said)?.[1];
    continued = level === "LOG" && statement !== undefined;
    if (continued && statement !== undefined) statements.push({ database, application, text: statement });
    else if (level === "DETAIL" && last?.database === database) last.text += `\n${said}`;
  }
  return statements;
}

/** Names of the tables that a statement reads or writes. */
export function tablesOf({ text }: Statement): string[] {
  const names = text.matchAll(/\b(?:from|join|into|update)\s+(?:"?pharmacy"?\.)?"?([a-z_]+)"?/gi);
  return [...names].flatMap(([, name]) => (name === undefined || name === "select" || name === "set" ? [] : [name]));
}

/** Names of the tables that a statement writes; a lock of rows is no writing. */
export function tablesWrittenBy({ text }: Statement): string[] {
  const names = text.matchAll(
    /\b(?:insert\s+into|(?<!\bfor\s)update|delete\s+from)\s+(?:"?pharmacy"?\.)?"?([a-z_]+)"?/gi,
  );
  return [...names].flatMap(([, name]) => (name === undefined || name === "set" ? [] : [name]));
}
