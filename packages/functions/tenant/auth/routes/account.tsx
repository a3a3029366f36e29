import { openIdentity } from "@pharmasight/adapters/auth/better-auth";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { TwoFactor } from "@pharmasight/core/tenant/accounts/two-factor";
import { AccountPage, type AccountPageProps } from "@pharmasight/views/tenant/account.tsx";
import { Hono } from "hono";
import type { EdgeEnv } from "../../../http/bindings.ts";
import { shellFor } from "../../app/shell.ts";
import { clearHostCookie } from "../../cookies.ts";
import { member } from "../../door.ts";
import { readMemberForm } from "../../forms.ts";
import { roleOf } from "../../roles.ts";

export const account = new Hono<EdgeEnv>();

account.get("/account", async (c) => {
  const person = await member(c, "sign_in");
  const { actor } = person;
  const done = doneSteps.find((step) => step === c.req.query("done"));
  const sessions = await Sessions.list(person);
  return c.html(
    <AccountPage
      shell={await shellFor(c, person)}
      person={{
        name: actor.name,
        login: Credentials.shownLogin(actor),
        role: roleOf(actor),
        ...(actor.email !== null && actor.username !== null ? { username: actor.username } : {}),
      }}
      hasPassword={await openIdentity(person).hasPassword(actor.userId)}
      factor={await TwoFactor.stateOf(person)}
      sessions={sessions}
      {...(done === undefined ? {} : { done })}
    />,
  );
});

account.post("/sessions/:id/end", async (c) => {
  const person = await member(c, "sign_in");
  await readMemberForm(c, person);
  await Sessions.endOne(person, c.req.param("id"));
  return c.redirect("/auth/account?done=session", 303);
});

account.post("/sessions/end-others", async (c) => {
  const person = await member(c, "sign_in");
  await readMemberForm(c, person);
  await Sessions.endOthers(person);
  return c.redirect("/auth/account?done=sessions", 303);
});

account.post("/sign-out", async (c) => {
  const person = await member(c, "sign_in");
  await readMemberForm(c, person);
  await Sessions.end(person);
  clearHostCookie(c, "session");
  return c.redirect("/auth/sign-in", 303);
});

const doneSteps: readonly NonNullable<AccountPageProps["done"]>[] = [
  "password",
  "two-factor-off",
  "session",
  "sessions",
];
