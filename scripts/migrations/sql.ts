import { createHash } from "node:crypto";
import { hasSqlDetails, loadModule, type Node, parseSync, type RawStmt, type ScanToken, scanSync } from "libpg-query";

/** SQL files by Postgres's own scanner and grammar: nothing here guesses where a string or a statement ends. */

export interface Script {
  /** The file, as messages name it. */
  readonly path: string;
  /** With the line ends of Unix. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly comments: readonly Comment[];
  /** SHA-256 over the tokens: white space, comments and line ends may change later, nothing else. */
  readonly checksum: string;
}

export interface Statement {
  /** Without its semicolon and without the comments around it; those inside it stay. */
  readonly text: string;
  /** Of its first word, from 1. */
  readonly line: number;
  readonly tree: Node;
  /** Numbers of the parameters in it, each once. */
  readonly parameters: readonly number[];
}

interface Comment {
  readonly text: string;
  readonly line: number;
  /** Whether no statement begins before it. */
  readonly isAtTop: boolean;
}

/** @throws Error with the file's name and line for what Postgres would not accept, and for a file without statements */
export async function readScript(path: string, file: string): Promise<Script> {
  await loadModule();
  const text = file.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  // The parser is C: it would take the rest of the file for missing.
  if (text.includes("\0")) throw new Error(`${path}: has a NUL character; take it out.`);
  const parsed = text.trim() === "" ? [] : parseTrees(path, text);
  if (parsed.length === 0) throw new Error(`${path}: has no statement; write one.`);
  // Positions of the parser and the scanner are bytes.
  const bytes = Buffer.from(text);
  const all = scanSync(text).tokens;
  const tokens = all.filter((token) => !isComment(token));
  const statements = parsed.map((raw) => statementOf(raw, tokens, bytes));
  const top = tokens[0]?.start ?? 0;
  return {
    path,
    text,
    statements,
    comments: all.filter(isComment).map((token) => ({
      text: sliceOf(bytes, token, token),
      line: lineAt(bytes, token.start),
      isAtTop: token.start < top,
    })),
    checksum: createHash("sha256")
      .update(JSON.stringify(tokens.map((token) => sliceOf(bytes, token, token))))
      .digest("hex"),
  };
}

function parseTrees(path: string, text: string): readonly RawStmt[] {
  try {
    return parseSync(text).stmts ?? [];
  } catch (cause) {
    if (!hasSqlDetails(cause)) throw new Error(`${path}: ${String(cause)}`, { cause });
    // Of an error, the position is in characters.
    const before = [...text].slice(0, cause.sqlDetails?.cursorPosition ?? 0);
    const line = before.filter((character) => character === "\n").length + 1;
    throw new Error(`${path}:${line}: ${cause.message}`, { cause });
  }
}

const isComment = ({ tokenName }: ScanToken): boolean => tokenName === "SQL_COMMENT" || tokenName === "C_COMMENT";

function statementOf(raw: RawStmt, tokens: readonly ScanToken[], bytes: Buffer): Statement {
  const start = raw.stmt_location ?? 0;
  const end = raw.stmt_len === undefined ? bytes.length : start + raw.stmt_len;
  const own = tokens.filter((token) => token.start >= start && token.end <= end);
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined || raw.stmt === undefined) {
    throw new Error(`The parser found a statement without tokens at byte ${start}.`);
  }
  const parameters = own
    .filter(({ tokenName }) => tokenName === "PARAM")
    .map((token) => Number(sliceOf(bytes, token, token).slice(1)));
  return {
    text: sliceOf(bytes, first, last),
    line: lineAt(bytes, first.start),
    tree: raw.stmt,
    parameters: [...new Set(parameters)].sort(),
  };
}

const sliceOf = (bytes: Buffer, first: ScanToken, last: ScanToken): string =>
  bytes.subarray(first.start, last.end).toString();

const lineAt = (bytes: Buffer, position: number): number =>
  bytes.subarray(0, position).filter((byte) => byte === 10).length + 1;
