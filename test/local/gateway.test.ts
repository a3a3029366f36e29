import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { type Gateway, type Route, startGateway } from "@pharmasight/local/gateway";
import type { LambdaHandler } from "@pharmasight/local/lambda";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";

const gateways: Gateway[] = [];
let lines: string[] = [];

beforeEach(() => {
  lines = [];
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

const route = (handler: LambdaHandler, more: Partial<Route> = {}, name = "fn"): Route => ({
  hosts: "any",
  fn: { name, memoryMb: 128, timeoutSeconds: 29, handler },
  ...more,
});

async function serve(routes: readonly Route[] | LambdaHandler, timeoutMs?: number): Promise<Gateway> {
  const gateway = await startGateway({
    routes: typeof routes === "function" ? [route(routes)] : routes,
    port: 0,
    log: (line) => lines.push(line),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  gateways.push(gateway);
  return gateway;
}

const url = (gateway: Gateway, path = "/") => `http://127.0.0.1:${gateway.port}${path}`;
const echo: LambdaHandler = (event) => ({ statusCode: 200, body: JSON.stringify(event) });
const eventOf = async (response: Response): Promise<APIGatewayProxyEventV2> =>
  (await response.json()) as APIGatewayProxyEventV2;

/** Sends bytes as they are and returns all that comes back. */
function raw(gateway: Gateway, text: string, encoding: BufferEncoding = "latin1"): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(gateway.port, "127.0.0.1", () => socket.write(Buffer.from(text, encoding)));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.on("error", reject);
  });
}

const rawEvent = async (gateway: Gateway, text: string): Promise<APIGatewayProxyEventV2> =>
  JSON.parse((await raw(gateway, text)).split("\r\n\r\n")[1] ?? "") as APIGatewayProxyEventV2;

test("a request becomes an HTTP API event of payload format 2.0", async () => {
  const gateway = await serve(echo);
  const response = await fetch(url(gateway, "/a%20b/c?x=1&x=2&y=%20"), {
    method: "POST",
    headers: { "content-type": "application/json", "X-Thing": "Upper", cookie: "one=1; two=2", "user-agent": "me" },
    body: '{"é":1}',
  });
  const event = await eventOf(response);
  expect(event).toMatchObject({
    version: "2.0",
    routeKey: "$default",
    rawPath: "/a b/c",
    rawQueryString: "x=1&x=2&y=%20",
    queryStringParameters: { x: "1,2", y: " " },
    cookies: ["one=1", "two=2"],
    body: '{"é":1}',
    isBase64Encoded: false,
    requestContext: {
      domainName: "127.0.0.1",
      http: { method: "POST", path: "/a b/c", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "me" },
      stage: "$default",
    },
  });
  expect(event.headers).toMatchObject({ "x-thing": "Upper", host: `127.0.0.1:${gateway.port}` });
  expect(event.headers).not.toHaveProperty("cookie");
  expect(event.requestContext.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test("a body of a type that is not text, or of bytes that are no UTF-8, is base64 and comes through unchanged", async () => {
  const gateway = await serve(echo);
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (const type of ["image/png", "application/x-www-form-urlencoded", "text/plain"]) {
    const event = await eventOf(
      await fetch(url(gateway), { method: "POST", headers: { "content-type": type }, body: bytes }),
    );
    expect(event.isBase64Encoded).toBe(true);
    expect(Buffer.from(event.body ?? "", "base64")).toEqual(Buffer.from(bytes));
  }
});

test("a result's status, headers, cookies and base64 body reach the client", async () => {
  const gateway = await serve(() => ({
    statusCode: 201,
    headers: { "content-type": "image/png", "x-number": 7 },
    cookies: ["a=1; Path=/", "b=2; HttpOnly"],
    body: Buffer.from([0, 255, 1]).toString("base64"),
    isBase64Encoded: true,
  }));
  const response = await fetch(url(gateway));
  expect(response.status).toBe(201);
  expect(response.headers.get("x-number")).toBe("7");
  expect(response.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; HttpOnly"]);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0, 255, 1]));
});

test("a result without a status is a JSON body of a 200", async () => {
  const gateway = await serve(async () => ({ hello: "world" }));
  const response = await fetch(url(gateway));
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(await response.json()).toEqual({ hello: "world" });
});

test("HEAD gets the headers only", async () => {
  const gateway = await serve(() => ({ statusCode: 200, body: "12345" }));
  const response = await fetch(url(gateway), { method: "HEAD" });
  expect([response.headers.get("content-length"), await response.text()]).toEqual(["5", ""]);
});

test("a handler that throws, now or later, or answers nonsense is a 500 in API Gateway's words and a line in the log", async () => {
  const faults: LambdaHandler[] = [
    () => {
      throw new Error("at once");
    },
    async () => {
      throw new Error("later");
    },
    () => ({ statusCode: "many" }),
    () => ({ statusCode: 200, headers: { "bad name": "x" } }),
  ];
  for (const fault of faults) {
    const response = await fetch(url(await serve(fault)));
    expect([response.status, await response.json()]).toEqual([500, { message: "Internal Server Error" }]);
  }
  expect(lines.join("\n")).toMatch(/at once.*later.*does not understand/s);
});

test("an integration that takes too long is a 503", async () => {
  const gateway = await serve(() => new Promise(() => {}), 20);
  const response = await fetch(url(gateway));
  expect([response.status, await response.json()]).toEqual([503, { message: "Service Unavailable" }]);
});

test("an event above 6 MB is refused, text by its own length and binary by its base64", async () => {
  const gateway = await serve(() => ({ statusCode: 204 }));
  const post = async (type: string, bytes: number) =>
    (await fetch(url(gateway), { method: "POST", headers: { "content-type": type }, body: Buffer.alloc(bytes, 97) }))
      .status;
  expect(await post("text/csv", 6_000_000)).toBe(204);
  expect(await post("text/csv", 6_400_000)).toBe(413);
  expect(await post("image/png", 4_500_000)).toBe(204);
  expect(await post("image/png", 5_000_000)).toBe(413);
  expect(await post("image/png", 12_000_000)).toBe(413);
});

test("a response above 6 MB is a 500 and a line in the log", async () => {
  const gateway = await serve(() => ({ statusCode: 200, body: "a".repeat(6_400_000) }));
  expect((await fetch(url(gateway))).status).toBe(500);
  expect(lines.join()).toContain("fn answered more than");
});

test("more than 10,240 bytes of headers are refused", async () => {
  const gateway = await serve(() => ({ statusCode: 204 }));
  const status = async (bytes: number) =>
    (await fetch(url(gateway), { headers: { "x-long": "a".repeat(bytes) } })).status;
  expect(await status(9_000)).toBe(204);
  expect(await status(10_300)).toBe(431);
});

test("Host reaches the handler as it was sent: odd, several or absent", async () => {
  const gateway = await serve(echo);
  const odd = ["A..B", "[::1]:80", "münchen.example", "x y", "a@b", "%00", "a/b?c", "", "'", "xn--", "a".repeat(3_000)];
  for (const host of odd) {
    const event = await rawEvent(gateway, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(event.headers.host).toBe(host);
  }
  const twice = await rawEvent(gateway, "GET / HTTP/1.1\r\nHost: one\r\nhost: two\r\nConnection: close\r\n\r\n");
  expect(twice.headers.host).toBe("one,two");
  const absent = await rawEvent(gateway, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  expect(absent.headers).not.toHaveProperty("host");
  const old = await rawEvent(gateway, "GET / HTTP/1.0\r\n\r\n");
  expect(old.headers).not.toHaveProperty("host");
});

test("broken requests get a 4xx and never reach a handler", async () => {
  const gateway = await serve(() => {
    throw new Error("reached");
  });
  for (const text of [
    "nonsense\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\u0000b\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
  ]) {
    expect(await raw(gateway, text)).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  expect(lines).toEqual([]);
});

test("the first route that fits host and path serves the request", async () => {
  const named =
    (name: string): LambdaHandler =>
    (event) =>
      `${name} ${(event as APIGatewayProxyEventV2).routeKey}`;
  const gateway = await serve([
    route(named("site"), { hosts: ["example.test", "www.example.test"] }),
    route(named("auth"), { path: "/auth" }),
    route(named("app")),
  ]);
  const served = async (host: string, path: string) =>
    (await raw(gateway, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split("\r\n\r\n")[1];
  expect(await served("WWW.Example.Test.:3000", "/auth/x")).toBe('"site $default"');
  expect(await served("example.test", "/")).toBe('"site $default"');
  expect(await served("a.example.test", "/auth/sign-in?x=1")).toBe('"auth ANY /auth/{proxy+}"');
  expect(await served("a.example.test", "/auth")).toBe('"auth ANY /auth/{proxy+}"');
  expect(await served("a.example.test", "/authors")).toBe('"app $default"');
  expect(await served("evil.example", "/")).toBe('"app $default"');
});

test("requests wait for routes that are still being loaded", async () => {
  const routes = Promise.withResolvers<readonly Route[]>();
  const gateway = await startGateway({ routes: routes.promise, port: 0, log: () => {} });
  gateways.push(gateway);
  const early = fetch(url(gateway));
  routes.resolve([route(() => ({ statusCode: 204 }))]);
  expect((await early).status).toBe(204);
});

test("a request under way is answered before the gateway stops", async () => {
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const gateway = await serve(async () => {
    entered.resolve();
    await leave.promise;
    return { statusCode: 204 };
  });
  const status = new Promise((resolve) =>
    httpRequest(url(gateway), { agent: false }, (response) => resolve(response.statusCode)).end(),
  );
  await entered.promise;
  const stopped = gateway.stop();
  leave.resolve();
  expect(await status).toBe(204);
  await stopped;
});

test("a port that is taken or impossible is said in one sentence", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;
  await expect(startGateway({ routes: [], port, log: () => {} })).rejects.toThrow(
    `Port ${port} is taken by another program`,
  );
  await expect(startGateway({ routes: [], port: 70_000, log: () => {} })).rejects.toThrow(
    "PORT has to be a whole number",
  );
  await new Promise((resolve) => other.close(resolve));
});
