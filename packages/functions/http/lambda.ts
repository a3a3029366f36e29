import { edgeConfig } from "@pharmasight/adapters/config";
import { withLogFields } from "@pharmasight/core/kernel/log";
import { Hostnames, type HostTarget } from "@pharmasight/core/registry/hostnames";
import type { APIGatewayProxyEventV2, Context as LambdaContext } from "aws-lambda";
import { Hono } from "hono";
import { type APIGatewayProxyResult, handle } from "hono/aws-lambda";
import { LRUCache } from "lru-cache";
import type { Edge, EdgeEnv } from "./bindings.ts";

export type HttpHandler = (event: APIGatewayProxyEventV2, context: LambdaContext) => Promise<APIGatewayProxyResult>;

/** Stands in for hosts that are none: a name that nobody can have (RFC 2606), so it takes the way of any unknown one. */
const NO_HOST = "none.invalid";

/**
 * The Lambda handler of the Hono application that a path belongs to. The host is normalised from the raw event before
 * any URL is built of it: Hono's adapter rejects half of the odd hosts before our code runs, and URL parsing changes
 * others.
 */
export function lambdaHandler(appFor: (path: string) => Hono<EdgeEnv> | Promise<Hono<EdgeEnv>>): HttpHandler {
  const rootHost = new URL(edgeConfig().ROOT_URL).hostname;
  // Hono's adapter takes an application and wants only its `fetch`: a second routing of each request would cost time.
  const outer = new Hono<{ Bindings: { event: APIGatewayProxyEventV2 } }>();
  outer.fetch = async (request, env) => {
    if (env === undefined || !("event" in env)) throw new Error("Hono's adapter gave no event.");
    const app = await appFor(env.event.rawPath);
    return app.fetch(request, edgeOf(env.event, rootHost));
  };
  const answer = handle(outer);
  return (event, context) =>
    withLogFields({ requestId: event.requestContext.requestId }, () => answer(withPlainHost(event), context));
}

function edgeOf(event: APIGatewayProxyEventV2, rootHost: string): Edge {
  const { http, requestId } = event.requestContext;
  return { target: targetOf(event.headers.host, rootHost), origin: { sourceIp: http.sourceIp, requestId } };
}

/** What well-formed hosts mean depends on their text alone, and a process is asked for the same few all day. */
const targets = new LRUCache<string, HostTarget>({ max: 1000 });

function targetOf(host: string | undefined, rootHost: string): HostTarget {
  const key = `${host} ${rootHost}`;
  const known = targets.get(key);
  if (known !== undefined) return known;
  const target = Hostnames.target(host, rootHost);
  if (target.kind === "subdomain") targets.set(key, target);
  return target;
}

function withPlainHost(event: APIGatewayProxyEventV2) {
  const host = Hostnames.normalise(event.headers.host) ?? NO_HOST;
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
