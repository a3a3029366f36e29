import { Provisioning, type ProvisioningProgress } from "@pharmasight/core/control/provisioning/provisioning";
import type { ControlScope } from "@pharmasight/core/control/scope";
import { type SignUp, SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { signInLinkUrl } from "@pharmasight/core/control/tenants/addresses";
import { ProgressPage, ProgressSteps, type ProgressStepsProps } from "@pharmasight/views/control/progress.tsx";
import { Hono } from "hono";
import { pharmacyUrl } from "../../http/addresses.ts";
import { pageContext } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { browserToken, visitor } from "./browser.ts";
import { supportMail } from "./contacts.ts";

const STEPS_PATH = "/sign-up/progress/steps";

/** The page that a new owner watches, and the part of it that is asked for every second. */
export const progressRoutes = new Hono<EdgeEnv>();

progressRoutes.get("/", async (c) => {
  const watched = await watch(c);
  if (watched.kind === "elsewhere") return c.redirect(watched.path, 303);
  return c.html(<ProgressPage context={pageContext(c)} {...watched.props} />, 200, { "cache-control": "no-store" });
});

progressRoutes.get("/steps", async (c) => {
  const watched = await watch(c);
  // A fragment cannot become another page: htmx is told to go there.
  if (watched.kind === "elsewhere") return c.body(null, 200, { "hx-redirect": watched.path });
  return c.html(<ProgressSteps {...watched.props} />, 200, { "cache-control": "no-store" });
});

type Watched =
  | { readonly kind: "elsewhere"; readonly path: string }
  | { readonly kind: "progress"; readonly props: ProgressStepsProps };

async function watch(c: EdgeContext): Promise<Watched> {
  const token = browserToken(c);
  if (token === undefined) return { kind: "elsewhere", path: "/sign-up" };
  const control = await visitor(c);
  const signUp = await SignUps.findForBrowser(control, token);
  if (signUp === undefined) return { kind: "elsewhere", path: "/sign-up" };
  if (signUp.isRolledBack) return { kind: "progress", props: givenUp(signUp) };
  if (signUp.tenantId === null) return { kind: "elsewhere", path: "/sign-up/code" };
  const progress = await Provisioning.progress(control, signUp.tenantId);
  if (progress === undefined) return { kind: "elsewhere", path: "/sign-up" };
  return { kind: "progress", props: await propsOf(control, progress) };
}

/** What was rolled back has no job and no address any more: the sign-up still knows what was asked for. */
const givenUp = ({ companyName, subdomain }: SignUp): ProgressStepsProps => ({
  steps: [],
  state: "rolled_back",
  pollPath: STEPS_PATH,
  companyName,
  address: pharmacyUrl(subdomain),
  supportMail: supportMail(),
});

async function propsOf(control: ControlScope, progress: ProvisioningProgress): Promise<ProgressStepsProps> {
  const address = pharmacyUrl(progress.subdomain);
  const props = {
    steps: progress.steps.map(({ title, state }) => ({ name: title, state })),
    state: progress.state,
    pollPath: STEPS_PATH,
    companyName: progress.companyName,
    address,
    supportMail: supportMail(),
  };
  if (progress.state !== "ready") return props;
  const token = await Provisioning.welcomeLinkToken(control, progress.tenantId, progress.jobId);
  return { ...props, signIn: { action: signInLinkUrl(address), token } };
}
