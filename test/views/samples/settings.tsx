import type { FormContext } from "@pharmasight/views/shared/context";
import { AuditPage, type AuditPageProps, type AuditRow } from "@pharmasight/views/tenant/audit.tsx";
import { BranchPage } from "@pharmasight/views/tenant/branch.tsx";
import type { BranchValues, SeriesRow } from "@pharmasight/views/tenant/branch-fields.tsx";
import { BranchesPage, type BranchRow } from "@pharmasight/views/tenant/branches.tsx";
import { CompanyPage } from "@pharmasight/views/tenant/company.tsx";
import type { CompanyFieldsProps, CompanyValues } from "@pharmasight/views/tenant/company-fields.tsx";
import { at, companyName, hostile, logo, long, type Samples, shellOf, unbroken } from "./shared.ts";

const companyValues: CompanyValues = {
  name: companyName,
  legalName: "Acacia Pharmacy Limited",
  taxId: "P051234567X",
  currency: "KES",
  timeZone: "Africa/Nairobi",
  phone: "+254 712 345 678",
  email: "shop@acacia.example",
  address: "Moi Avenue 12\nNairobi",
  seenAt: at.toISOString(),
};

export const companyFields: CompanyFieldsProps = {
  values: companyValues,
  errors: {},
  isCurrencyFixed: false,
  currencies: [
    { code: "KES", name: "Kenyan Shilling", isNear: true },
    { code: "USD", name: "US Dollar", isNear: true },
    { code: "CHF", name: "Swiss Franc", isNear: false },
  ],
  timeZones: ["Africa/Kampala", "Africa/Nairobi", "Europe/London"],
};

export const branchRows: readonly BranchRow[] = [
  {
    id: "1",
    code: "HQ",
    name: "Main branch",
    address: "Moi Avenue 12\nNairobi",
    phone: "+254 712 345 678",
    isHeadquarters: true,
    isArchived: false,
    nextInvoice: "INV-HQ-000412",
  },
  { id: "2", code: "WEST", name: long, isHeadquarters: false, isArchived: false, nextInvoice: "INV-WEST-000001" },
  { id: "3", code: "MALL", name: hostile, isHeadquarters: false, isArchived: false, nextInvoice: "INV-MALL-1000000" },
];

const archivedBranch: BranchRow = {
  id: "4",
  code: "OLD",
  name: unbroken,
  isHeadquarters: false,
  isArchived: true,
  nextInvoice: "INV-OLD-000077",
};

const branchValues: BranchValues = {
  code: "WEST",
  name: "Westlands",
  address: "Waiyaki Way\nNairobi",
  phone: "+254 712 345 679",
  starts: { CRN: "1", PO: "501" },
};

const series: readonly SeriesRow[] = [
  { type: "INV", title: "Sales invoices", next: "INV-WEST-000412", isUsed: true },
  { type: "CRN", title: "Credit notes", next: "CRN-WEST-000001", isUsed: false },
  { type: "PO", title: "Purchase orders", next: "PO-WEST-000501", isUsed: false },
  { type: "OPN", title: "Opening stock", next: "OPN-WEST-000002", isUsed: true },
];

const details = { sourceIp: "192.0.2.7", requestId: "req-0193f0c2-7a41" };
const entries: readonly AuditRow[] = [
  {
    id: "1",
    at,
    who: "PharmaSight support",
    what: "looked at your records",
    isSupport: true,
    reason: "You asked us to look at the import of 23 November",
    differences: [],
  },
  {
    id: "2",
    at,
    who: "Grace Wanjiru",
    what: "invited Otieno Odhiambo as cashier",
    isSupport: false,
    ...details,
    differences: [
      { field: "Name", to: "Otieno Odhiambo" },
      { field: "Role", to: "cashier" },
    ],
  },
  {
    id: "3",
    at,
    who: "Grace Wanjiru",
    what: "changed the company’s profile",
    isSupport: false,
    ...details,
    differences: [
      { field: "Name", from: companyName, to: long },
      { field: "Phone", from: "+254 712 345 678" },
      { field: "Address", from: "Moi Avenue 12\nNairobi", to: "Moi Avenue 14\nNairobi" },
    ],
  },
  {
    id: "4",
    at,
    who: "Somebody who was not signed in",
    what: "failed to sign in",
    isSupport: false,
    ...details,
    differences: [],
  },
  {
    id: "5",
    at,
    who: hostile,
    what: `added the branch ${hostile}`,
    isSupport: false,
    differences: [{ field: "Name", to: unbroken }],
  },
  { id: "6", at, who: "The system", what: "stock.something_new", isSupport: false, differences: [] },
];

