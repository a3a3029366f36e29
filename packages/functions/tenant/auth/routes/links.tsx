import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import type { Visitor } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { SignInLinkPage } from "@pharmasight/views/tenant/sign-in-link.tsx";
import { Hono } from "hono";
import { siteUrl } from "../../../http/addresses.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { sameOrigin } from "../../../http/same-origin.ts";
import { visitor } from "../../door.ts";
import { readForm } from "../../forms.ts";
import { proceed } from "../entering.ts";
import { visitorContext } from "../mistakes.ts";

export const links = new Hono<EdgeEnv>();

const LINK_SPENT = "This link was used already or is too old. Ask for a new one.";

// Looking uses nothing up: programs that scan mail follow links.
links.get("/", async (c) => {
  const tenant = await visitor(c);
  const token = c.req.query("token") ?? "";
  return page(c, tenant, token, await SignInLinks.isUsable(tenant, token));
});

links.post(
  "/",
  sameOrigin(() => [siteUrl()]),
  async (c) => {
    const tenant = await visitor(c);
    const token = (await readForm(c)).text("token");
    const account = await SignInLinks.consume(tenant, token);
    if (account === undefined) return page(c, tenant, token, false);
    const to = account.passwordHash === null ? "/auth/password" : "/";
    return proceed(c, tenant, Credentials.proofOf(account), to);
  },
);

function page(c: EdgeContext, tenant: TenantScope<Visitor>, token: string, isUsable: boolean) {
  return c.html(
    <SignInLinkPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      token={token}
      {...(isUsable ? {} : { error: LINK_SPENT })}
    />,
    isUsable ? 200 : 410,
  );
}
