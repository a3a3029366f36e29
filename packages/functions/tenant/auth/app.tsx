import { prepareTenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { Hono } from "hono";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onError, onNotFound } from "../../http/errors.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { pharmacyHost } from "../door.ts";
import { account } from "./routes/account.tsx";
import { invitation } from "./routes/invitation.tsx";
import { links } from "./routes/links.tsx";
import { ownership } from "./routes/ownership.tsx";
import { password } from "./routes/password.tsx";
import { resets } from "./routes/resets.tsx";
import { secondStep } from "./routes/second-step.tsx";
import { signIn } from "./routes/sign-in.tsx";
import { twoFactor } from "./routes/two-factor.tsx";

prepareTenantPlatform();

/** Exported for the test that tries every route it has. */
export const app = new Hono<EdgeEnv>();
app.onError(onError);
app.notFound(onNotFound);
app.use(async (c, next) => {
  c.env.headers["cache-control"] = "no-store";
  await next();
});
app.use(pharmacyHost);

// The progress page of a sign-up posts to a link from the public site; every other form comes from the pharmacy itself,
// so these routes stand before the stricter check.
app.route("/auth/link", links);

app.use(sameOrigin());
app.route("/auth/sign-in", signIn);
app.route("/auth/second-step", secondStep);
app.route("/auth", resets);
app.route("/auth/password", password);
app.route("/auth/two-factor", twoFactor);
app.route("/auth/invitation", invitation);
app.route("/auth/ownership", ownership);
app.route("/auth", account);

export const handler = lambdaHandler(() => app);
