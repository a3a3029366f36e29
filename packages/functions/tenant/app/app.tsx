import { DomainError } from "@pharmasight/core/kernel/errors";
import { SuspendedPage } from "@pharmasight/views/tenant/errors.tsx";
import { Hono } from "hono";
import { pageContext, serveAssets } from "../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../http/bindings.ts";
import { onError, onNotFound } from "../../http/errors.tsx";
import { secureHeaders } from "../../http/headers.ts";
import { lambdaHandler } from "../../http/lambda.ts";
import { sameOrigin } from "../../http/same-origin.ts";
import { pharmacyHost, visitor } from "../door.ts";
import { requireModule } from "./modules.tsx";
import { api } from "./routes/api.ts";
import { apiKeys } from "./routes/api-keys.tsx";
import { dashboard } from "./routes/dashboard.tsx";
import { health } from "./routes/health.ts";
import { imports } from "./routes/imports.tsx";
import { items } from "./routes/items.tsx";

/** Exported for the test that tries every route it has. */
export const app = new Hono<EdgeEnv>();
app.onError(pageForError);
app.notFound(onNotFound);
app.use(secureHeaders());
serveAssets(app);
app.use(pharmacyHost, sameOrigin());
app.use(async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
});

app.route("/health", health);
app.route("/", dashboard);
for (const path of ["/items", "/items/*", "/api/v1/items", "/api/v1/items/*"])
  app.use(path, requireModule("inventory"));
app.use("/settings/api-keys/*", requireModule("api_access"));
// Before the items, whose ids would take the word for one of them.
app.route("/items/import", imports);
app.route("/items", items);
app.route("/settings/api-keys", apiKeys);
app.route("/api/v1", api);

export const handler = lambdaHandler(app);

async function pageForError(error: Error, c: EdgeContext): Promise<Response> {
  const isPage = !c.req.path.startsWith("/api/") && c.req.header("hx-request") === undefined;
  if (!(error instanceof DomainError) || error.code !== "payment_required" || !isPage) return onError(error, c);
  const { tenant, clock } = await visitor(c);
  const page = (
    <SuspendedPage
      context={{ ...pageContext(c), formToken: "" }}
      companyName={tenant.companyName}
      trialEnded={tenant.trialEndsAt !== null && tenant.trialEndsAt <= clock.now()}
    />
  );
  return c.html(page, 402);
}
