import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, systemClock } from "@pharmasight/core/kernel/clock";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Log } from "@pharmasight/core/kernel/log";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { SchemaLead } from "@pharmasight/core/ports/schemas";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import { openSession, type Session, serverTrust } from "../postgres/client.ts";
import { ConnectFailed, LeadFailed, Overtaken, StepFailed, TimeOver } from "./failures.ts";
import { type History, readHistory, SCHEMAS } from "./history.ts";
import type { Plane } from "./migration.ts";

export interface SchemaOptions {
  /** A session endpoint: the lock and the settings belong to the session. */
  readonly endpoint: DatabaseEndpoint;
  /** The owner's. */
  readonly credential: DatabaseCredential;
  readonly ca?: string | undefined;
  readonly plane: Plane;
  /** Whose database it should be. A fresh one says nothing yet. */
  readonly tenantId?: string | undefined;
  /** Absent where nobody else is let at the schema: at a new database, and at the control plane's. */
  readonly lead?: SchemaLead | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  /** How long to wait for another runner's end; 0 is not at all. */
  readonly lockWaitMs: number;
  /** For all of the work. With a lead, no longer than it has. */
  readonly timeoutMs?: number | undefined;
}

/** One reserved connection that holds the lock of its database's schema. */
export interface SchemaRun {
  readonly session: Session;
  readonly plane: Plane;
  readonly history: History;
  readonly lead: SchemaLead | undefined;
  readonly log: Log | undefined;
  readonly clock: Clock;
}

/** "phar" in ASCII: one lock per database, because advisory locks are the database's own. */
const LOCK_KEY = 0x70686172;
const LOCK_POLL_MS = 100;
const CONNECT_TIMEOUT_MS = 10_000;
/** Supabase's and PgBouncer's usual port in transaction mode. */
const TRANSACTION_POOLER_PORT = 6543;
const TIMER_MAX_MS = 2 ** 31 - 1;
const NOT_HELD =
  "The lock of this schema was given back before the end, by a statement of a migration: look at what it is now.";

/**
 * A process that died must not hold its locks: the server looks each second whether somebody is there. One that was
 * frozen loses them when it should have gone on long ago; a batch's delay is a minute at most.
 */
const settings = (plane: Plane): string => `
  set client_connection_check_interval = 1000;
  set idle_in_transaction_session_timeout = '15s';
  set idle_session_timeout = '2min';
  set lock_timeout = '5s';
  set statement_timeout = '45s';
  set search_path to ${SCHEMAS[plane]}, public`;

/** Never a blocking lock: its snapshot would stop `create index concurrently` elsewhere. */
const TRY_LOCK = `select pg_try_advisory_lock(${LOCK_KEY}) as locked`;

/**
 * Runs `work` on the one connection that may change a schema. It ends with the work, with the lead and with the time.
 * @throws Overtaken when somebody else is at the schema, or the lead was lost
 * @throws ConnectFailed, TimeOver, DomainError `conflict` when the database is another tenant's, `internal` for an
 * endpoint that cannot hold a lock, and when the lock was not held to the end; and what `work` throws
 */
export async function withSchema<T>(options: SchemaOptions, work: (run: SchemaRun) => Promise<T>): Promise<T> {
  const { plane, lead, log, clock = systemClock, tenantId } = options;
  requireSessions(options.endpoint);
  const session = await connect(options, `${settings(plane)}; ${TRY_LOCK}`);
  const stop = () => void session.end();
  lead?.signal.addEventListener("abort", stop);
  const limitMs = Math.min(options.timeoutMs ?? TIMER_MAX_MS, lead?.timeLeftMs() ?? TIMER_MAX_MS, TIMER_MAX_MS);
  let isTimeOver = false;
  const timer = setTimeout(
    () => {
      isTimeOver = true;
      stop();
    },
    Math.max(0, limitMs),
  );
  try {
    if (lead?.signal.aborted === true) throw new Overtaken("lost");
    if (session.greeting.at(-1)?.[0]?.locked !== true) await waitForLock(session, options.lockWaitMs);
    let wasHeld = true;
    let result: T;
    try {
      const history = await readHistory(session, { plane, tenantId, mayBeNobodys: lead === undefined, log });
      result = await work({ session, plane, history, lead, log, clock });
    } finally {
      if (!session.closed()) wasHeld = await unlock(session, log);
    }
    if (!wasHeld) throw new DomainError("internal", NOT_HELD);
    return result;
  } catch (error) {
    if (lead?.signal.aborted === true && !(error instanceof LeadFailed)) throw new Overtaken("lost");
    if (!isTimeOver) throw error;
    throw error instanceof StepFailed ? new StepFailed(error.place, new TimeOver(limitMs)) : new TimeOver(limitMs);
  } finally {
    clearTimeout(timer);
    lead?.signal.removeEventListener("abort", stop);
    await session.end();
  }
}

/** Milliseconds that may still be spent: without a lead, whoever opened the session has set its limit. */
export const timeLeftMs = (run: SchemaRun): number => run.lead?.timeLeftMs() ?? Number.POSITIVE_INFINITY;

/** Waits, unless the lead is lost meanwhile. @throws Overtaken */
export async function pause(run: SchemaRun, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, run.lead === undefined ? {} : { signal: run.lead.signal });
  } catch {
    throw new Overtaken("lost");
  }
}

function requireSessions({ port }: DatabaseEndpoint): void {
  if (port !== TRANSACTION_POOLER_PORT) return;
  throw new DomainError(
    "internal",
    `Port ${port} leads to a pooler in transaction mode, where locks and settings get lost: ` +
      "migrations need the endpoint for sessions (port 5432).",
  );
}

async function connect({ endpoint, credential, ca }: SchemaOptions, greeting: string): Promise<Session> {
  const tls = serverTrust(endpoint.host, ca);
  const applicationName = "pharmasight-migrate";
  try {
    return await openSession(
      { endpoint, credential, tls, applicationName, connectTimeoutMs: CONNECT_TIMEOUT_MS },
      greeting,
    );
  } catch (error) {
    throw new ConnectFailed(error);
  }
}

async function waitForLock(session: Session, waitMs: number): Promise<void> {
  for (const end = performance.now() + waitMs; performance.now() < end; ) {
    await sleep(LOCK_POLL_MS);
    const [row] = await session.rows(TRY_LOCK);
    if (row?.locked === true) return;
  }
  throw new Overtaken("busy");
}

/**
 * Never rejects: the lock ends with the session in any case.
 * @returns false when the session had it no more, so that somebody else may have been at the schema too
 */
async function unlock(session: Session, log: Log | undefined): Promise<boolean> {
  try {
    const [row] = await session.rows(`select pg_advisory_unlock(${LOCK_KEY}) as unlocked`);
    return row?.unlocked === true;
  } catch (error) {
    log?.error("The lock of a schema was not given back", error);
    return true;
  }
}
