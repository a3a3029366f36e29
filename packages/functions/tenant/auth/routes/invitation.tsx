import { passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import type { Member, Visitor } from "@pharmasight/core/tenant/actors";
import { Acceptance, type Offer } from "@pharmasight/core/tenant/people/acceptance";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import {
  InvitationElsewherePage,
  InvitationPage,
  InvitationRefusedPage,
} from "@pharmasight/views/tenant/invitation.tsx";
import { Hono } from "hono";
import { pageContext } from "../../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member, visitor } from "../../door.ts";
import { formToken, readForm } from "../../forms.ts";
import { rolesInWords } from "../../roles.ts";
import { enter } from "../entering.ts";
import { visitorContext } from "../mistakes.ts";

export const invitation = new Hono<EdgeEnv>();

// Looking uses nothing up: programs that scan mail follow links.
invitation.get("/", async (c) => {
  const tenant = await visitor(c);
  const token = c.req.query("token") ?? "";
  return offered(c, tenant, token, async (offer) => {
    const elsewhere = await signedIn(c);
    if (elsewhere !== undefined) return elsewherePage(c, elsewhere, offer, 200);
    return invitationPage(c, tenant, token, offer, { name: offer.name });
  });
});

invitation.post("/", async (c) => {
  const tenant = await visitor(c);
  const form = await readForm(c);
  const token = form.text("token");
  return offered(c, tenant, token, async (offer) => {
    // A session of somebody else is neither used nor replaced: whose work it would become must be clear.
    const elsewhere = await signedIn(c);
    if (elsewhere !== undefined) return elsewherePage(c, elsewhere, offer, 409);
    const name = form.text("name").slice(0, 1000);
    const password = form.text("password").slice(0, 1000);
    const passwordAgain = form.text("passwordAgain").slice(0, 1000);
    try {
      const { userId } = await Acceptance.accept(tenant, passwordHashing, token, { name, password, passwordAgain });
      await enter(c, tenant, userId);
      return c.redirect("/", 303);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "invalid_input") throw error;
      return invitationPage(c, tenant, token, offer, { name }, error.fields);
    }
  });
});

/** Answers with `answer`, or with why the invitation of this token cannot be accepted. */
async function offered(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  token: string,
  answer: (offer: Offer) => Promise<Response>,
): Promise<Response> {
  try {
    return await answer(await Acceptance.look(tenant, token));
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "gone") throw error;
    const { companyName } = tenant.tenant;
    return c.html(
      <InvitationRefusedPage context={visitorContext(c)} companyName={companyName} message={error.message} />,
      410,
    );
  }
}

async function signedIn(c: EdgeContext): Promise<TenantScope<Member> | undefined> {
  try {
    return await member(c, "sign_in");
  } catch (error) {
    if (error instanceof DomainError && error.code === "unauthenticated") return undefined;
    throw error;
  }
}

async function elsewherePage(c: EdgeContext, person: TenantScope<Member>, offer: Offer, status: 200 | 409) {
  return c.html(
    <InvitationElsewherePage
      context={{ ...pageContext(c), formToken: await formToken(person) }}
      companyName={person.tenant.companyName}
      signedInAs={person.actor.name}
      invited={Credentials.shownLogin(offer)}
    />,
    status,
  );
}

async function invitationPage(
  c: EdgeContext,
  tenant: TenantScope<Visitor>,
  token: string,
  offer: Offer,
  values: { readonly name: string },
  errors: FieldErrors = {},
) {
  return c.html(
    <InvitationPage
      context={visitorContext(c)}
      companyName={tenant.tenant.companyName}
      token={token}
      invitedByName={offer.invitedByName}
      role={rolesInWords(offer)}
      login={Credentials.shownLogin(offer)}
      expiresAt={offer.expiresAt}
      timeZone={tenant.tenant.timeZone}
      values={values}
      errors={errors}
    />,
    Object.keys(errors).length === 0 ? 200 : 422,
  );
}
