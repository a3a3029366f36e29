import { kyselyAdapter } from "@better-auth/kysely-adapter";
import { DAY_SECONDS, MINUTE_SECONDS } from "@pharmasight/core/kernel/clock";
import { newId } from "@pharmasight/core/kernel/ids";
import type { NewSession } from "@pharmasight/core/tenant/accounts/sessions";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { isAPIError } from "better-auth/api";
import { betterAuth } from "better-auth/minimal";
import { signInLinkPlugin } from "./sign-in-link-plugin.ts";

/** The parts of a request that identity needs; nothing else of it reaches better-auth. */
export interface IdentityRequest {
  /** Scheme, host and port of the pharmacy as the browser sees them. */
  readonly origin: string;
  readonly cookie: string | undefined;
  readonly userAgent: string | undefined;
}

export interface SignedIn {
  readonly session: NewSession;
  /** False for somebody who has only ever used a link. */
  readonly hasPassword: boolean;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
}

/** Signing in to one pharmacy. */
export interface Identity {
  /** @returns undefined for a wrong password and for an unknown address alike, after the same effort */
  signIn(email: string, password: string): Promise<SignedIn | undefined>;
  /** Uses a one-time link up. @returns undefined when it is unknown, used or too old */
  signInByLink(token: string): Promise<SignedIn | undefined>;
  /**
   * Sets the password of whoever is signed in. @returns false when that was too long ago: a till left open must not be
   * enough to take an account over
   */
  setPassword(password: string): Promise<boolean>;
  /** @returns `Set-Cookie` values that take the cookies away */
  signOut(): Promise<readonly string[]>;
}

export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 128;
const SESSION_SECONDS = 7 * DAY_SECONDS;
/** How long after signing in a password may be set without the old one. */
const FRESH_SECONDS = 15 * MINUTE_SECONDS;

const KEY_PURPOSE = "identity";
const CLIENT_ADDRESS_HEADER = "x-client-address";

/**
 * better-auth over the pharmacy's own tables, with a key of its own: a cookie of another pharmacy does not verify. Not
 * for use inside `tx`: it takes connections of its own, and there may be one only.
 */
export async function openIdentity(tenant: TenantScope<Visitor>, request: IdentityRequest): Promise<Identity> {
  const secret = Buffer.from(await tenant.key(KEY_PURPOSE)).toString("base64url");
  const auth = makeAuth(tenant, secret, request.origin);
  const headers = new Headers({ [CLIENT_ADDRESS_HEADER]: tenant.actor.sourceIp });
  if (request.cookie !== undefined) headers.set("cookie", request.cookie);
  if (request.userAgent !== undefined) headers.set("user-agent", request.userAgent.slice(0, 300));

  const signedIn = async (token: string, hasPassword: boolean, answer: Headers): Promise<SignedIn> => {
    const session = await tenant.db
      .selectFrom("sessions")
      .select(["id as sessionId", "userId", "expiresAt"])
      .where("token", "=", token)
      .executeTakeFirstOrThrow();
    return { session, hasPassword, cookies: answer.getSetCookie() };
  };

  return {
    async signIn(email, password) {
      const body = { email, password };
      const answer = await refusedAs(undefined, () => auth.api.signInEmail({ body, headers, returnHeaders: true }));
      return answer === undefined ? undefined : signedIn(answer.response.token, true, answer.headers);
    },
    async signInByLink(token) {
      const body = { token };
      const answer = await refusedAs(undefined, () => auth.api.signInByLink({ body, headers, returnHeaders: true }));
      if (answer === undefined) return undefined;
      return signedIn(answer.response.token, answer.response.hasPassword, answer.headers);
    },
    async setPassword(password) {
      const answer = await refusedAs(undefined, () => auth.api.setOwnPassword({ body: { password }, headers }));
      return answer !== undefined;
    },
    async signOut() {
      const answer = await auth.api.signOut({ headers, returnHeaders: true });
      return answer.headers.getSetCookie();
    },
  };
}

function makeAuth(tenant: TenantScope<Visitor>, secret: string, origin: string) {
  return betterAuth({
    appName: "PharmaSight",
    secret,
    baseURL: origin,
    basePath: "/auth/api",
    database: kyselyAdapter(tenant.db, { type: "postgres", transaction: true }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH_MIN,
      maxPasswordLength: PASSWORD_LENGTH_MAX,
    },
    user: { modelName: "users", additionalFields: { role: { type: "string", required: true, input: false } } },
    account: { modelName: "accounts" },
    verification: { modelName: "verifications" },
    session: {
      modelName: "sessions",
      expiresIn: SESSION_SECONDS,
      freshAge: FRESH_SECONDS,
      // Our token carries the session's end, so that must not move.
      disableSessionRefresh: true,
    },
    advanced: {
      cookiePrefix: "identity",
      database: { generateId: () => newId(tenant.clock), validateSchema: false },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
    },
    // Counted in memory, which a Lambda function does not share.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: "error", log: (level, message) => tenant.log.warn("identity", { level, message }) },
    plugins: [signInLinkPlugin(tenant)],
  });
}

/** The answer, or `refused` where better-auth says that it is the caller's fault. */
async function refusedAs<T, R>(refused: R, run: () => Promise<T>): Promise<T | R> {
  try {
    return await run();
  } catch (error) {
    if (isAPIError(error) && error.statusCode >= 400 && error.statusCode < 500) return refused;
    throw error;
  }
}
