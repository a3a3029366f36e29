import { edgeConfig } from "@pharmasight/adapters/config";
import { withLogFields } from "@pharmasight/core/kernel/log";
import { Hostnames, type HostTarget } from "@pharmasight/core/registry/hostnames";
import type { APIGatewayProxyEventV2, Context as LambdaContext } from "aws-lambda";
import { Hono } from "hono";
import { type APIGatewayProxyResult, handle } from "hono/aws-lambda";
import { LRUCache } from "lru-cache";
import type { Edge, EdgeEnv } from "./bindings.ts";
import { securityHeaders } from "./headers.ts";

export type HttpHandler = (event: APIGatewayProxyEventV2, context: LambdaContext) => Promise<APIGatewayProxyResult>;

/** Stands in for hosts that are none: a name that nobody can have (RFC 2606), so it takes the way of any unknown one. */
const NO_HOST = "none.invalid";

/**
 * The Lambda handler of the Hono application that a path belongs to. The host is normalised from the raw event before
 * any URL is built of it: Hono's adapter rejects half of the odd hosts before our code runs, and URL parsing changes
 * others. Every answer gets the security headers.
 * @param formTargets where else forms of these pages may post to
 */
export function lambdaHandler(
  appFor: (path: string) => Hono<EdgeEnv> | Promise<Hono<EdgeEnv>>,
  formTargets: readonly string[] = [],
): HttpHandler {
  const rootHost = new URL(edgeConfig().ROOT_URL).hostname;
  const security = securityHeaders(formTargets);
  const edges = new WeakMap<object, Edge>();
  // Hono's adapter takes an application and wants only its `fetch`: a second routing of each request would cost time.
  const outer = new Hono<{ Bindings: { event: APIGatewayProxyEventV2 } }>();
  outer.fetch = async (request, env) => {
    if (env === undefined || !("event" in env)) throw new Error("Hono's adapter gave no event.");
    const edge = edges.get(env.event);
    if (edge === undefined) throw new Error("Hono's adapter gave another event than it was given.");
    const app = await appFor(env.event.rawPath);
    return app.fetch(request, edge);
  };
  const answer = handle(outer);
  return (event, context) =>
    withLogFields({ requestId: event.requestContext.requestId }, async () => {
      const host = hostOf(event.headers.host, rootHost);
      const plain = withPlainHost(event, host.name);
      const { http, requestId } = event.requestContext;
      const edge: Edge = { target: host.target, origin: { sourceIp: http.sourceIp, requestId }, headers: {} };
      edges.set(plain, edge);
      const result = await answer(plain, context);
      return { ...result, headers: { ...edge.headers, ...result.headers, ...(await security()) } };
    });
}

interface Host {
  readonly name: string;
  readonly target: HostTarget;
}

/** What well-formed hosts mean depends on their text alone, and a process is asked for the same few all day. */
const hosts = new LRUCache<string, Host>({ max: 1000 });

function hostOf(header: string | undefined, rootHost: string): Host {
  const key = `${header} ${rootHost}`;
  const known = hosts.get(key);
  if (known !== undefined) return known;
  const name = Hostnames.normalise(header) ?? NO_HOST;
  const host = { name, target: Hostnames.target(name, rootHost) };
  if (host.target.kind === "subdomain") hosts.set(key, host);
  return host;
}

function withPlainHost(event: APIGatewayProxyEventV2, host: string) {
  const { version, routeKey, rawPath, rawQueryString, isBase64Encoded, requestContext } = event;
  return {
    version,
    routeKey,
    rawPath,
    rawQueryString,
    isBase64Encoded,
    body: event.body ?? null,
    headers: { ...event.headers, host },
    ...(event.cookies === undefined ? {} : { cookies: event.cookies }),
    requestContext: { ...requestContext, authentication: null, authorizer: {}, domainName: host },
  };
}
