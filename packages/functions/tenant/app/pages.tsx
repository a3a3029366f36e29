import { DomainError } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { PaymentRequiredPage } from "@pharmasight/views/tenant/errors.tsx";
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
// Issuing one asks for more; a key is revoked whatever is overdue.
app.use("/settings/api-keys/*", requireModule("api_access", "read_records"));
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
  const { companyName, state, suspension } = await pharmacyAt(c);
  const person = await signedIn(c);
  const page = (
    <PaymentRequiredPage
      context={{ ...pageContext(c), formToken: person === undefined ? "" : await formToken(person) }}
      companyName={companyName}
      refusal={error.message}
      cause={state === "suspended" ? suspension : "overdue"}
      isSignedIn={person !== undefined}
      mayPay={person !== undefined && Permissions.may(person.actor, "billing.manage")}
    />
  );
  return c.html(page, 402);
}

/** Undefined for somebody who is not signed in. */
async function signedIn(c: EdgeContext): Promise<TenantScope<Member> | undefined> {
  try {
    return await member(c, "sign_in");
  } catch (error) {
    if (error instanceof DomainError && error.code === "unauthenticated") return undefined;
    throw error;
  }
}
