import { openIdentity } from "@pharmasight/adapters/auth/better-auth";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { SignInPage } from "@pharmasight/views/tenant/sign-in.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { visitor } from "../../door.ts";
import { type PostedForm, readForm } from "../../forms.ts";
import { proceed } from "../entering.ts";
import { mistakeOf, visitorContext } from "../mistakes.ts";

export const signIn = new Hono<EdgeEnv>();

const LOGIN_MISSING = "Write your mail address or username.";
const PASSWORD_MISSING = "Write your password, or have a sign-in link mailed.";
const WRONG = "This login and password do not belong together.";
const BY_LINK = ", or have a sign-in link mailed";

signIn.get("/", async (c) => page(c, await visitor(c), { login: "" }));

signIn.post("/", async (c) => {
  const tenant = await visitor(c);
  const form = await readForm(c);
  const login = loginIn(form);
  const password = form.text("password");
  if (login === "") return page(c, tenant, { login, errors: { login: LOGIN_MISSING } });
  if (password === "") return page(c, tenant, { login, errors: { password: PASSWORD_MISSING } });
  try {
    const proof = await openIdentity(tenant).verifyPassword(login, password);
    if (proof === undefined) return page(c, tenant, { login, errors: { password: WRONG } });
    return await proceed(c, tenant, proof, "/");
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "password", BY_LINK);
    return page(c, tenant, { login, errors }, status);
  }
});

signIn.post("/link", async (c) => {
  const tenant = await visitor(c);
  const login = loginIn(await readForm(c));
  if (login === "") return page(c, tenant, { login, errors: { login: LOGIN_MISSING } });
  try {
    await SignInLinks.request(tenant, login);
    return page(c, tenant, { login, linkSent: true });
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "login");
    return page(c, tenant, { login, errors }, status);
  }
});

const loginIn = (form: PostedForm): string => form.text("login").trim().slice(0, 254);

interface PageState {
  readonly login: string;
  readonly errors?: FieldErrors;
  readonly linkSent?: boolean;
}

function page(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  { login, errors, linkSent }: PageState,
  status: 200 | 409 | 422 | 429 = errors === undefined ? 200 : 422,
) {
  return c.html(
    <SignInPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      values={{ login }}
      errors={errors ?? {}}
      linkSent={linkSent ?? false}
    />,
    status,
  );
}
