import { connect, createServer, type Server, type Socket } from "node:net";
import { databaseOf, ownerOf, type ProjectDatabases, type SharedCluster } from "./supabase-databases.ts";

/** How connections to a stopped database fail: with Postgres's message, or by a socket that closes without a word. */
export type Outage = "error" | "closed";

export interface Pooler {
  readonly transactionPort: number;
  readonly sessionPort: number;
  /** Closes the open connections of a project and refuses new ones. A backend notices when its query ends. */
  stopDatabase(ref: string, outage: Outage): void;
  startDatabase(ref: string): void;
  isStopped(ref: string): boolean;
  /** Closes the sockets of every open connection of a project; new ones are welcome. */
  killConnections(ref: string): void;
  stop(): Promise<void>;
}

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const STARTUP_MAX_BYTES = 10_000;

/** What a transaction pooler lets a client set when it connects; anything else belongs on the role. */
const poolableParameters = new Set([
  "user",
  "database",
  "application_name",
  "client_encoding",
  "datestyle",
  "timezone",
  "standard_conforming_strings",
]);

/**
 * Stands in for Supabase's shared pooler on two ports: it reads who wants to connect (`role.ref`), forwards to the
 * database of that project and then passes bytes both ways. It is not a real transaction pooler: on either port each
 * client has a backend of its own, so session state that a pooler would lose survives here. Tests of that need PgBouncer.
 * @throws Error of a listening socket, such as EADDRINUSE
 */
export async function startPooler(options: {
  readonly cluster: SharedCluster;
  readonly databases: ProjectDatabases;
  readonly ports: { readonly transaction: number; readonly session: number };
  /** Whether the project exists and its pooler is up. */
  isServed(ref: string): boolean;
}): Promise<Pooler> {
  const outages = new Map<string, Outage>();
  const open = new Map<string, Set<Socket>>();
  const sockets = new Set<Socket>();

  const killConnections = (ref: string) => {
    for (const socket of open.get(ref) ?? []) socket.destroy();
  };

  const serve = async (client: Socket, pooled: boolean): Promise<void> => {
    const packet = await readStartup(client);
    if (packet === undefined) return void client.destroy();
    if (packet.readInt32BE(4) === CANCEL_REQUEST) return void forward(options.cluster, client, packet);
    const parameters = parseParameters(packet);
    const [, role, ref] = /^(.+)\.([a-z]{20})$/.exec(parameters.get("user") ?? "") ?? [];
    if (role === undefined || ref === undefined || !options.isServed(ref)) {
      return refuse(client, "XX000", "Tenant or user not found");
    }
    const outage = outages.get(ref);
    if (outage === "closed") return void client.destroy();
    if (outage === "error") return refuse(client, "XX000", "connection to database closed");
    const unpoolable = [...parameters.keys()].find((name) => !poolableParameters.has(name.toLowerCase()));
    if (pooled && unpoolable !== undefined) {
      return refuse(client, "08P01", `unsupported startup parameter: ${unpoolable}`);
    }
    // Roles are cluster-wide: without this, one project's role could try itself on another project's database.
    if (role !== "postgres" && !(await options.databases.hasRole(ref, role))) {
      return refuse(client, "28P01", `password authentication failed for user "${role}"`);
    }
    parameters.set("user", role === "postgres" ? ownerOf(ref) : role);
    const database = parameters.get("database") ?? "postgres";
    parameters.set("database", database === "postgres" ? databaseOf(ref) : database);
    const server = forward(options.cluster, client, startupPacket(packet.readInt32BE(4), parameters));
    const ofProject = open.get(ref) ?? new Set();
    open.set(ref, ofProject);
    for (const socket of [client, server]) {
      ofProject.add(socket);
      socket.once("close", () => ofProject.delete(socket));
    }
  };

  const listenFor = (pooled: boolean, port: number) =>
    listen(port, (client) => {
      sockets.add(client);
      client.once("close", () => sockets.delete(client));
      // A reset by the other side is an ordinary end here; "close" follows.
      client.on("error", () => undefined);
      serve(client, pooled).catch((error: unknown) => {
        console.error("The pooler stand-in failed:", error);
        client.destroy();
      });
    });
  const transaction = await listenFor(true, options.ports.transaction);
  const session = await listenFor(false, options.ports.session);

  return {
    transactionPort: portOf(transaction),
    sessionPort: portOf(session),
    stopDatabase: (ref, outage) => {
      outages.set(ref, outage);
      killConnections(ref);
    },
    startDatabase: (ref) => void outages.delete(ref),
    isStopped: (ref) => outages.has(ref),
    killConnections,
    stop: async () => {
      const closed = [transaction, session].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** The first packet that is not a request to encrypt, which is declined; undefined when there is none. */
async function readStartup(client: Socket): Promise<Buffer | undefined> {
  let received = Buffer.alloc(0);
  return new Promise((resolve) => {
    const finish = (packet: Buffer | undefined) => {
      client.off("data", onData);
      client.off("close", onClose);
      client.pause();
      resolve(packet);
    };
    const onClose = () => finish(undefined);
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 8) {
        const length = received.readInt32BE(0);
        if (length < 8 || length > STARTUP_MAX_BYTES) return finish(undefined);
        if (received.length < length) return;
        const packet = received.subarray(0, length);
        received = received.subarray(length);
        const code = packet.readInt32BE(4);
        if (code !== SSL_REQUEST && code !== GSSENC_REQUEST) {
          // A client waits for the answer to its first packet, so nothing may follow it.
          return finish(received.length === 0 ? packet : undefined);
        }
        client.write("N");
      }
    };
    client.on("data", onData);
    client.once("close", onClose);
  });
}

/** Names and values after length and protocol version, each ended by a zero byte. */
function parseParameters(packet: Buffer): Map<string, string> {
  const parts = packet.subarray(8).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const name = parts[index];
    if (name) parameters.set(name, parts[index + 1] ?? "");
  }
  return parameters;
}

function startupPacket(protocol: number, parameters: ReadonlyMap<string, string>): Buffer {
  const text = Buffer.from(`${[...parameters].flat().join("\0")}\0\0`, "utf8");
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + text.length, 0);
  head.writeInt32BE(protocol, 4);
  return Buffer.concat([head, text]);
}

/** Joins the client to the cluster, first packet first. A cancel request finds its backend by the key it carries. */
function forward(cluster: SharedCluster, client: Socket, first: Buffer): Socket {
  const server = connect({ host: cluster.host, port: cluster.port, noDelay: true });
  client.setNoDelay(true);
  server.on("error", () => client.destroy());
  // The last bytes say why Postgres hung up: they must still reach the client.
  server.once("close", () => client.destroySoon());
  client.once("close", () => server.destroy());
  server.write(first);
  server.pipe(client);
  client.pipe(server);
  client.resume();
  return server;
}

function refuse(client: Socket, code: string, message: string): void {
  const fields = ["SFATAL", "VFATAL", `C${code}`, `M${message}`].map((field) => `${field}\0`).join("");
  const body = Buffer.from(`${fields}\0`, "utf8");
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(body.length + 4, 1);
  client.end(Buffer.concat([head, body]));
  client.resume();
}

async function listen(port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The pooler stand-in listens on no TCP port.");
  return address.port;
}
