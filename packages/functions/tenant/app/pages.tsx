import { tenantPlatform } from "@pharmasight/adapters/tenant-platform";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { SuspendedPage } from "@pharmasight/views/tenant/errors.tsx";
import { Hono } from "hono";
import { pageContext, serveAssets } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { onError } from "../../http/errors.ts";
import { member, pharmacyAt } from "../door.ts";
import { formToken } from "../forms.ts";
import { admit } from "./admission.ts";
import { requireModule } from "./module-page.tsx";
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

/** What people see. */
export const app = new Hono<EdgeEnv>();
serveAssets(app);
admit(app, pageForError);

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

async function pageForError(error: Error, c: EdgeContext): Promise<Response> {
  const isPage = c.req.header("hx-request") === undefined;
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
