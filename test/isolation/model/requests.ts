import { hmac } from "@pharmasight/core/kernel/tokens";
import { SESSION_KEY_PURPOSE } from "@pharmasight/core/tenant/scope";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { lambdaContext } from "../../bench/world.ts";
import { ROOT } from "../../harness/stack.ts";
import { ids, LOGO_DIGEST, type Tenant } from "./tenants.ts";
import type { World } from "./world.ts";

/** What a request shows to prove who sends it. `foreign`: another pharmacy's own. */
export const credentialKinds = [
  "none",
  "owner",
  "cashier",
  "foreign session",
  /** Names this pharmacy, signed with another one's key. */
  "crossed session",
  "forged session",
  "key",
  "foreign key",
  "forged key",
  /** The owner's own session, and a header that names another pharmacy. */
  "foreign header",
] as const;
export type CredentialKind = (typeof credentialKinds)[number];

export interface Route {
  readonly method: string;
  readonly path: string;
}

export interface Request {
  readonly route: Route;
  /** Label of the address, or a host that is nobody's. */
  readonly host: string;
  /** Whose address it is; absent for nobody's. */
  readonly tenant: Tenant;
  readonly credential: CredentialKind;
  /** Whose credential a foreign one is. */
  readonly other: Tenant;
  /** Whether ids in the path are ones that every pharmacy has. */
  readonly known: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Everything that was sent, in one text. */
  readonly whole: string;
}

/** Every route that the tenant plane's applications have, from their own lists. */
export function routesOf({ routes }: Pick<World, "routes">): Route[] {
  const named = routes.filter(({ method }) => method !== "ALL");
  return [...new Map(named.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
}

export const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

let requests = 0;

/** Sends a request through the deployed handler that the gateway would choose. @throws what the handler throws */
export async function send(world: World, request: Request): Promise<Reply> {
  const event = await eventOf(world, request);
  const handler = event.rawPath.startsWith("/auth") ? world.handlers.auth : world.handlers.app;
  const result = await handler(event, lambdaContext);
  if (typeof result === "string") throw new Error("The handler answered with a text.");
  const { statusCode, headers = {}, body = "", isBase64Encoded } = result;
  const cookies = "cookies" in result ? (result.cookies ?? []) : [];
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  return {
    status: statusCode,
    headers: plain,
    body: text,
    whole: `${JSON.stringify(plain)}\n${cookies.join("\n")}\n${text}`,
  };
}

async function eventOf(world: World, request: Request): Promise<APIGatewayProxyEventV2> {
  requests += 1;
  const { route, host, tenant, known } = request;
  const full = `${host}.${ROOT}`;
  const path = pathOf(route, known);
  const isApi = path.startsWith("/api/");
  const headers: Record<string, string> = { host: full, accept: isApi ? "application/json" : "text/html" };
  const { cookie, authorization, claimed } = credentialOf(world, request);
  if (authorization !== undefined) headers["authorization"] = authorization;
  if (claimed !== undefined) headers["x-tenant-id"] = claimed;
  if (route.method !== "GET") headers["origin"] = `http://${full}`;
  const body = await bodyOf(world, tenant, route);
  if (body !== undefined) headers["content-type"] = body.type;
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: route.method === "GET" ? "q=cnry&deep=1" : "",
    ...(cookie === undefined ? {} : { cookies: [`session=${cookie}`] }),
    headers,
    ...(body === undefined ? {} : { body: body.text }),
    requestContext: {
      accountId: "000000000000",
      apiId: "walls",
      domainName: full,
      domainPrefix: host,
      // Of many networks, so that limits by network are not what answers.
      http: { method: route.method, path, protocol: "HTTP/1.1", sourceIp: networkOf(requests), userAgent: "walls" },
      requestId: `walls-${requests}`,
      routeKey: "$default",
      stage: "$default",
      time: "24/Nov/2026:00:00:00 +0000",
      timeEpoch: 0,
    },
    isBase64Encoded: false,
  };
}

const networkOf = (count: number): string => `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`;

function credentialOf(world: World, { credential, tenant, other }: Request) {
  const token = (of: Tenant, signer: Tenant, userId: string, sessionId: string) =>
    SessionTokens.sign(
      { tenantId: of.tenantId, userId, sessionId, expiresAt: Math.floor(world.time.nowMs() / 1000) + 6 * 86_400 },
      world.key(signer, SESSION_KEY_PURPOSE),
    );
  const own = () => token(tenant, tenant, ids.owner, ids.session);
  const forms: Record<CredentialKind, { cookie?: string; authorization?: string; claimed?: string }> = {
    none: {},
    owner: { cookie: own() },
    cashier: { cookie: token(tenant, tenant, ids.cashier, ids.cashierSession) },
    "foreign session": { cookie: token(other, other, ids.owner, ids.session) },
    "crossed session": { cookie: token(tenant, other, ids.owner, ids.session) },
    "forged session": { cookie: `${own().slice(0, -6)}AAAAAA` },
    key: { authorization: `Bearer ${tenant.apiKey}` },
    "foreign key": { authorization: `Bearer ${other.apiKey}` },
    "forged key": { authorization: `Bearer ps_${"0".repeat(8)}_${"A".repeat(43)}` },
    "foreign header": { cookie: own(), claimed: other.tenantId },
  };
  return forms[credential];
}

/** The id that stands in a path, by the word before it. */
const idsByWord: Readonly<Record<string, string>> = {
  items: ids.item,
  branches: ids.branch,
  people: ids.cashier,
  invitations: ids.invitation,
  import: ids.doneImport,
  imports: ids.doneImport,
  "api-keys": ids.key,
  sessions: ids.cashierSession,
  logo: LOGO_DIGEST,
  roles: "cashier",
  setup: "people",
};

function pathOf({ path, method }: Route, known: boolean): string {
  return path.replaceAll(/([^/:]*)\/:\w+(?:\{[^}]*\})?/g, (_, word: string) => {
    const id = word === "import" && method === "POST" ? ids.newImport : idsByWord[word];
    return `${word}/${known ? (id ?? ids.item) : ids.nobody}`;
  });
}

/** Fields of all forms at once, filled so that most of them are taken. */
async function bodyOf(world: World, tenant: Tenant, { method, path }: Route) {
  if (method === "GET") return undefined;
  const name = `New ${tenant.canary} ${requests}`;
  if (path.startsWith("/api/")) {
    const text = JSON.stringify({ name, baseUnit: "tablet", retailPrice: "12.50", taxClass: "zero_rated" });
    return { type: "application/json", text };
  }
  const fields: Record<string, string> = {
    formToken: hmac(world.key(tenant, "form"), ids.session),
    name,
    companyName: name,
    legalName: name,
    code: `B${requests}`,
    address: name,
    currency: "KES",
    timeZone: "Africa/Nairobi",
    email: `new${requests}.${tenant.canary}@example.com`,
    login: `amina.${tenant.canary}@example.com`,
    password: "wrong-but-long-enough-1",
    role: "cashier",
    baseUnit: "tablet",
    retailPrice: "12.50",
    taxClass: "zero_rated",
    scopes: "items:read",
    expiresInDays: "30",
    token: "none",
    userId: ids.cashier,
  };
  if (path !== "/items/import") {
    return { type: "application/x-www-form-urlencoded", text: new URLSearchParams(fields).toString() };
  }
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([`Name,Unit,Price\n${name},tablet,10\n`], { type: "text/csv" }), `${name}.csv`);
  const encoded = new Response(form);
  return { type: encoded.headers.get("content-type") ?? "", text: await encoded.text() };
}
