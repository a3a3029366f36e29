import { Plans } from "@pharmasight/core/control/plans/plans";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { CodePage } from "@pharmasight/views/control/code.tsx";
import { SignUpPage, type SignUpValues, SubdomainHint } from "@pharmasight/views/control/sign-up.tsx";
import { Hono } from "hono";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { browserToken, readForm, rememberBrowser, visitor } from "./browser.ts";
import { rootHost } from "./contacts.ts";
import { startablePlanCards } from "./plan-cards.ts";
import { type Refusal, refusalOf } from "./refusals.ts";

/** From the empty form to the code that was entered. */
export const signUpRoutes = new Hono<EdgeEnv>();

signUpRoutes.use(async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
});

signUpRoutes.get("/", async (c) => {
  const plan = c.req.query("plan") ?? "professional";
  return signUpPage(c, await visitor(c), {
    values: valuesOf({ plan }),
    errors: {},
    formToken: SignUps.newBrowserToken(),
  });
});

signUpRoutes.get("/subdomain", async (c) => {
  try {
    const { label, ...hint } = await SignUps.availability(await visitor(c), c.req.query("subdomain") ?? "");
    return c.html(<SubdomainHint {...hint} {...(label === undefined ? {} : { address: `${label}.${rootHost()}` })} />);
  } catch (error) {
    const refusal = refusalOf(c, error);
    if (refusal?.errors.subdomain === undefined) throw error;
    return c.html(<SubdomainHint state="unknown" message={refusal.errors.subdomain} />, refusal.status);
  }
});

signUpRoutes.post("/", async (c) => {
  const form = await readForm(c);
  const control = await visitor(c);
  const formToken = form.formToken;
  try {
    const started = await SignUps.start(control, form, formToken);
    rememberBrowser(c, started.browserToken);
    return c.redirect("/sign-up/code", 303);
  } catch (error) {
    const refusal = refusalOf(c, error);
    if (refusal === undefined) throw error;
    const values = valuesOf(form);
    const page = { values, errors: refusal.errors, formToken: formToken ?? SignUps.newBrowserToken() };
    return signUpPage(c, control, page, refusal.status);
  }
});

signUpRoutes.get("/code", async (c) => {
  const signUp = await signUpOf(c);
  if (signUp === undefined) return c.redirect("/sign-up", 303);
  if (signUp.tenantId !== null) return c.redirect("/sign-up/progress", 303);
  return codePage(c, { email: signUp.email, resent: c.req.query("sent") === "again" });
});

signUpRoutes.post("/code", async (c) => {
  const form = await readForm(c);
  const token = browserToken(c);
  if (token === undefined) return c.redirect("/sign-up", 303);
  const control = await visitor(c);
  try {
    await SignUps.confirm(control, token, form.code ?? "");
    return c.redirect("/sign-up/progress", 303);
  } catch (error) {
    const refusal = refusalOf(c, error);
    const signUp = refusal && (await SignUps.findForBrowser(control, token));
    if (refusal === undefined || signUp === undefined) throw error;
    const { code } = refusal.errors;
    if (code !== undefined) {
      return codePage(c, { email: signUp.email, attemptsLeft: signUp.attemptsLeft, error: code }, refusal.status);
    }
    // The name or the address cannot be had: the form comes back as it was, to change that one thing. Its token stays,
    // so that what is sent next corrects this sign-up and the code in the mail stays good.
    const values = { ...signUp, plan: signUp.planCode, termsAccepted: true };
    return signUpPage(c, control, { values, errors: refusal.errors, formToken: token }, refusal.status);
  }
});

signUpRoutes.post("/code/resend", async (c) => {
  const token = browserToken(c);
  if (token === undefined) return c.redirect("/sign-up", 303);
  const control = await visitor(c);
  try {
    await SignUps.resendCode(control, token);
    return c.redirect("/sign-up/code?sent=again", 303);
  } catch (error) {
    const refusal = refusalOf(c, error);
    const signUp = refusal && (await SignUps.findForBrowser(control, token));
    if (refusal?.errors.code === undefined || signUp === undefined) throw error;
    return codePage(c, { email: signUp.email, error: refusal.errors.code }, refusal.status);
  }
});

const valuesOf = (form: Readonly<Record<string, string>>): SignUpValues => ({
  companyName: form.companyName ?? "",
  ownerName: form.ownerName ?? "",
  email: form.email ?? "",
  subdomain: form.subdomain ?? "",
  plan: form.plan ?? "",
  termsAccepted: form.termsAccepted !== undefined,
});

interface FilledForm {
  readonly values: SignUpValues;
  readonly errors: Readonly<Record<string, string>>;
  readonly formToken: string;
}

async function signUpPage(
  c: EdgeContext,
  control: ControlScope,
  filled: FilledForm,
  status: 200 | Refusal["status"] = 200,
) {
  const plans = startablePlanCards(await Plans.list(control));
  return c.html(
    <SignUpPage
      context={pageContext(c)}
      plans={plans}
      rootHost={rootHost()}
      termsVersion={SignUps.TERMS_VERSION}
      {...filled}
    />,
    status,
  );
}

interface CodePrompt {
  readonly email: string;
  readonly attemptsLeft?: number;
  readonly error?: string;
  readonly resent?: boolean;
}

const codePage = (c: EdgeContext, prompt: CodePrompt, status: 200 | Refusal["status"] = 200) =>
  c.html(<CodePage context={pageContext(c)} formToken="" {...prompt} />, status);

async function signUpOf(c: EdgeContext) {
  const token = browserToken(c);
  return token === undefined ? undefined : SignUps.findForBrowser(await visitor(c), token);
}
