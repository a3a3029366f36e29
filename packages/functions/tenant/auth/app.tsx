import {
  type Identity,
  openIdentity,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  type SignedIn,
} from "@pharmasight/adapters/auth/better-auth";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors, FormContext } from "@pharmasight/views/shared/context";
import { PasswordPage } from "@pharmasight/views/tenant/password.tsx";
import { SignInPage } from "@pharmasight/views/tenant/sign-in.tsx";
import { SignInLinkPage } from "@pharmasight/views/tenant/sign-in-link.tsx";
import { Hono } from "hono";
import { ownOrigin, siteUrl } from "../../http/addresses.ts";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { onError, onNotFound } from "../../http/errors.tsx";
import { secureHeaders } from "../../http/headers.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { clearSessionCookie, member, pharmacyHost, setSessionCookie, visitor } from "../door.ts";
import { formToken, readForm, readMemberForm } from "../forms.ts";

/** Exported for the test that tries every route it has. */
export const app = new Hono<EdgeEnv>();
app.onError(onError);
app.notFound(onNotFound);
app.use(secureHeaders(), pharmacyHost);
app.use(async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
});

const WRONG = "This address and password do not belong together.";
const LINK_SPENT = "This link was used already or is too old. Ask for a new one.";

app.get("/auth/link", async (c) => {
  const tenant = await visitor(c);
  const token = c.req.query("token") ?? "";
  const error = (await SignInLinks.isUsable(tenant, token)) ? undefined : LINK_SPENT;
  return linkPage(c, tenant, token, error);
});

// The progress page of a sign-up posts here from the public site; every other form comes from the pharmacy itself, so
// this route stands before the stricter check.
app.post(
  "/auth/link",
  sameOrigin(() => [siteUrl()]),
  async (c) => {
    const tenant = await visitor(c);
    const token = (await readForm(c)).text("token");
    const signedIn = await (await identity(c, tenant)).signInByLink(token);
    if (signedIn === undefined) return linkPage(c, tenant, token, LINK_SPENT);
    await enter(c, tenant, signedIn);
    return c.redirect(signedIn.hasPassword ? "/" : "/auth/password", 303);
  },
);

app.use(sameOrigin());

app.get("/auth/sign-in", async (c) => signInPage(c, await visitor(c), { email: "" }));

app.post("/auth/sign-in", async (c) => {
  const tenant = await visitor(c);
  const form = await readForm(c);
  const email = form.text("email").trim().slice(0, 254);
  const signedIn = await (await identity(c, tenant)).signIn(email, form.text("password").slice(0, 1000));
  if (signedIn === undefined) return signInPage(c, tenant, { email, error: WRONG });
  await enter(c, tenant, signedIn);
  return c.redirect("/", 303);
});

app.post("/auth/sign-in/link", async (c) => {
  const tenant = await visitor(c);
  const email = (await readForm(c)).text("email").trim().slice(0, 254);
  if (!/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(email)) {
    return signInPage(c, tenant, { email, error: "Write your mail address, like amina@example.com." });
  }
  await SignInLinks.request(tenant, email);
  return signInPage(c, tenant, { email, linkSent: true });
});

app.get("/auth/password", async (c) => passwordPage(c, {}));

app.post("/auth/password", async (c) => {
  const person = await member(c);
  const form = await readMemberForm(c, person);
  const errors = passwordErrors(form.text("password"), form.text("passwordAgain"));
  if (Object.keys(errors).length > 0) return passwordPage(c, errors);
  if (!(await (await identity(c, await visitor(c))).setPassword(form.text("password")))) {
    return passwordPage(c, {
      password: "You signed in a while ago. Sign out, come back by a sign-in link and set it then.",
    });
  }
  await Sessions.endOthers(person);
  return c.redirect("/", 303);
});

app.post("/auth/sign-out", async (c) => {
  const person = await member(c);
  await readMemberForm(c, person);
  const cookies = await (await identity(c, await visitor(c))).signOut();
  await Sessions.end(person);
  for (const cookie of cookies) c.header("set-cookie", cookie, { append: true });
  clearSessionCookie(c);
  return c.redirect("/auth/sign-in", 303);
});

export const handler = lambdaHandler(app);

function identity(c: EdgeContext, tenant: TenantScope<Visitor>): Promise<Identity> {
  return openIdentity(tenant, {
    origin: ownOrigin(new URL(c.req.url).hostname),
    cookie: c.req.header("cookie"),
    userAgent: c.req.header("user-agent"),
  });
}

/** Gives the browser both cookies: better-auth's own and the token that everything else reads. */
async function enter(c: EdgeContext, tenant: TenantScope<Visitor>, signedIn: SignedIn): Promise<void> {
  for (const cookie of signedIn.cookies) c.header("set-cookie", cookie, { append: true });
  setSessionCookie(c, await Sessions.tokenFor(tenant, signedIn.session), signedIn.session.expiresAt);
}

/** Before signing in there is no session that a form could be bound to; its origin is checked all the same. */
const visitorContext = (c: EdgeContext): FormContext => ({ ...pageContext(c), formToken: "" });

interface SignInState {
  readonly email: string;
  readonly error?: string;
  readonly linkSent?: boolean;
}

function signInPage(c: EdgeContext, tenant: TenantScope<Visitor>, { email, ...state }: SignInState) {
  const page = (
    <SignInPage context={visitorContext(c)} companyName={tenant.tenant.companyName} values={{ email }} {...state} />
  );
  return c.html(page, state.error === undefined ? 200 : 422);
}

function linkPage(c: EdgeContext, tenant: TenantScope<Visitor>, token: string, error: string | undefined) {
  const page = (
    <SignInLinkPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      token={token}
      {...(error === undefined ? {} : { error })}
    />
  );
  return c.html(page, error === undefined ? 200 : 410);
}

async function passwordPage(c: EdgeContext, errors: FieldErrors) {
  const person = await member(c);
  const page = (
    <PasswordPage
      context={{ ...pageContext(c), formToken: await formToken(person) }}
      companyName={person.tenant.companyName}
      email={person.actor.email ?? person.actor.username ?? ""}
      errors={errors}
    />
  );
  return c.html(page, Object.keys(errors).length === 0 ? 200 : 422);
}

function passwordErrors(password: string, again: string): FieldErrors {
  if (password.length < PASSWORD_LENGTH_MIN) {
    return {
      password: `Use at least ${PASSWORD_LENGTH_MIN} characters. Four words in a row are easy to keep in mind.`,
    };
  }
  if (password.length > PASSWORD_LENGTH_MAX) return { password: `Use at most ${PASSWORD_LENGTH_MAX} characters.` };
  return password === again ? {} : { passwordAgain: "This is not the same password." };
}
