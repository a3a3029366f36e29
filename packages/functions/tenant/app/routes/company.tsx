import { DomainError, notFound } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Company } from "@pharmasight/core/tenant/company/company";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { CompanyPage, type CompanyPageProps } from "@pharmasight/views/tenant/company.tsx";
import type { CompanyValues } from "@pharmasight/views/tenant/company-fields.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { readMemberForm } from "../../forms.ts";
import { chosenLogo, companyFields, companyValues, readCompany, savedInstead, seenAt } from "../company-form.ts";
import { shellFor } from "../shell.ts";

export const company = new Hono<EdgeEnv>();

company.get("/", async (c) => {
  const tenant = await member(c);
  const done = (["saved", "logo_removed"] as const).find((name) => name === c.req.query("done"));
  return c.html(await page(c, tenant, done === undefined ? {} : { done }));
});

company.post("/", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readCompany(form);
  try {
    await Company.change(tenant, { profile: values, logo: await chosenLogo(form), seenAt: seenAt(values) });
    return c.redirect("/settings/company?done=saved", 303);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (Object.keys(error.fields).length > 0)
      return c.html(await page(c, tenant, { values, errors: error.fields }), 422);
    if (error.code !== "conflict") throw error;
    return c.html(await page(c, tenant, { values, isLate: true }), 409);
  }
});

company.post("/logo/remove", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await Company.removeLogo(tenant);
  return c.redirect("/settings/company?done=logo_removed", 303);
});

/**
 * The logo, to whoever is signed in. Its address names its content, so that browsers keep it for ever; as every answer
 * it says that its type is not to be guessed.
 */
export const logo = new Hono<EdgeEnv>().get("/:digest", async (c) => {
  const tenant = await member(c);
  const found = await Company.findLogo(tenant, c.req.param("digest"));
  if (found === undefined) throw notFound("logo");
  return c.body(new Uint8Array(found.content), 200, {
    "content-type": found.contentType,
    "cache-control": "private, max-age=31536000, immutable",
  });
});

interface PageState {
  readonly values?: CompanyValues;
  readonly errors?: FieldErrors;
  readonly done?: NonNullable<CompanyPageProps["done"]>;
  /** Somebody else saved meanwhile. */
  readonly isLate?: boolean;
}

async function page(c: EdgeContext, tenant: TenantScope<Member>, { values, errors, done, isLate }: PageState) {
  const saved = await Company.get(tenant);
  const savedValues = companyValues(saved);
  // Who saves again after having seen what stands there now means it.
  const shown = isLate && values !== undefined ? { ...values, seenAt: savedValues.seenAt } : values;
  return (
    <CompanyPage
      shell={await shellFor(c, tenant)}
      {...companyFields(saved, shown ?? savedValues, errors ?? {})}
      {...(done === undefined ? {} : { done })}
      {...(isLate && values !== undefined ? { savedMeanwhile: savedInstead(savedValues, values) } : {})}
    />
  );
}
