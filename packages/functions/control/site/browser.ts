import { controlPlatform } from "@pharmasight/adapters/control-platform";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { invalidInput } from "@pharmasight/core/kernel/errors";
import { getCookie, setCookie } from "hono/cookie";
import { isSecure } from "../../http/addresses.ts";
import type { EdgeContext } from "../../http/bindings.ts";

const COOKIE = "sign_up";

/** The control plane as this visitor enters it. */
export async function visitor(c: EdgeContext): Promise<ControlScope> {
  const { control } = await controlPlatform();
  return control({ kind: "visitor", ...c.env.origin });
}

/** What the browser proves with that it sent the form. Host-only: the pharmacies' addresses never see it. */
export const browserToken = (c: EdgeContext): string | undefined => getCookie(c, COOKIE);

export function rememberBrowser(c: EdgeContext, token: string): void {
  setCookie(c, COOKIE, token, { path: "/", httpOnly: true, sameSite: "Lax", secure: isSecure(), maxAge: DAY_SECONDS });
}

/** The fields of a form that are text. @throws DomainError `invalid_input` when the body is no form */
export async function readForm(c: EdgeContext): Promise<Readonly<Record<string, string>>> {
  const body = await c.req.parseBody().catch((): never => {
    throw invalidInput("This form could not be read. Open the page again and send it from there.");
  });
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) if (typeof value === "string") fields[name] = value;
  return fields;
}
