import { Badge } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { countOf, formatDay } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { countOfUnit } from "./unit-words.ts";

/** Decimal text of a unit. */
export interface UnitAmount {
  count: string;
  unit: string;
}

/** A quantity in base units, and as whole larger units with a rest; `larger` is empty when it fills none. */
export interface StockAmount {
  base: UnitAmount;
  larger: readonly UnitAmount[];
}

export interface StockBatchRow {
  /** Empty: the supplier gave none. */
  batchNumber: string;
  /** `YYYY-MM-DD`; absent when it does not expire. */
  expiresOn?: string;
  expiry: "none" | "later" | "soon" | "expired";
  amount: StockAmount;
}

export interface StockBranchRow {
  code: string;
  name: string;
  amount: StockAmount;
  batches: readonly StockBatchRow[];
}

export interface ItemStockProps {
  total: StockAmount;
  /** Headquarters first. */
  branches: readonly StockBranchRow[];
  /** Whether the reader sees some of the branches only. */
  isPartial: boolean;
  /** Whether the reader may bring opening stock in. */
  mayImport: boolean;
}

/** What is in stock of an item, by branch and batch. */
export function ItemStock({ total, branches, isPartial, mayImport }: ItemStockProps) {
  return (
    <section class="card overflow-clip" aria-labelledby="stock">
      <div class="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1 border-line border-b px-4 py-3 sm:px-5">
        <h2 id="stock" class="font-semibold">
          Stock
        </h2>
        {branches.length === 0 ? null : (
          <p class="tabular-nums">
            <span class="font-semibold">{inBaseUnits(total)}</span>{" "}
            <span class="text-muted">
              in {countOf(branches.length, "branch", "branches")}
              {isPartial ? " that you may see" : ""}
            </span>
          </p>
        )}
      </div>
      {branches.length === 0 ? (
        <EmptyState
          icon="package"
          title="None in stock"
          message={
            isPartial
              ? "None of the branches that you may see has any of it."
              : "Put quantities, batches and expiry dates into your list and import it: they become the opening stock of a branch."
          }
        >
          {mayImport ? (
            <a href="/items/import" class="btn btn-plain">
              <Icon name="upload" />
              Import opening stock
            </a>
          ) : null}
        </EmptyState>
      ) : (
        <div class="divide-y divide-line">
          {branches.map((branch) => (
            <BranchStock branch={branch} />
          ))}
        </div>
      )}
    </section>
  );
}

function BranchStock({ branch }: { branch: StockBranchRow }) {
  return (
    <table class="w-full border-collapse text-left">
      <caption class="px-4 pt-3 pb-1 text-left sm:px-5">
        <span class="flex flex-wrap items-baseline justify-between gap-x-6">
          <span class="min-w-0 font-medium">
            {branch.name} <span class="font-normal text-muted text-xs">{branch.code}</span>
          </span>
          <Amount amount={branch.amount} />
        </span>
      </caption>
      <thead class="sr-only">
        <tr>
          <th scope="col">Batch</th>
          <th scope="col">Expiry</th>
          <th scope="col">Quantity</th>
        </tr>
      </thead>
      <tbody>
        {branch.batches.map((batch) => (
          <tr class="border-line border-t first:border-t-0">
            <th scope="row" class="py-2.5 pr-2 pl-4 text-left align-top font-normal sm:w-1/3 sm:pl-5">
              <span class={`inline-block min-w-17 ${batch.batchNumber === "" ? "text-muted" : ""}`}>
                {batch.batchNumber || "No batch number"}
              </span>
            </th>
            <td class="px-1 py-2.5 align-top sm:px-2">
              <ExpiryOf batch={batch} />
            </td>
            <td class="py-2.5 pr-4 pl-2 text-right align-top sm:pr-5">
              <Amount amount={batch.amount} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ExpiryOf({ batch: { expiresOn, expiry } }: { batch: StockBatchRow }) {
  if (expiresOn === undefined) return <span class="text-muted">Does not expire</span>;
  const day = formatDay(new Date(`${expiresOn}T00:00:00Z`), "UTC");
  return (
    <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
      <time datetime={expiresOn} class="tabular-nums">
        {day}
      </time>
      {expiry === "expired" ? (
        <Badge tone="error" icon="ban">
          Expired
        </Badge>
      ) : null}
      {expiry === "soon" ? (
        <Badge tone="warning" icon="hourglass">
          Expires soon
        </Badge>
      ) : null}
    </span>
  );
}

function Amount({ amount }: { amount: StockAmount }) {
  return (
    <span class="inline-block min-w-24 text-right tabular-nums">
      {inBaseUnits(amount)}
      {amount.larger.length === 0 ? null : (
        <span class="block text-muted text-xs">
          {amount.larger.map(({ count, unit }) => countOfUnit(count, unit)).join(" + ")}
        </span>
      )}
    </span>
  );
}

const inBaseUnits = ({ base }: StockAmount): string => countOfUnit(base.count, base.unit);
