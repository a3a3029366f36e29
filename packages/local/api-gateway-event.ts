import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { ACCOUNT_ID } from "./lambda.ts";

const TEXT = /^(text\/|application\/([a-z0-9.-]+\+)?(json|xml|javascript)\b)/i;

/**
 * The event that an HTTP API hands to Lambda (payload format 2.0) for a request. As there: the path arrives decoded, the
 * query does not; repeated headers are joined by commas; cookies are a list of their own; bodies of any other than a
 * text type are base64. `Host` is passed on as it came, also when it is absent, odd or given twice.
 */
export function toApiGatewayEvent(request: IncomingMessage, body: Buffer, routeKey: string): APIGatewayProxyEventV2 {
  const { headers, cookies } = splitHeaders(request.rawHeaders);
  const { path, query } = splitTarget(request.url ?? "/");
  const parameters = queryParameters(query);
  const at = new Date();
  const host = headers.host ?? "";
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers: {
      ...headers,
      "x-forwarded-for": request.socket.remoteAddress ?? "127.0.0.1",
      "x-forwarded-port": String(request.socket.localPort),
      "x-forwarded-proto": "http",
    },
    ...(parameters === undefined ? {} : { queryStringParameters: parameters }),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: "local",
      domainName: host.replace(/:\d*$/, ""),
      domainPrefix: host.split(".")[0] ?? "",
      http: {
        method: request.method ?? "GET",
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? "127.0.0.1",
        userAgent: headers["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey,
      stage: "$default",
      time: at.toISOString(),
      timeEpoch: at.getTime(),
    },
    ...encodeBody(body, headers["content-type"] ?? ""),
  };
}

/** Path, decoded, and query, as sent, of a request target in origin or absolute form. */
export function splitTarget(target: string): { path: string; query: string } {
  const origin = /^https?:\/\/[^/?]*/i.exec(target)?.[0] ?? "";
  const [path = "", ...query] = target.slice(origin.length).split("?");
  return { path: decodePath(path === "" ? "/" : path), query: query.join("?") };
}

/** The `Host` of the request, lower-case, without port and root dot: what a route is chosen by. */
export function routingHost(request: IncomingMessage): string {
  const host = splitHeaders(request.rawHeaders).headers.host ?? "";
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

function splitHeaders(raw: readonly string[]): { headers: Record<string, string>; cookies: string[] } {
  const headers = new Map<string, string>();
  const cookies: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    if (name === "cookie") cookies.push(...value.split(/; */).filter((cookie) => cookie !== ""));
    else headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  }
  return { headers: Object.fromEntries(headers), cookies };
}

/** A path that is no valid encoding is passed on as it came: the handler has to cope with any. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function queryParameters(query: string): Record<string, string> | undefined {
  if (query === "") return undefined;
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    parameters.set(name, parameters.has(name) ? `${parameters.get(name)},${value}` : value);
  }
  return Object.fromEntries(parameters);
}

function encodeBody(body: Buffer, contentType: string): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  if (!TEXT.test(contentType)) return { body: body.toString("base64"), isBase64Encoded: true };
  const text = body.toString("utf8");
  // Bytes that are no UTF-8 would be lost as text.
  if (!Buffer.from(text, "utf8").equals(body)) return { body: body.toString("base64"), isBase64Encoded: true };
  return { body: text, isBase64Encoded: false };
}
