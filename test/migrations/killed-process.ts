import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { type LeadOptions, leadSchema } from "@pharmasight/adapters/migrations/executor";

/** Leads a schema, and is killed at one of its messages to the server: just before it is sent, or just after. */

export interface Order extends Pick<LeadOptions<void>, "endpoint" | "credential" | "migrations" | "toVersion"> {
  /** From 1. */
  readonly message: number;
  readonly isSent: boolean;
}

const { message, isSent, ...options }: Order = JSON.parse(process.argv[2] ?? "");
let sent = 0;
const write = Socket.prototype.write;
Socket.prototype.write = function (this: Socket, ...parts: unknown[]) {
  // Only to the server: the process has other sockets.
  if (this.remotePort !== options.endpoint.port) return Reflect.apply(write, this, parts);
  sent += 1;
  if (sent === message && !isSent) process.kill(process.pid, "SIGKILL");
  const result = Reflect.apply(write, this, parts);
  if (sent === message) process.kill(process.pid, "SIGKILL");
  return result;
};

const outcome = await leadSchema({
  ...options,
  plane: "tenant",
  lead: {
    deploymentId: randomUUID(),
    fence: "1",
    mayGoDown: true,
    signal: new AbortController().signal,
    timeLeftMs: () => 900_000,
    isStopping: () => false,
    pace: async () => ({ batchSize: 2, delayMs: 0 }),
    progressed: async () => {},
  },
  look: async () => {},
});
process.exit(outcome.kind === "reached" ? 0 : 1);
