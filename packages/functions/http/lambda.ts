import { edgeConfig } from "@pharmasight/adapters/config";
import { withLogFields } from "@pharmasight/core/kernel/log";
import { Hostnames } from "@pharmasight/core/registry/hostnames";
import type { APIGatewayProxyEventV2, Context as LambdaContext } from "aws-lambda";
import { Hono } from "hono";
import { type APIGatewayProxyResult, handle } from "hono/aws-lambda";
import type { Edge, EdgeEnv } from "./bindings.ts";

export type HttpHandler = (event: APIGatewayProxyEventV2, context: LambdaContext) => Promise<APIGatewayProxyResult>;

/** Stands in for hosts that are none: a name that nobody can have (RFC 2606), so it takes the way of any unknown one. */
const NO_HOST = "none.invalid";

/**
 * The Lambda handler of a Hono application. The host is normalised from the raw event before any URL is built of it:
 * Hono's adapter rejects half of the odd hosts before our code runs, and URL parsing changes others.
 */
export function lambdaHandler(app: Hono<EdgeEnv>): HttpHandler {
  const rootHost = new URL(edgeConfig().ROOT_URL).hostname;
  const outer = new Hono<{ Bindings: { event: APIGatewayProxyEventV2 } }>();
  outer.all("*", (c) => app.fetch(c.req.raw, edgeOf(c.env.event, rootHost)));
  const answer = handle(outer);
  return (event, context) =>
    withLogFields({ requestId: event.requestContext.requestId }, () => answer(withPlainHost(event), context));
}

function edgeOf(event: APIGatewayProxyEventV2, rootHost: string): Edge {
  const { http, requestId } = event.requestContext;
  return {
    target: Hostnames.target(event.headers.host, rootHost),
    origin: { sourceIp: http.sourceIp, requestId },
  };
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
