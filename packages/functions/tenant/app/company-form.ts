import { type CompanyDetails, currencies, timeZones } from "@pharmasight/core/tenant/company/company";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import type { CompanyFieldsProps, CompanyValues } from "@pharmasight/views/tenant/company-fields.tsx";
import type { PostedForm } from "../forms.ts";
import { logoPath } from "./shell.ts";

/** Currencies of the region and those that its trade is in: offered before the rest. */
const near = new Set(["KES", "UGX", "TZS", "RWF", "ETB", "USD", "EUR", "GBP"]);
const names = new Intl.DisplayNames(["en"], { type: "currency" });
const currencyOptions = currencies.map((code) => ({ code, name: names.of(code) ?? code, isNear: near.has(code) }));

/** The profile's fields as they were typed, shortened to what any of them may hold. */
export function readCompany(form: PostedForm): CompanyValues {
  const value = (name: keyof CompanyValues) => form.text(name).slice(0, 1000);
  return {
    name: value("name"),
    legalName: value("legalName"),
    taxId: value("taxId"),
    currency: value("currency"),
    timeZone: value("timeZone"),
    phone: value("phone"),
    email: value("email"),
    address: value("address"),
    seenAt: value("seenAt"),
  };
}

/** The profile as the form begins with it. */
export const companyValues = (company: CompanyDetails): CompanyValues => ({
  name: company.name,
  legalName: company.legalName ?? "",
  taxId: company.taxId ?? "",
  currency: company.currency,
  timeZone: company.timeZone,
  phone: company.phone ?? "",
  email: company.email ?? "",
  address: company.address ?? "",
  seenAt: company.updatedAt.toISOString(),
});

/** What the form shows, filled with `values`. */
export function companyFields(company: CompanyDetails, values: CompanyValues, errors: FieldErrors): CompanyFieldsProps {
  return {
    values,
    errors,
    isCurrencyFixed: company.isCurrencyFixed,
    currencies: currencyOptions,
    timeZones,
    ...(company.logoDigest === null ? {} : { logoUrl: logoPath(company.logoDigest) }),
  };
}

const labels: readonly (readonly [keyof CompanyValues, string])[] = [
  ["name", "Name"],
  ["legalName", "Registered name"],
  ["taxId", "Tax number"],
  ["currency", "Currency"],
  ["timeZone", "Time zone"],
  ["phone", "Telephone"],
  ["email", "Mail address"],
  ["address", "Address"],
];

/** What is saved now where it is not what the person wrote: for whoever comes second. */
export function savedInstead(
  saved: CompanyValues,
  typed: CompanyValues,
): readonly { readonly field: string; readonly value: string }[] {
  return labels
    .filter(([key]) => saved[key] !== typed[key].trim())
    .map(([key, field]) => ({ field, value: saved[key].replaceAll("\n", ", ") }));
}

/** The state of the profile that the person saw; one that is no time is none that there ever was. */
export const seenAt = ({ seenAt: text }: CompanyValues): Date => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? new Date(0) : at;
};

/** A new logo, as far as there is one. */
export async function chosenLogo(form: PostedForm): Promise<Uint8Array | undefined> {
  const file = form.file("logo");
  return file === undefined ? undefined : new Uint8Array(await file.arrayBuffer());
}
