import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { isSecure } from "../http/addresses.ts";
import type { EdgeContext } from "../http/bindings.ts";

type CookieName = "session" | "second-step";

/** Keeps a token in a cookie that only this very host receives, and no script reads. */
export function setHostCookie(c: EdgeContext, name: CookieName, token: string, expires: Date): void {
  const attributes = { httpOnly: true, sameSite: "Lax", path: "/", expires } as const;
  if (isSecure()) setCookie(c, name, token, { ...attributes, prefix: "host" });
  else setCookie(c, name, token, attributes);
}

export function clearHostCookie(c: EdgeContext, name: CookieName): void {
  if (isSecure()) deleteCookie(c, name, { prefix: "host", secure: true, path: "/" });
  else deleteCookie(c, name, { path: "/" });
}

/** The cookie as the browser sent it. */
export function hostCookie(c: EdgeContext, name: CookieName): string | undefined {
  return isSecure() ? getCookie(c, name, "host") : getCookie(c, name);
}

/** The session's token, read once a request: both whose it is and where it belongs is asked of it. */
export function sessionToken(c: EdgeContext): string | undefined {
  const known = tokens.get(c.req.raw);
  if (known !== undefined) return known;
  const token = hostCookie(c, "session");
  if (token !== undefined) tokens.set(c.req.raw, token);
  return token;
}

const tokens = new WeakMap<Request, string>();
