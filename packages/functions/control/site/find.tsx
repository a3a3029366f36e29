import { FindRequests } from "@pharmasight/core/control/tenants/find-requests";
import { FindPage, FindSentPage } from "@pharmasight/views/control/find.tsx";
import { Hono } from "hono";
import { pageContext } from "../../http/assets.ts";
import type { EdgeEnv } from "../../http/bindings.ts";
import { readForm, visitor } from "./browser.ts";
import { refusalOf } from "./refusals.ts";

/** For people who forgot the address of their pharmacy: it is mailed to them, and told to nobody else. */
export const findRoutes = new Hono<EdgeEnv>();

findRoutes.get("/", (c) => c.html(<FindPage context={pageContext(c)} />));

findRoutes.post("/", async (c) => {
  const { email = "" } = await readForm(c);
  try {
    await FindRequests.ask(await visitor(c), email);
  } catch (error) {
    const refusal = refusalOf(c, error);
    if (refusal?.errors.email === undefined) throw error;
    const page = <FindPage context={pageContext(c)} email={email} error={refusal.errors.email} />;
    return c.html(page, refusal.status, { "cache-control": "no-store" });
  }
  return c.redirect("/find/sent", 303);
});

findRoutes.get("/sent", (c) => c.html(<FindSentPage context={pageContext(c)} />));
