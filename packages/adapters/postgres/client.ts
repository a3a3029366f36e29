import { Socket } from "node:net";
import { DomainError } from "@pharmasight/core/kernel/errors";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import type { DatabaseConnection } from "kysely";
import { PostgresJSDriver } from "kysely-postgres-js";
import postgres from "postgres";
import { types } from "./types.ts";

export interface ConnectOptions {
  readonly endpoint: DatabaseEndpoint;
  readonly credential: DatabaseCredential;
  readonly tls: ServerTrust | undefined;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
}

interface Connection {
  /** Whether the socket has ended, or was ended. */
  closed(): boolean;
  /** Ends the connection whatever it is doing; a second call does nothing. Never rejects. */
  end(): Promise<void>;
}

/** A connection for Kysely. */
export interface Client extends Connection {
  readonly connection: DatabaseConnection;
}

/**
 * A connection for plain SQL: setup and migrations. What is asked before the answer has come is sent on at once and
 * answered in turn.
 */
export interface Session extends Connection {
  /** What the first statements answered, as `results`. */
  readonly greeting: readonly Rows[];
  /** Runs statements separated by semicolons, without parameters. */
  script(text: string): Promise<void>;
  /** As `script`, with the rows of each statement that gives rows, in order; something empty may come before. */
  results(text: string): Promise<readonly Rows[]>;
  rows(text: string, values?: readonly SqlValue[]): Promise<Rows>;
}

export type Rows = readonly Readonly<Record<string, unknown>>[];

const PROOF = "select 1";

export type SqlValue = string | number | boolean | Date | null;

/** How the server proves who it is. */
export interface ServerTrust {
  readonly ca: string;
  readonly rejectUnauthorized: true;
  readonly host: string;
  readonly servername?: string;
}

/**
 * What is asked of the server's certificate: nothing on loopback, elsewhere a chain to `ca` and the host's name
 * (`ssl: "require"` of postgres.js would verify neither).
 * @throws DomainError when the host is elsewhere and no authority is configured
 */
export function serverTrust(host: string, ca: string | undefined): ServerTrust | undefined {
  if (host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host)) return undefined;
  if (ca === undefined || ca.trim() === "") {
    throw new DomainError(
      "internal",
      `The database server ${host} is not on this machine and could be anybody's: ` +
        "set DATABASE_CA to the certificate of the authority that signs it (PEM; Supabase: project settings, database).",
    );
  }
  const isAddress = /^[\d.]+$/.test(host) || host.includes(":");
  return { ca, rejectUnauthorized: true, host, ...(isAddress ? {} : { servername: host }) };
}

/**
 * Opens a connection and proves that it answers.
 * @param onClose called once, whichever way the connection ends
 * @throws the driver's error, or one with code CONNECT_TIMEOUT
 */
export async function openClient(options: ConnectOptions, onClose: () => void): Promise<Client> {
  const { sql, closed, end } = await open(options, onClose);
  const driver = new PostgresJSDriver({ postgres: sql });
  await driver.init();
  // Reserved for the life of the client, so that Kysely's statements follow one another.
  return { connection: await driver.acquireConnection(), closed, end };
}

/**
 * As `openClient`, for plain SQL.
 * @param greeting statements that are sent first: their answers prove that the server is there
 */
export async function openSession(options: ConnectOptions, greeting = PROOF): Promise<Session> {
  const waiting = new Set<(error: Error) => void>();
  const { sql, closed, end, first } = await open(
    options,
    () => {
      // postgres.js forgets what it had not sent yet when the connection closes.
      for (const reject of waiting) reject(connectionError("CONNECTION_CLOSED", "The connection was closed."));
    },
    greeting,
  );
  const answered = async <T>(query: PromiseLike<T>): Promise<T> => {
    const { promise, reject } = Promise.withResolvers<never>();
    waiting.add(reject);
    try {
      return await Promise.race([query, promise]);
    } finally {
      waiting.delete(reject);
    }
  };
  const results = async (text: string) => resultsOf(await answered(sql.unsafe(text).simple()));
  return {
    greeting: resultsOf(first),
    script: async (text) => {
      await results(text);
    },
    results,
    rows: (text, values = []) => answered(sql.unsafe<Record<string, unknown>[]>(text, [...values])),
    closed,
    end,
  };
}

/** A single result is given by postgres.js as it is. */
function resultsOf(answer: SimpleAnswer): readonly Rows[] {
  return "command" in answer ? [answer] : answer;
}

/** Of the simple protocol. The library's types know only the first kind. */
type SimpleAnswer = (Rows & { readonly command: string }) | readonly Rows[];

/**
 * One postgres.js instance with one socket for its whole life: it never reconnects (postgres.js would, in a storm, when a
 * server accepts and closes), and nothing of a connection that died can reach the next one. The library's own timers stay
 * off, because whoever opens a connection bounds what it does.
 */
async function open(
  options: ConnectOptions,
  onClose: () => void,
  greeting = PROOF,
): Promise<Connection & { readonly sql: postgres.Sql; readonly first: SimpleAnswer }> {
  const { endpoint, credential } = options;
  const socket = new Socket();
  let connected = false;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    onClose();
  };
  const sql = postgres({
    host: endpoint.host,
    port: endpoint.port,
    database: endpoint.database,
    user: credential.user,
    password: credential.password,
    ssl: options.tls ?? false,
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: 0,
    connection: { application_name: options.applicationName },
    types,
    onnotice: () => {},
    onclose: close,
    // Missing in the library's types. It is called for each connect, so the second call is a reconnect.
    ...{
      socket: () => {
        if (connected || closed) throw connectionError("CONNECTION_CLOSED", "The server closed the connection.");
        connected = true;
        return connect(socket, endpoint);
      },
    },
  });
  const end = async () => {
    close();
    await sql.end({ timeout: 0 }).catch(() => {});
    socket.destroy();
  };
  try {
    // Without `fetch_types`, postgres.js never hands out a reserved connection that was not used before.
    const first = await within(options.connectTimeoutMs, () => sql.unsafe(greeting).simple());
    return { sql, closed: () => closed, end, first };
  } catch (error) {
    await end();
    throw error;
  }
}

function connect(socket: Socket, { host, port }: DatabaseEndpoint): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket.once("error", reject);
  socket.once("close", () => reject(connectionError("CONNECTION_CLOSED", "The connection was closed.")));
  socket.setNoDelay(true).setKeepAlive(true, 30_000);
  socket.connect({ host, port }, () => {
    socket.removeAllListeners("error");
    resolve(socket);
  });
  return promise;
}

async function within<T>(timeoutMs: number, work: () => PromiseLike<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(connectionError("CONNECT_TIMEOUT", "The server did not answer.")), timeoutMs);
  try {
    return await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

const connectionError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
