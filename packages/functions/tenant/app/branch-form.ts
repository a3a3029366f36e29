import type { BranchInput, NumberedBranch } from "@pharmasight/core/tenant/branches/branches";
import { documentTypes, Numbering, type Series } from "@pharmasight/core/tenant/numbering/numbering";
import type { BranchValues, SeriesRow } from "@pharmasight/views/tenant/branch-fields.tsx";
import type { BranchRow } from "@pharmasight/views/tenant/branches.tsx";
import type { PostedForm } from "../forms.ts";

/** The fields of a branch as they were typed, shortened to what any of them may hold. */
export function readBranch(form: PostedForm): BranchValues {
  const value = (name: string) => form.text(name).slice(0, 1000);
  return {
    code: value("code"),
    name: value("name"),
    address: value("address"),
    phone: value("phone"),
    starts: Object.fromEntries(documentTypes.map(({ type }) => [type, value(`next${type}`)])),
  };
}

/** What a filled form asks for. */
export const branchInput = ({ starts, ...values }: BranchValues): BranchInput => ({
  ...values,
  starts: Object.fromEntries(documentTypes.map(({ type }) => [type, starts[type] ?? ""])),
});

/** A branch as the form begins with it; series of which a number was taken have no field. */
export const branchValues = (branch: NumberedBranch): BranchValues => ({
  code: branch.code,
  name: branch.name,
  address: branch.address ?? "",
  phone: branch.phone ?? "",
  starts: Object.fromEntries(
    branch.series.filter(({ isUsed }) => !isUsed).map(({ type, next }) => [type, String(next)]),
  ),
});

export const seriesRows = (code: string, series: readonly Series[]): SeriesRow[] =>
  series.map(({ type, title, next, isUsed }) => ({ type, title, isUsed, next: Numbering.format(type, code, next) }));

/** The series of a branch that is not there yet. */
export const newSeriesRows = (code: string): SeriesRow[] =>
  seriesRows(
    code.trim().toUpperCase().slice(0, 10) || "…",
    documentTypes.map(({ type, title }) => ({ type, title, next: 1, isUsed: false })),
  );

export function branchRow({ series, archivedAt, address, phone, ...branch }: NumberedBranch): BranchRow {
  const invoices = series.find(({ type }) => type === "INV");
  return {
    id: branch.id,
    code: branch.code,
    name: branch.name,
    isHeadquarters: branch.isHeadquarters,
    isArchived: archivedAt !== null,
    nextInvoice: Numbering.format("INV", branch.code, invoices?.next ?? 1),
    ...(address === null ? {} : { address }),
    ...(phone === null ? {} : { phone }),
  };
}
