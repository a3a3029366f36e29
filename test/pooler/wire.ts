import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "@pharmasight/local/ports";

/** What one connection sent, as far as a transaction pooler minds. */
interface Conversation {
  /** Most requests (Sync or simple query) that were under way at once. */
  syncsAtOnce: number;
  /** Statements with a name: they would stay on a backend that others use next. */
  namedStatements: number;
  /** Texts that were sent, in order. */
  readonly statements: string[];
}

export interface Wire {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly conversations: readonly Conversation[];
  /** Cuts every connection without a word, as a process that is gone. */
  cut(): void;
  /** Takes no connections any more, as a server that is down, and cuts those that there are. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** A way to a Postgres server, or a pooler, that passes bytes on and listens to them. */
export async function startWire(to: { readonly host: string; readonly port: number }): Promise<Wire> {
  const conversations: Conversation[] = [];
  const sockets = new Set<Socket>();
  const port = await freePort();
  let server: Server | undefined;

  const join = (client: Socket) => {
    const upstream = connect({ host: to.host, port: to.port, noDelay: true });
    client.setNoDelay(true);
    const conversation: Conversation = { syncsAtOnce: 0, namedStatements: 0, statements: [] };
    conversations.push(conversation);
    // The start asks for the first ReadyForQuery.
    let underWay = 1;
    const sent = messages("frontend", (type, body) => {
      if (type === "S" || type === "Q") underWay += 1;
      conversation.syncsAtOnce = Math.max(conversation.syncsAtOnce, underWay);
      if (type === "Q") conversation.statements.push(textAt(body, 0));
      if (type !== "P") return;
      const name = textAt(body, 0);
      if (name !== "") conversation.namedStatements += 1;
      conversation.statements.push(textAt(body, Buffer.byteLength(name) + 1));
    });
    const received = messages("backend", (type) => {
      if (type === "Z") underWay -= 1;
    });
    pass(client, upstream, sent);
    pass(upstream, client, received);
    for (const socket of [client, upstream]) sockets.add(socket.once("close", () => sockets.delete(socket)));
  };
  const up = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer(join).once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve());
    });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const down = () =>
    new Promise<void>((resolve) => {
      if (server === undefined) return resolve();
      server.close(() => resolve());
      server = undefined;
      cut();
    });
  await up();
  return { host: "127.0.0.1", port, conversations, cut, down, up, stop: down };
}

function pass(from: Socket, to: Socket, listen: (chunk: Buffer) => void): void {
  from.on("data", (chunk) => {
    listen(chunk);
    to.write(chunk);
  });
  from.on("error", () => undefined);
  from.on("close", () => to.destroySoon());
}

/** Cuts a stream into messages. A client's first one has no type. */
function messages(side: "frontend" | "backend", onMessage: (type: string, body: Buffer) => void) {
  let pending = Buffer.alloc(0);
  let started = side === "backend";
  return (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const head = started ? 1 : 0;
      if (pending.length < head + 4) return;
      const end = head + pending.readInt32BE(head);
      if (pending.length < end) return;
      if (started) onMessage(String.fromCharCode(pending[0] ?? 0), pending.subarray(5, end));
      started = true;
      pending = pending.subarray(end);
    }
  };
}

/** The text that ends with a zero byte. */
const textAt = (body: Buffer, start: number): string => body.toString("utf8", start, body.indexOf(0, start));
