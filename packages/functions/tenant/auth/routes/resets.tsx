import { passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { type Account, Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { ResetPage, ResetSpentPage } from "@pharmasight/views/tenant/reset.tsx";
import { ResetRequestPage } from "@pharmasight/views/tenant/reset-request.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { visitor } from "../../door.ts";
import { readForm } from "../../forms.ts";
import { proceed } from "../entering.ts";
import { mistakeOf, visitorContext } from "../mistakes.ts";

export const resets = new Hono<EdgeEnv>();

const LOGIN_MISSING = "Write your mail address or username.";

resets.get("/forgot", async (c) => requestPage(c, await visitor(c), { login: "" }));

resets.post("/forgot", async (c) => {
  const tenant = await visitor(c);
  const login = (await readForm(c)).text("login").trim().slice(0, 254);
  if (login === "") return requestPage(c, tenant, { login, errors: { login: LOGIN_MISSING } }, 422);
  try {
    await PasswordResets.requestByMail(tenant, login);
    return requestPage(c, tenant, { login, sent: true });
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "login");
    return requestPage(c, tenant, { login, errors }, status);
  }
});

// Looking uses nothing up: programs that scan mail follow links.
resets.get("/reset", async (c) => {
  const tenant = await visitor(c);
  const token = c.req.query("token") ?? "";
  const account = await PasswordResets.find(tenant, token);
  return account === undefined ? spentPage(c, tenant) : resetPage(c, tenant, { account, token });
});

resets.post("/reset", async (c) => {
  const tenant = await visitor(c);
  const form = await readForm(c);
  const token = form.text("token");
  const account = await PasswordResets.find(tenant, token);
  if (account === undefined) return spentPage(c, tenant);
  try {
    const input = { password: form.text("password"), passwordAgain: form.text("passwordAgain") };
    const proof = await PasswordResets.complete(tenant, passwordHashing, token, input);
    return proof === undefined ? spentPage(c, tenant) : await proceed(c, tenant, proof, "/");
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "password");
    return resetPage(c, tenant, { account, token, errors }, status);
  }
});

type Status = 200 | 409 | 422 | 429;

function requestPage(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  { login, errors, sent }: { readonly login: string; readonly errors?: FieldErrors; readonly sent?: boolean },
  status: Status = 200,
) {
  return c.html(
    <ResetRequestPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      values={{ login }}
      errors={errors ?? {}}
      sent={sent ?? false}
      minutes={PasswordResets.RESET_MINUTES}
    />,
    status,
  );
}

function resetPage(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  state: { readonly account: Account; readonly token: string; readonly errors?: FieldErrors },
  status: Status = 200,
) {
  return c.html(
    <ResetPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      login={Credentials.shownLogin(state.account)}
      token={state.token}
      errors={state.errors ?? {}}
    />,
    status,
  );
}

const spentPage = (c: EdgeContext, tenant: TenantScope<Visitor>) =>
  c.html(<ResetSpentPage context={visitorContext(c)} companyName={tenant.tenant.companyName} />, 410);
