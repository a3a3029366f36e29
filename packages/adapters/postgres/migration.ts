import { createHash } from "node:crypto";

export type Plane = "control" | "tenant";

/** One folder of `migrations/<plane>`. */
export interface Migration {
  readonly version: number;
  /** The folder's name: the version in four digits, then words. */
  readonly name: string;
  readonly up: string;
  readonly down: string;
  /** Raises an error when the migration has not done what it promises. */
  readonly verify: string;
}

/** SHA-256 over the tokens of a script: white space and comments may change later, nothing else. */
export function checksum(sql: string): string {
  return createHash("sha256")
    .update(JSON.stringify(tokens(sql)))
    .digest("hex");
}

/** https://www.postgresql.org/docs/17/sql-syntax-lexical.html, in the order in which they are tried. */
const TOKENS = [
  // A string with backslash escapes, then any other, with its prefix if it has one (U&, B, X, N).
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y,
  /(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'/y,
  /(?:[uU]&)?"(?:[^"]|"")*"/y,
  /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\1/y,
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y,
  /(?:\d[\d_.]*|\.\d+)(?:[eE][+-]?\d+)?\w*/y,
  // An operator ends where a comment begins.
  /(?:(?!--|\/\*)[-+*/<>=~!@#%^&|`?:])+/y,
  /[^\s'"]/y,
];
const SKIPPED = /\s+|--[^\n]*/y;

/** @throws SyntaxError for a string, quoted name or comment that does not end */
export function tokens(sql: string): string[] {
  const found: string[] = [];
  let position = 0;
  while (position < sql.length) {
    const skipped = match(SKIPPED, sql, position);
    if (skipped !== undefined) {
      position += skipped.length;
    } else if (sql.startsWith("/*", position)) {
      position = endOfComment(sql, position);
    } else {
      const token = TOKENS.values()
        .map((pattern) => match(pattern, sql, position))
        .find((text) => text !== undefined);
      if (token === undefined) throw new SyntaxError(`A quote at character ${position} does not end.`);
      found.push(token);
      position += token.length;
    }
  }
  return found;
}

function match(pattern: RegExp, sql: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(sql)?.[0];
}

/** Comments nest. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let position = start; position < sql.length; position += 2) {
    if (sql.startsWith("/*", position)) depth += 1;
    else if (sql.startsWith("*/", position)) depth -= 1;
    else position -= 1;
    if (depth === 0) return position + 2;
  }
  throw new SyntaxError(`The comment at character ${start} does not end.`);
}
