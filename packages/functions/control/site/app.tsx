import { controlPlatform } from "@pharmasight/adapters/control-platform";
import { Plans } from "@pharmasight/core/control/plans/plans";
import { TERMS_VERSION } from "@pharmasight/core/control/sign-ups/form";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { LandingPage } from "@pharmasight/views/control/landing.tsx";
import { TermsPage } from "@pharmasight/views/control/terms.tsx";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { pharmacyUrl } from "../../http/addresses.ts";
import { pageContext, serveAssets } from "../../http/assets.ts";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onError, onNotFound } from "../../http/errors.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { salesMail, supportMail } from "./contacts.ts";
import { findRoutes } from "./find.tsx";
import { planCards } from "./plan-cards.ts";
import { progressRoutes } from "./progress.tsx";
import { signUpRoutes } from "./sign-up.tsx";

const LARGEST_FORM_BYTES = 64 * 1024;

const app = new Hono<EdgeEnv>();
app.onError(onError);
app.notFound(onNotFound);
app.use(async (c, next) => {
  if (c.env.target.kind !== "site") throw new DomainError("not_found", "There is no such page.");
  await next();
});
app.use(sameOrigin());
app.use(
  bodyLimit({
    maxSize: LARGEST_FORM_BYTES,
    onError: () => {
      throw new DomainError("too_large", "This form is larger than we accept. Shorten what you typed.");
    },
  }),
);

serveAssets(app);

app.get("/", async (c) => {
  const { control } = await controlPlatform();
  const plans = await Plans.list(control({ kind: "visitor", ...c.env.origin }));
  return c.html(<LandingPage context={pageContext(c)} plans={planCards(plans)} salesMail={salesMail()} />);
});

app.get("/terms", (c) =>
  c.html(<TermsPage context={pageContext(c)} version={TERMS_VERSION} supportMail={supportMail()} />),
);

app.route("/find", findRoutes);
app.route("/sign-up", signUpRoutes);
app.route("/sign-up/progress", progressRoutes);

// The way into a new pharmacy is a form that posts to its address.
export const handler = lambdaHandler(() => app, [pharmacyUrl("*")]);
