import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { TwoFactor } from "@pharmasight/core/tenant/accounts/two-factor";
import type { Member } from "@pharmasight/core/tenant/actors";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { TwoFactorPage, type TwoFactorView } from "@pharmasight/views/tenant/two-factor.tsx";
import { TwoFactorCodesPage } from "@pharmasight/views/tenant/two-factor-codes.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { shellFor } from "../../app/shell.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { mistakeOf } from "../mistakes.ts";

export const twoFactor = new Hono<EdgeEnv>();

const PATH = "/auth/two-factor";

twoFactor.get("/", async (c) => page(c, await member(c, "sign_in"), {}, 200));

twoFactor.post("/begin", async (c) => {
  const person = await member(c, "sign_in");
  const form = await readMemberForm(c, person);
  try {
    await TwoFactor.begin(person, passwordHashing, form.text("password"));
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "password");
    return page(c, person, errors, status);
  }
  return c.redirect(PATH, 303);
});

// The codes are in the answer itself: in an address or a cookie they would be kept.
twoFactor.post("/confirm", async (c) => {
  const person = await member(c, "sign_in");
  const form = await readMemberForm(c, person);
  try {
    return await codesPage(c, person, await TwoFactor.confirm(person, form.text("code").slice(0, 100)), true);
  } catch (error) {
    const { errors, status } = mistakeOf(c, error, "code");
    return page(c, person, errors, status);
  }
});

twoFactor.post("/off", async (c) => {
  const person = await member(c, "sign_in");
  const form = await readMemberForm(c, person);
  try {
    await TwoFactor.turnOff(person, passwordHashing, confirmationIn(form));
  } catch (error) {
    return changePage(c, person, form, error);
  }
  return c.redirect("/auth/account?done=two-factor-off", 303);
});

twoFactor.post("/codes", async (c) => {
  const person = await member(c, "sign_in");
  const form = await readMemberForm(c, person);
  try {
    const codes = await TwoFactor.renewCodes(person, passwordHashing, confirmationIn(form));
    return await codesPage(c, person, codes, false);
  } catch (error) {
    return changePage(c, person, form, error);
  }
});

const confirmationIn = (form: PostedForm) => ({
  password: form.text("password"),
  recoveryCode: form.text("recoveryCode").trim().slice(0, 100),
});

function changePage(c: EdgeContext, person: TenantScope<Member>, form: PostedForm, error: unknown) {
  const field = confirmationIn(form).recoveryCode === "" ? "password" : "recoveryCode";
  const { errors, status } = mistakeOf(c, error, field);
  return page(c, person, errors, status);
}

async function page(c: EdgeContext, person: TenantScope<Member>, errors: FieldErrors, status: 200 | 409 | 422 | 429) {
  return c.html(
    <TwoFactorPage
      shell={await shellFor(c, person)}
      view={await viewOf(person)}
      errors={errors}
      recovered={c.req.query("recovered") === "1"}
    />,
    status,
  );
}

async function viewOf(person: TenantScope<Member>): Promise<TwoFactorView> {
  const hasPassword = await openIdentity(person).hasPassword(person.actor.userId);
  const { isOn, since, codesLeft } = await TwoFactor.stateOf(person);
  if (isOn && since !== null) return { kind: "on", since, codesLeft, hasPassword };
  const pending = await TwoFactor.pending(person);
  if (pending !== undefined) return { kind: "pending", ...pending };
  return { kind: "off", asksPassword: !Credentials.isFresh(person), hasPassword };
}

async function codesPage(c: EdgeContext, person: TenantScope<Member>, codes: readonly string[], isNew: boolean) {
  const page = (
    <TwoFactorCodesPage
      shell={await shellFor(c, person)}
      codes={codes}
      login={Credentials.shownLogin(person.actor)}
      isNew={isNew}
    />
  );
  return c.html(page, 201);
}
