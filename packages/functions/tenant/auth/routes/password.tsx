import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { SignIn } from "@pharmasight/core/tenant/accounts/sign-in";
import type { Member } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { PasswordPage } from "@pharmasight/views/tenant/password.tsx";
import { Hono } from "hono";
import { pageContext } from "../../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { formToken, readMemberForm } from "../../forms.ts";
import { mistakeOf } from "../mistakes.ts";

export const password = new Hono<EdgeEnv>();

password.get("/", async (c) => {
  const person = await member(c, "sign_in");
  return page(c, person, await hasPassword(person), {}, 200);
});

password.post("/", async (c) => {
  const person = await member(c, "sign_in");
  const form = await readMemberForm(c, person);
  const isChange = await hasPassword(person);
  try {
    const input = { password: form.text("password"), passwordAgain: form.text("passwordAgain") };
    const old = isChange ? await SignIn.confirmOwn(person, passwordHashing, form.text("current")) : undefined;
    if (isChange && old === undefined) {
      return page(c, person, isChange, { current: "This is not your password of until now." }, 422);
    }
    await Credentials.setOwn(person, passwordHashing, old === undefined ? input : { ...input, old });
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, isChange ? "current" : "password");
    return page(c, person, isChange, errors, status);
  }
  return c.redirect(isChange ? "/auth/account?done=password" : "/", 303);
});

const hasPassword = (person: TenantScope<Member>): Promise<boolean> =>
  openIdentity(person).hasPassword(person.actor.userId);

async function page(
  c: EdgeContext,
  person: TenantScope<Member>,
  isChange: boolean,
  errors: FieldErrors,
  status: 200 | 409 | 422 | 429,
) {
  return c.html(
    <PasswordPage
      context={{ ...pageContext(c), formToken: await formToken(person) }}
      companyName={person.tenant.companyName}
      login={Credentials.shownLogin(person.actor)}
      isChange={isChange}
      errors={errors}
    />,
    status,
  );
}
