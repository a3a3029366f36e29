import { Badge, type Tone } from "../../shared/badge.tsx";
import { EmptyState } from "../../shared/empty-state.tsx";
import { Icon } from "../../shared/icons.tsx";
import { amountColumn, amountHead } from "./amounts.ts";
import { Day } from "./day.tsx";
import type { InvoiceRow } from "./props.ts";

const statuses: Readonly<Record<InvoiceRow["status"], { tone: Tone; words: string }>> = {
  draft: { tone: "neutral", words: "Being written" },
  paid: { tone: "success", words: "Paid" },
  open: { tone: "info", words: "Open" },
  overdue: { tone: "warning", words: "Overdue" },
  void: { tone: "neutral", words: "Void" },
  uncollectible: { tone: "error", words: "Not paid" },
};

export interface InvoiceTableProps {
  invoices: readonly InvoiceRow[];
  timeZone: string;
  /** What the table lists, for screen readers. */
  caption: string;
}

/** Invoices, newest first: on a phone the day and the status stand under the number. */
export function InvoiceTable({ invoices, timeZone, caption }: InvoiceTableProps) {
  if (invoices.length === 0) {
    return (
      <EmptyState
        icon="scroll-text"
        title="No invoices yet"
        message="Each payment has one, with your company’s name and tax number. They are kept here to download."
      />
    );
  }
  const column = amountColumn(invoices.flatMap(({ total, refunded }) => [total, ...(refunded ? [refunded] : [])]));
  return (
    <table class="w-full border-collapse text-left">
      <caption class="sr-only">{caption}</caption>
      <thead class="bg-base-200 text-muted text-xs">
        <tr class="border-line border-b">
          <th scope="col" class="py-2.5 pr-2 pl-4 font-medium sm:pr-3 sm:pl-6">
            Invoice
          </th>
          <th scope="col" class="hidden px-3 py-2.5 font-medium sm:table-cell">
            Date
          </th>
          <th scope="col" class="hidden px-3 py-2.5 font-medium sm:table-cell">
            Status
          </th>
          <th scope="col" class="px-2 py-2.5 text-right font-medium sm:px-3">
            {amountHead("Total", column)}
          </th>
          <th scope="col" class="py-2.5">
            <span class="sr-only">What you can do</span>
          </th>
        </tr>
      </thead>
      <tbody class="divide-y divide-line">
        {invoices.map((invoice) => (
          <tr>
            <th scope="row" class="py-3 pr-2 pl-4 align-top font-medium tabular-nums sm:pr-3 sm:pl-6">
              {invoice.number ?? <span class="font-normal text-muted">No number yet</span>}
              <span class="mt-0.5 block font-normal text-muted text-xs sm:hidden">
                <Day at={invoice.at} timeZone={timeZone} />
              </span>
              <span class="mt-1.5 flex sm:hidden">
                <Status invoice={invoice} />
              </span>
            </th>
            <td class="hidden px-3 py-3 align-top text-muted tabular-nums sm:table-cell">
              <Day at={invoice.at} timeZone={timeZone} />
            </td>
            <td class="hidden px-3 py-3 align-top sm:table-cell">
              <Status invoice={invoice} />
              {invoice.dueAt === undefined ? null : (
                <span class="mt-1 block text-muted text-xs tabular-nums">
                  Due <Day at={invoice.dueAt} timeZone={timeZone} />
                </span>
              )}
            </td>
            <td class="px-2 py-3 text-right align-top tabular-nums sm:px-3">
              <span class="whitespace-nowrap font-medium">{column.figure(invoice.total)}</span>
              {invoice.refunded === undefined ? null : (
                <span class="block text-muted text-xs">{column.figure(invoice.refunded)} given back</span>
              )}
            </td>
            <td class="w-px whitespace-nowrap py-2 pr-3 align-top sm:pr-4">
              <Links invoice={invoice} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Status({ invoice: { status, needsConfirmation } }: { invoice: InvoiceRow }) {
  if (needsConfirmation) return <Badge tone="warning">To be confirmed</Badge>;
  const { tone, words } = statuses[status];
  return <Badge tone={tone}>{words}</Badge>;
}

function Links({ invoice: { number, payHref, pdfHref, needsConfirmation } }: { invoice: InvoiceRow }) {
  const which = <span class="sr-only"> of {number ?? "the draft"}</span>;
  return (
    <span class="flex flex-col items-end gap-1 sm:flex-row-reverse sm:items-center sm:justify-start">
      {pdfHref === undefined ? null : (
        <a href={pdfHref} class="btn btn-ghost btn-sm max-sm:btn-square">
          <Icon name="download" />
          <span class="max-sm:sr-only">PDF</span>
          {which}
        </a>
      )}
      {payHref === undefined ? null : (
        <a href={payHref} class="btn btn-plain btn-sm">
          {needsConfirmation ? "Confirm" : "Pay"}
          {which}
        </a>
      )}
    </span>
  );
}
