import { openRoutes, staysOpen } from "../open-routes.ts";
import { type CredentialKind, nameOf, type Reply, type Request, type Route } from "./requests.ts";
import { LOGO_DIGEST } from "./tenants.ts";

/** Outside the pharmacies: the same files for everybody. */
export const isAsset = ({ path }: Route): boolean => path.startsWith("/assets/");
const isOpen = (route: Route): boolean => openRoutes.has(nameOf(route));
const isApi = ({ path }: Route): boolean => path.startsWith("/api/");

/** What is written of a suspended pharmacy, whatever the route: who somebody is, and that they came. */
const identification = [
  "identity",
  "sessions",
  "users",
  "user_branch_roles",
  "branches",
  "role_permissions",
  "request_quotas",
  "audit_log",
  "api_keys",
];
/** What signing in needs besides: on its own routes, and for the mails that it sends. */
const signingIn = [
  "accounts",
  "verifications",
  "sign_in_links",
  "two_factors",
  "recovery_codes",
  "password_resets",
  "invitations",
  "rate_limits",
  "outbox",
  "companies",
];

/** Tables that a suspended pharmacy's database may be asked for on a route. Its records are read and never written. */
export function tablesWhileSuspended(route: Route | "job"): SuspendedTables {
  const signsIn = route === "job" || route.path.startsWith("/auth/");
  const tables = signsIn ? [...identification, ...signingIn] : identification;
  const reads = route !== "job" && (route.method === "GET" || route.path.startsWith("/billing"));
  return { written: new Set(tables), read: reads ? "all" : new Set(tables) };
}

export interface SuspendedTables {
  readonly read: ReadonlySet<string> | "all";
  readonly written: ReadonlySet<string>;
}

export type Standing = "active" | "suspended" | "either";

export interface Situation {
  readonly standing: Standing;
  /** What the address is now: the pharmacy's, an old one that leads to it, nobody's, or in the middle of a change. */
  readonly address: "primary" | "old" | "nobody" | "changing";
  /** Whether its database or secret was tampered with lately, so that 503 may be the answer. */
  readonly disturbed: boolean;
  /** Whether other requests of the same moment may change what this one finds. */
  readonly alone: boolean;
}

const passes = new Set<CredentialKind>(["owner", "cashier"]);
const wrongSession = new Set<CredentialKind>(["foreign session", "foreign header"]);

/** What is wrong with a reply, in words; undefined when it is one that the situation allows. */
export function complaintOf(request: Request, reply: Reply, situation: Situation): string | undefined {
  const { status, headers } = reply;
  const retryAfter = Number(headers["retry-after"]);
  if (status === 503) {
    if (!(retryAfter > 0)) return "503 without Retry-After";
    return situation.disturbed || situation.address === "changing"
      ? undefined
      : "503 of a pharmacy that nothing happened to";
  }
  if (status >= 500) return `${status}`;
  if (isAsset(request.route)) return undefined;
  if (situation.address === "changing") return undefined;
  if (situation.address === "nobody") return status === 404 ? undefined : `${status} at nobody's address`;
  if (situation.address === "old") return status === 308 ? undefined : `${status} at an old address`;
  if (wrongSession.has(request.credential)) return status === 401 ? undefined : `${status} to a foreign session`;
  return complaintOfAdmission(request, reply, situation);
}

function complaintOfAdmission({ route, credential, known }: Request, reply: Reply, situation: Situation) {
  const { status } = reply;
  const refused = status === 401 || (status === 303 && reply.headers["location"] === "/auth/sign-in");
  if (isOpen(route)) return undefined;
  const isRead = route.method === "GET";
  const mustPay = situation.standing === "suspended" && !isRead && !staysOpen(route);
  if (mustPay) return status === 402 ? undefined : `${status} of a suspended pharmacy`;
  const mayPay = situation.standing !== "active" && status === 402;
  if (mayPay) return isRead && ownRecords.has(nameOf(route)) ? "402 where records are read" : undefined;
  const enters = passes.has(credential) || (credential === "key" && isApi(route));
  if (!enters) return refused ? undefined : `${status} to ${credential}`;
  if (status === 402) return "402 of a pharmacy that is active";
  if (!situation.alone || route.path.startsWith("/auth/")) return undefined;
  if (refused) return `${status} to ${credential}`;
  // What is asked for by an id that the pharmacy has is its own.
  const reads = route.method === "GET" && known && credential === "owner" && ownRecords.has(nameOf(route));
  return reads && status !== 200 ? `${status} to the owner` : undefined;
}

/** Routes that show records which are always there: that these come shows that the rest is not refused for another reason. */
export const ownRecords = new Set([
  "GET /items",
  "GET /items/:id",
  "GET /api/v1/items",
  "GET /api/v1/items/:id",
  "GET /settings/company",
  "GET /settings/audit",
  `GET /logo/${LOGO_DIGEST}`,
]);
