import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Ownership } from "@pharmasight/core/tenant/people/ownership";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { OwnershipPage, type OwnershipPageProps } from "@pharmasight/views/tenant/ownership.tsx";
import { Hono } from "hono";
import { pageContext } from "../../../http/assets.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { formToken, readMemberForm } from "../../forms.ts";
import { type Mistake, mistakeOf } from "../mistakes.ts";

export const ownership = new Hono<EdgeEnv>();

ownership.get("/", async (c) => page(c, await member(c), { userId: "", companyName: "" }));

ownership.post("/", async (c) => {
  const person = await member(c);
  const form = await readMemberForm(c, person);
  const values = { userId: form.text("userId").slice(0, 100), companyName: form.text("companyName").slice(0, 1000) };
  try {
    await Ownership.handOver(person, passwordHashing, { ...values, password: form.text("password").slice(0, 1000) });
    return c.redirect(`/settings/people/${values.userId}?done=owner`, 303);
  } catch (error) {
    return page(c, person, values, mistakeOf(c, error, "password"));
  }
});

async function page(
  c: EdgeContext,
  person: TenantScope<Member>,
  values: OwnershipPageProps["values"],
  mistake?: Mistake,
) {
  const { companyName, people } = await Ownership.candidates(person);
  return c.html(
    <OwnershipPage
      context={{ ...pageContext(c), formToken: await formToken(person) }}
      companyName={companyName}
      candidates={people}
      values={values}
      errors={mistake?.errors ?? {}}
      hasPassword={await openIdentity(person).hasPassword(person.actor.userId)}
    />,
    mistake?.status ?? 200,
  );
}
