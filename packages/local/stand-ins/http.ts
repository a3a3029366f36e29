import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { Faults, faultSchema } from "./faults.ts";

/** One request, read whole. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One answer; `body` is sent as JSON, or as it is when it is bytes. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How one vendor speaks. */
export interface Vendor {
  /** Of the reply, for vendors with a JSON dialect of their own. */
  readonly contentType?: string;
  /** Headers of every reply, refusals included. */
  headers?(call: Call): Readonly<Record<string, string>>;
  /** What the call is named in a fault's `on`; method and path when absent. */
  nameOf?(call: Call): string;
  handle(call: Call): Reply | Promise<Reply>;
  /** The vendor's own words for "not now", "slow down" and "we are broken". */
  refuse(status: 409 | 429 | 500, retryAfterSeconds: number): Reply;
}

export interface HttpServer {
  readonly url: string;
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** Thrown inside `handle` to answer with the vendor's error. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`refused with ${reply.status}`);
    this.reply = reply;
  }
}

const MAX_BODY_BYTES = 1_000_000;
const FAULTS_PATH = "/_faults";

/**
 * Serves a vendor on loopback. `POST /_faults` adds a fault (or a list of them) and `DELETE /_faults` removes all, for a
 * test in another process.
 * @param port 0 for any free one
 * @throws Error of the listening socket, such as EADDRINUSE
 */
export async function serveVendor(port: number, vendor: Vendor): Promise<HttpServer> {
  const faults = new Faults();
  const server = createServer((request, response) => {
    answer(vendor, faults, request, response).catch((error: unknown) => {
      console.error("A stand-in failed:", error);
      if (response.headersSent) response.destroy();
      else send(vendor, response, vendor.refuse(500, 1));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A stand-in listens on no TCP port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    faults,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Clients keep their connections alive, and a `timeout` fault holds one for ever.
        server.closeAllConnections();
      }),
  };
}

async function answer(
  vendor: Vendor,
  faults: Faults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = await readCall(request);
  if (call === undefined)
    return send(vendor, response, { status: 413, body: { message: "The request is too large." } });
  if (call.path === FAULTS_PATH) return send(vendor, response, changeFaults(faults, call));
  for (const [name, value] of Object.entries(vendor.headers?.(call) ?? {})) response.setHeader(name, value);
  const fault = faults.take(vendor.nameOf?.(call) ?? `${call.method} ${call.path}`);
  switch (fault?.action) {
    case "409":
      return send(vendor, response, vendor.refuse(409, fault.seconds));
    case "429":
      return send(vendor, response, vendor.refuse(429, fault.seconds));
    case "500":
      return send(vendor, response, vendor.refuse(500, fault.seconds));
    case "timeout":
      return;
    case "lost-reply":
      await settle(() => vendor.handle(call));
      response.destroy();
      return;
    case "delay":
      if (!fault.stale) await wait(fault.seconds * 1000);
      break;
    case undefined:
      break;
  }
  const reply = await settle(() => vendor.handle(call));
  if (fault?.stale === true) await wait(fault.seconds * 1000);
  send(vendor, response, reply);
}

/** The reply of `run`, be it returned or thrown as a `Refusal`. */
export async function settle(run: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

async function readCall(request: IncomingMessage): Promise<Call | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(part);
  }
  const url = new URL(request.url ?? "/", "http://stand-in");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function changeFaults(faults: Faults, call: Call): Reply {
  if (call.method === "DELETE") {
    faults.clear();
    return { status: 200, body: {} };
  }
  const asked = z.union([faultSchema, z.array(faultSchema)]).safeParse(parseJson(call.body));
  if (call.method !== "POST" || !asked.success) {
    return {
      status: 400,
      body: { message: "POST a fault as JSON, or DELETE all of them.", issues: asked.error?.issues },
    };
  }
  faults.add(...[asked.data].flat());
  return { status: 200, body: {} };
}

/** The value, or undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One line on what is wrong with a request, naming the parameter. */
export function describeIssue(error: z.ZodError): { parameter: string; message: string; unknown: boolean } {
  const issue = error.issues[0];
  const unknown = issue?.code === "unrecognized_keys";
  const path = [...(issue?.path ?? []), ...(unknown ? issue.keys.slice(0, 1) : [])];
  return { parameter: path.join("."), message: issue?.message ?? "The request is invalid.", unknown };
}

function send(vendor: Vendor, response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { "content-type": vendor.contentType ?? "application/json", ...reply.headers });
  response.end(reply.body instanceof Uint8Array ? reply.body : JSON.stringify(reply.body));
}