const auditProps: Omit<AuditPageProps, "shell"> = {
  entries,
  filter: { group: "", actor: "", from: "", to: "", search: "" },
  people: [
    { id: "1", name: "Grace Wanjiru" },
    { id: "2", name: long },
  ],
  exportHref: "/settings/audit/export.csv",
  exportMax: 10_000,
  next: "/settings/audit?after=1.2",
};

export function settingsSamples(context: FormContext): Samples {
  const shell = (setting: string, name = companyName) => shellOf(context, "Settings", name, 12, setting);
  const branch = {
    id: "2",
    name: "Westlands",
    isHeadquarters: false,
    isArchived: false,
    isCodeFixed: true,
    peopleCount: 3,
  };
  return {
    "settings-company": <CompanyPage shell={shell("Company")} {...companyFields} logoUrl={logo} done="saved" />,
    "settings-company-errors": (
      <CompanyPage
        shell={shell("Company", hostile)}
        {...companyFields}
        isCurrencyFixed
        values={{ ...companyValues, name: hostile, taxId: "12345", timeZone: "Nairobbi" }}
        errors={{
          taxId: "A KRA PIN is a letter, nine digits and a letter: P051234567X.",
          timeZone: "Choose a time zone of the list, like Africa/Nairobi.",
          logo: "Choose a picture in PNG, JPEG or WebP. Other files, SVG too, are not taken.",
        }}
      />
    ),
    "settings-company-late": (
      <CompanyPage
        shell={shell("Company")}
        {...companyFields}
        savedMeanwhile={[
          { field: "Name", value: "Acacia Pharmacy Westlands" },
          { field: "Telephone", value: "" },
          { field: "Registered name", value: hostile },
        ]}
      />
    ),
    "settings-branches": (
      <BranchesPage shell={shell("Branches")} branches={[...branchRows, archivedBranch]} done="archived" />
    ),
    "settings-branch": (
      <BranchPage
        shell={shell("Branches")}
        branch={branch}
        series={series}
        values={branchValues}
        errors={{}}
        refusal="Westlands still has stock. Move it or write it off first."
        isSetup={false}
      />
    ),
    "settings-branch-archived": (
      <BranchPage
        shell={shell("Branches")}
        branch={{ ...branch, name: unbroken, isArchived: true }}
        series={series}
        values={{ ...branchValues, name: unbroken }}
        errors={{}}
        isSetup={false}
      />
    ),
    "settings-branch-new": (
      <BranchPage
        shell={shell("Branches")}
        series={series.map((one) => ({ ...one, isUsed: false, next: `${one.type}-…-000001` }))}
        values={{ ...branchValues, name: hostile, code: "W" }}
        errors={{
          code: "Use 2 to 10 letters A to Z and digits, like WEST or MALL2.",
          nextPO: "Write a whole number from 1 to 99,999,999.",
        }}
        isSetup
      />
    ),
    "settings-audit": <AuditPage shell={shell("Audit log")} {...auditProps} />,
    "settings-audit-empty": (
      <AuditPage
        shell={shell("Audit log")}
        {...auditProps}
        entries={[]}
        filter={{ group: "support", actor: "2", from: "2026-11-01", to: "2026-11-24", search: hostile }}
      />
    ),
  };
}
