import { DomainError } from "@pharmasight/core/kernel/errors";
import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";
import type { SchemaFailure } from "@pharmasight/core/ports/schemas";
import { isConnectionError } from "../postgres/errors.ts";

/** Where in the files something failed. */
export interface Place {
  /** Of the folder, such as `migrations/tenant/0002_people`. */
  readonly path: string;
  /** The folder's name. */
  readonly name: string;
  readonly script: "up" | "down" | "verify";
  /** From 1; undefined for the script as a whole. */
  readonly statement: number | undefined;
}

/** A statement of a file failed; `cause` is the driver's error. */
export class StepFailed extends Error {
  readonly place: Place;
  readonly blocker: string | undefined;

  constructor(place: Place, cause: unknown, blocker?: string) {
    super("A step of a migration failed.", { cause });
    this.name = "StepFailed";
    this.place = place;
    this.blocker = blocker;
  }
}

/** The connection could not be opened; `cause` is the driver's error. */
export class ConnectFailed extends Error {
  constructor(cause: unknown) {
    super("The database cannot be reached.", { cause });
    this.name = "ConnectFailed";
  }
}

/** Somebody else is at the schema or was let at it later, or the lead was lost. */
export class Overtaken extends Error {
  readonly reason: "busy" | "lost" | "fenced";
  /** The highest that was let at it, where that was read. */
  readonly fence: bigint | undefined;

  constructor(reason: "busy" | "lost" | "fenced", fence?: bigint) {
    super("Somebody else leads this schema.");
    this.name = "Overtaken";
    this.reason = reason;
    this.fence = fence;
  }
}

/** Whoever runs the migration had no more time, so that the connection was closed. */
export class TimeOver extends Error {
  constructor(limitMs: number) {
    super(`The ${Math.round(limitMs / 1000)} s that there were for it are over, and it was cancelled.`);
    this.name = "TimeOver";
  }
}

/** What asks how to go on failed, not the database; `cause` is its error. */
export class LeadFailed extends Error {
  constructor(cause: unknown) {
    super("The lead could not be asked.", { cause });
    this.name = "LeadFailed";
  }
}

export const LOCK_NOT_AVAILABLE = "55P03";
export const UNDONE_BY_OTHERS: readonly string[] = [LOCK_NOT_AVAILABLE, "40P01", "40001"];
/** A statement's time limit may have been met because the server was busy. */
const CANCELLED = "57014";
const RETRY_SECONDS = 10;
/** Below what the control database keeps of a message. */
const MESSAGE_LENGTH_MAX = 1900;

/** The SQLSTATE of what failed underneath. */
export const stateOf = (error: unknown): string | undefined => sqlStateOf(rootOf(error));

/** @returns undefined for what no database is to blame for: a bug, or a lead that could not be asked */
export function failureOf(error: unknown, version: number | undefined): SchemaFailure | undefined {
  if (!isOfDatabase(error)) return undefined;
  const place = error instanceof StepFailed ? error.place : undefined;
  return {
    kind: "failed",
    version,
    message: messageOf(error).slice(0, MESSAGE_LENGTH_MAX),
    sqlState: stateOf(error),
    isConnection: isOfConnection(error),
    migration: place?.name,
    statement: place?.script === "verify" ? undefined : place?.statement,
    blocker: error instanceof StepFailed ? error.blocker : undefined,
  };
}

/**
 * As an operation of the domain tells it: `unavailable` when trying again may help, else `internal` with the file's
 * name. What no database is to blame for comes back as it is.
 */
export function domainErrorOf(error: unknown): unknown {
  if (error instanceof Overtaken) return unavailable("Another migration of this database is running.", error);
  if (error instanceof DomainError || !isOfDatabase(error)) return error;
  const isPassing = [...UNDONE_BY_OTHERS, CANCELLED].includes(stateOf(error) ?? "");
  const message = messageOf(error);
  return isPassing || isOfConnection(error)
    ? unavailable(message, error)
    : new DomainError("internal", message, { cause: rootOf(error) });
}

const unavailable = (message: string, error: unknown): DomainError =>
  new DomainError("unavailable", message, { retryAfterSeconds: RETRY_SECONDS, cause: rootOf(error) });

function rootOf(error: unknown): unknown {
  return error instanceof StepFailed || error instanceof ConnectFailed ? error.cause : error;
}

function isOfDatabase(error: unknown): boolean {
  const told = [StepFailed, ConnectFailed, TimeOver, DomainError];
  return told.some((kind) => error instanceof kind) || sqlStateOf(error) !== undefined || isConnectionError(error);
}

function isOfConnection(error: unknown): boolean {
  const root = rootOf(error);
  return error instanceof ConnectFailed || root instanceof TimeOver || isConnectionError(root);
}

function messageOf(error: unknown): string {
  if (error instanceof DomainError) return error.message;
  const text = wordsOf(rootOf(error));
  if (error instanceof ConnectFailed) return `${error.message} ${text}`;
  if (!(error instanceof StepFailed)) return text;
  const { path, script, statement } = error.place;
  const where = statement === undefined || script === "verify" ? "" : `, statement ${statement},`;
  return `${path}/${script}.sql${where} failed: ${text}`;
}

/**
 * What the server says, without the values of rows: those are in `detail`, and of class 22 (a value that does not fit)
 * in the message too, between quotes.
 */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return sqlStateOf(cause)?.startsWith("22") === true ? cause.message.replace(/".*"/s, '"…"') : cause.message;
}
