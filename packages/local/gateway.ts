import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import * as z from "zod";
import { routingHost, splitTarget, toApiGatewayEvent } from "./api-gateway-event.ts";
import { invoke, type LambdaFunction } from "./lambda.ts";
import { freePort } from "./ports.ts";

/** One route of the deployed APIs. The first that fits a request serves it. */
export interface Route {
  /** Exact names, or any. */
  readonly hosts: readonly string[] | "any";
  /** A path and everything below it; without it, every path. */
  readonly path?: string;
  readonly fn: LambdaFunction;
}

export interface GatewayOptions {
  /** Requests wait for a promise: the gateway listens before the functions are loaded. */
  readonly routes: readonly Route[] | Promise<readonly Route[]>;
  /** 0: a free one. */
  readonly port: number;
  readonly log: (line: string) => void;
  /** How long an integration may take; API Gateway's own limit by default. */
  readonly timeoutMs?: number;
}

export interface Gateway {
  readonly port: number;
  /** Takes no new requests, lets those under way finish for `DRAIN_MS`, then cuts them. */
  stop(): Promise<void>;
}

/** API Gateway's quota for request line and header values together. */
const HEADER_BYTES = 10_240;
/** Lambda's quota for the event and for the response, as JSON. */
const PAYLOAD_BYTES = 6 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const DRAIN_MS = 10_000;

const reply = (statusCode: number, message: string) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  cookies: [],
  body: JSON.stringify({ message }),
  isBase64Encoded: false,
});

const replies = {
  badRequest: reply(400, "Bad Request"),
  notFound: reply(404, "Not Found"),
  tooLarge: reply(413, "Request Entity Too Large"),
  headersTooLarge: reply(431, "Request Header Fields Too Large"),
  failed: reply(500, "Internal Server Error"),
  late: reply(503, "Service Unavailable"),
};

const structuredResult = z.object({
  statusCode: z.int().min(200).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(""),
  isBase64Encoded: z.boolean().default(false),
});
type Result = z.infer<typeof structuredResult>;

/**
 * Serves routes on loopback, IPv4 and IPv6, the way API Gateway and Lambda do: events, limits and error replies.
 * @throws DomainError in one sentence when the port cannot be used
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalidInput(`PORT has to be a whole number from 1 to 65535, not "${port}".`);
  }
  const listener: RequestListener = (request, response) => {
    answer(request, options)
      .catch((error: unknown) => {
        options.log(`The gateway failed: ${describe(error)}`);
        return replies.failed;
      })
      .then((result) => send(response, request.method, result));
  };
  const chosen = port === 0 ? await freePort() : port;
  const servers = [await listen(listener, "127.0.0.1", chosen)];
  try {
    servers.push(await listen(listener, "::1", chosen));
  } catch (error) {
    if (!(error instanceof NoSuchAddress)) {
      await Promise.all(servers.map(stop));
      throw error;
    }
  }
  return {
    port: chosen,
    stop: async () => {
      await Promise.all(servers.map(stop));
    },
  };
}

async function answer(request: IncomingMessage, options: GatewayOptions): Promise<Result> {
  const body = await readBody(request);
  if (headerBytes(request) > HEADER_BYTES) return replies.headersTooLarge;
  if (body === undefined) return replies.tooLarge;
  if (!/^(\/|https?:)/i.test(request.url ?? "")) return replies.badRequest;
  const route = findRoute(await options.routes, routingHost(request), splitTarget(request.url ?? "/").path);
  if (!route) return replies.notFound;
  const event = toApiGatewayEvent(request, body, route.path === undefined ? "$default" : `ANY ${route.path}/{proxy+}`);
  if (Buffer.byteLength(JSON.stringify(event)) > PAYLOAD_BYTES) return replies.tooLarge;
  return integrate(route.fn, event, options);
}

async function integrate(fn: LambdaFunction, event: unknown, options: GatewayOptions): Promise<Result> {
  const late = Promise.withResolvers<Result>();
  const timer = setTimeout(() => late.resolve(replies.late), options.timeoutMs ?? TIMEOUT_MS);
  const called = invoke(fn, event).then(
    (returned) => understand(fn, returned, options.log),
    (error: unknown) => {
      options.log(`${fn.name} threw: ${describe(error)}`);
      return replies.failed;
    },
  );
  try {
    return await Promise.race([called, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function understand(fn: LambdaFunction, returned: unknown, log: (line: string) => void): Result {
  const json = JSON.stringify(returned ?? null);
  if (Buffer.byteLength(json) > PAYLOAD_BYTES) {
    log(`${fn.name} answered more than the ${PAYLOAD_BYTES} bytes that Lambda returns.`);
    return replies.failed;
  }
  if (typeof returned !== "object" || returned === null || !("statusCode" in returned)) {
    return { ...reply(200, ""), body: json };
  }
  const result = structuredResult.safeParse(returned);
  if (result.success) return result.data;
  log(`${fn.name} answered what API Gateway does not understand: ${z.prettifyError(result.error)}`);
  return replies.failed;
}

function findRoute(routes: readonly Route[], host: string, path: string): Route | undefined {
  return routes.find(
    (route) =>
      (route.hosts === "any" || route.hosts.includes(host)) &&
      (route.path === undefined || path === route.path || path.startsWith(`${route.path}/`)),
  );
}

/** @returns undefined when it is larger than any event may be; the rest is read and dropped, so that a reply arrives */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= PAYLOAD_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > PAYLOAD_BYTES ? undefined : Buffer.concat(chunks);
}

function headerBytes(request: IncomingMessage): number {
  const values = request.rawHeaders.filter((_, index) => index % 2 === 1);
  return [request.method ?? "", request.url ?? "", ...values].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function send(response: ServerResponse, method: string | undefined, result: Result): void {
  const body = Buffer.from(result.body, result.isBase64Encoded ? "base64" : "utf8");
  try {
    for (const [name, value] of Object.entries(result.headers)) response.setHeader(name, String(value));
    if (result.cookies.length > 0) response.appendHeader("set-cookie", result.cookies);
    if (!response.hasHeader("content-type")) response.setHeader("content-type", "text/plain;charset=utf-8");
    const bodyless = result.statusCode === 204 || result.statusCode === 304;
    if (!bodyless) response.setHeader("content-length", body.length);
    response.writeHead(result.statusCode);
    response.end(method === "HEAD" || bodyless ? undefined : body);
  } catch {
    // A header that HTTP does not allow: the client gets what API Gateway would say of it.
    if (response.headersSent) return;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.writeHead(500, { "content-type": "application/json" }).end(replies.failed.body);
  }
}

class NoSuchAddress extends Error {}

function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  // Every odd Host is for the handlers to judge, and headers up to our own limit for us.
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 64 * 1024 }, listener);
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(error, port)));
  server.listen({ host, port }, () => resolve(server));
  return promise;
}

function refusal(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") return new NoSuchAddress();
  if (error.code === "EADDRINUSE") {
    return new DomainError(
      "conflict",
      `Port ${port} is taken by another program: stop it, or set PORT to another one.`,
    );
  }
  if (error.code === "EACCES") {
    return new DomainError("forbidden", `Port ${port} is for administrators only: set PORT to one above 1023.`);
  }
  return error;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
