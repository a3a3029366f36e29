import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { SuspendedPage } from "@pharmasight/views/tenant/errors.tsx";
import { Hono } from "hono";
import { pageContext, serveAssets } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { onError, onNotFound } from "../../http/errors.tsx";
import { secureHeaders } from "../../http/headers.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { member, pharmacyAt, pharmacyHost } from "../door.ts";
import { formToken } from "../forms.ts";
import { requireModule } from "./modules.tsx";
import { api } from "./routes/api.ts";
import { apiKeys } from "./routes/api-keys.tsx";
import { audit } from "./routes/audit.tsx";
import { branches } from "./routes/branches.tsx";
import { company, logo } from "./routes/company.tsx";
import { dashboard } from "./routes/dashboard.tsx";
import { health } from "./routes/health.ts";
import { importHistory } from "./routes/import-history.tsx";
import { imports } from "./routes/imports.tsx";
import { items } from "./routes/items.tsx";
import { people } from "./routes/people.tsx";
import { roles } from "./routes/roles.tsx";
import { settings } from "./routes/settings.ts";
import { setup } from "./routes/setup.tsx";

/** Exported for the test that tries every route it has. */
export const app = new Hono<EdgeEnv>();
app.use(secureHeaders());
serveAssets(app);
admit(app);

app.route("/health", health);
app.route("/", dashboard);
app.route("/setup", setup);
app.route("/logo", logo);
for (const path of ["/items", "/items/*"]) app.use(path, requireModule("inventory"));
app.use("/settings/api-keys/*", requireModule("api_access"));
// Before the items, whose ids would take the word for one of them.
app.route("/items/import", imports);
app.route("/items", items);
app.route("/settings/imports", importHistory);
app.route("/settings/api-keys", apiKeys);
app.route("/settings/company", company);
app.route("/settings/branches", branches);
app.route("/settings/audit", audit);
app.route("/settings", settings);
app.route("/settings/people", people);
app.route("/settings/roles", roles);

/**
 * What programs call: an application of its own, because Hono's fastest router takes these paths and not the pages',
 * where a word and an id may stand in the same place.
 */
export const apiApp = new Hono<EdgeEnv>();
apiApp.use(secureHeaders());
admit(apiApp);
for (const path of ["/api/v1/items", "/api/v1/items/*"]) apiApp.use(path, requireModule("inventory"));
apiApp.route("/api/v1", api);

export const handler = lambdaHandler((path) => (path.startsWith("/api/") ? apiApp : app));

function admit(to: Hono<EdgeEnv>): void {
  to.onError(pageForError);
  to.notFound(onNotFound);
  to.use(pharmacyHost, sameOrigin());
  to.use(async (c, next) => {
    await next();
    // A page is of this moment and of this person; what may be kept says so itself.
    if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
  });
}

async function pageForError(error: Error, c: EdgeContext): Promise<Response> {
  const isPage = !c.req.path.startsWith("/api/") && c.req.header("hx-request") === undefined;
  if (!(error instanceof DomainError) || error.code !== "payment_required" || !isPage) return onError(error, c);
  const { companyName, trialEndsAt } = await pharmacyAt(c);
  const { tenancy } = await tenantPlatform();
  const token = await tokenOfMember(c);
  const page = (
    <SuspendedPage
      context={{ ...pageContext(c), formToken: token ?? "" }}
      isSignedIn={token !== undefined}
      companyName={companyName}
      trialEnded={trialEndsAt !== null && trialEndsAt <= tenancy.clock.now()}
    />
  );
  return c.html(page, 402);
}

/** What forms of a suspended pharmacy's person carry; undefined for somebody who is not signed in. */
async function tokenOfMember(c: EdgeContext): Promise<string | undefined> {
  try {
    return await formToken(await member(c, "entered"));
  } catch (error) {
    if (error instanceof DomainError && error.code === "unauthenticated") return undefined;
    throw error;
  }
}
