import type { Job, Member } from "../actors.ts";
import { Branches } from "../branches/branches.ts";
import type { NewItem } from "../items/new-item.ts";
import type { TenantScope } from "../scope.ts";
import type { Field } from "./mapping.ts";
import type { Import, ImportSettings } from "./record.ts";
import { type RowSettings, readRow } from "./rows.ts";
import type { StagedRow } from "./staged-rows.ts";

/** Opening stock as a row brings it, in base units. */
export interface RowStock {
  readonly branchId: string;
  readonly batchNumber: string;
  readonly expiresOn: string | null;
  readonly quantity: string;
}

/** A row that can be taken. */
export interface ReadRow {
  readonly row: StagedRow;
  readonly item: NewItem;
  /** The fields that the row itself names: only these change an item that is there already. */
  readonly given: Partial<NewItem>;
  readonly stock: RowStock | null;
}

export type RowOutcome =
  | ({ readonly ok: true } & ReadRow)
  | { readonly ok: false; readonly row: StagedRow; readonly reason: string };

export type RowReader = (row: StagedRow) => RowOutcome;

/** How the rows of an import are read by its mapping and settings, with the branches that are open now. */
export async function rowReader(
  tenant: TenantScope<Member | Job>,
  { mapping, settings }: Pick<Import, "mapping" | "settings">,
): Promise<RowReader> {
  if (mapping === null || settings === null)
    return (row) => ({ ok: false, row, reason: "The columns are not matched." });
  const branches = await Branches.list(tenant);
  const byCode = new Map(branches.map(({ code, id }) => [code.toUpperCase(), id]));
  const codes = branches.map(({ code }) => code).join(", ");
  const isOpen = new Set(branches.map(({ id }) => id));
  const rowSettings = rowSettingsOf(tenant, settings);
  return (row) => {
    const result = readRow(row.cells, mapping, rowSettings);
    if (!result.ok) return { ok: false, row, reason: result.reason };
    const { item, stock } = result;
    const read = { ok: true, row, item, given: givenFields(item, result.given), stock: null } as const;
    if (stock === null) return read;
    const { branchCode, ...rest } = stock;
    const branchId = branchCode === null ? settings.branchId : (byCode.get(branchCode.toUpperCase()) ?? null);
    if (branchId !== null && isOpen.has(branchId)) return { ...read, stock: { ...rest, branchId } };
    const reason =
      branchCode === null
        ? "The branch that the stock was to go to is not open any more. Choose another one."
        : `There is no open branch with the code “${branchCode.slice(0, 40)}”. Yours are: ${codes}.`;
    return { ok: false, row, reason };
  };
}

/**
 * A file without quantities needs no unit of them, so that any stands in. Without the currency and the day of the
 * pharmacy no row could be read.
 */
function rowSettingsOf(
  { tenant, clock }: TenantScope<Member | Job>,
  { stockUnit, branchId: _, ...settings }: ImportSettings,
): RowSettings {
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: tenant.timeZone }).format(clock.now());
  return { ...settings, stockUnit: stockUnit ?? "base", currency: tenant.currency, today };
}

/** The fields of an item that a row names itself; the others of `given` are about its stock. */
function givenFields(item: NewItem, given: readonly Field[]): Partial<NewItem> {
  const named: readonly string[] = given;
  return Object.fromEntries(Object.entries(item).filter(([name]) => named.includes(name)));
}
