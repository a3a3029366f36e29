import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { formatCount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import type { LeftPart, LeftRows } from "./import-runs.ts";

export interface LeftRowsTableProps {
  importId: string;
  title: string;
  left: LeftRows;
  /** Whether rows that were not reached are in the file too. */
  hasMore?: boolean;
}

/** The first rows that were not taken, and the file of all of them. Nothing when there are none. */
export function LeftRowsTable({ importId, title, left, hasMore }: LeftRowsTableProps) {
  if (left.total === 0 && !hasMore) return null;
  if (left.hidden) {
    return (
      <Alert tone="info" title={`${formatCount(left.total)} rows were not taken.`}>
        The file may hold costs, so that only whoever uploaded it, and people who may see costs, see its rows.
      </Alert>
    );
  }
  return (
    <section class="card overflow-clip" aria-labelledby="left-title">
      <div class="flex flex-wrap items-center justify-between gap-3 border-line border-b px-4 py-3 sm:px-5">
        <h2 id="left-title" class="font-semibold">
          {title}
        </h2>
        {left.parts.length > 1 ? null : (
          <a href={`/items/import/${importId}/rejected.csv`} download class="btn btn-plain btn-sm">
            <Icon name="download" />
            Download {left.total === 0 ? "the rest" : hasMore ? "all, and the rest" : `all ${formatCount(left.total)}`}
          </a>
        )}
      </div>
      {left.parts.length > 1 ? <Parts importId={importId} parts={left.parts} /> : null}
      {left.rows.length === 0 ? null : (
        <table class="w-full border-collapse text-left">
          <caption class="sr-only">Rows that were not taken, with the reason</caption>
          <thead class="bg-base-200 text-muted text-xs">
            <tr class="border-line border-b">
              <th scope="col" class="whitespace-nowrap px-4 py-2.5 text-right font-medium sm:px-5">
                Row
              </th>
              <th scope="col" class="px-2 py-2.5 font-medium sm:w-1/2">
                Reason
              </th>
              <th scope="col" class="hidden px-4 py-2.5 font-medium sm:table-cell sm:px-5">
                In the file
              </th>
            </tr>
          </thead>
          <tbody class="divide-y divide-line">
            {left.rows.map((row) => (
              <tr>
                <th
                  scope="row"
                  class="w-16 whitespace-nowrap px-4 py-2.5 text-right align-top font-normal text-muted tabular-nums sm:px-5"
                >
                  {row.number}
                </th>
                <td class="px-2 py-2.5 pr-4 align-top">
                  {row.kind === "stock_left" ? (
                    <span class="mr-1.5">
                      <Badge tone="warning">Stock left out</Badge>
                    </span>
                  ) : null}
                  {row.reason}
                  <span class="mt-0.5 line-clamp-2 text-muted text-xs sm:hidden">{row.text}</span>
                </td>
                <td class="hidden px-4 py-2.5 align-top text-muted sm:table-cell sm:px-5">
                  <span class="line-clamp-2">{row.text}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {left.total > left.rows.length ? (
        <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
          The first {left.rows.length} of {formatCount(left.total)}.{" "}
          {left.parts.length > 1 ? "The downloads have" : "The download has"} all of them, each with its reason: correct
          them there and import {left.parts.length > 1 ? "each of the files" : "that file"}.
        </p>
      ) : null}
    </section>
  );
}

function Parts({ importId, parts }: { importId: string; parts: LeftPart[] }) {
  return (
    <div class="border-line border-b px-4 py-3 sm:px-5">
      <p class="text-muted">
        {formatCount(parts.reduce((sum, { rows }) => sum + rows, 0))} rows are more than one download can hold, so they
        come in {parts.length} files:
      </p>
      <ul class="mt-2.5 flex flex-wrap gap-2">
        {parts.map(({ rows, firstRow, lastRow }, index) => (
          <li>
            <a
              href={`/items/import/${importId}/rejected.csv?part=${index + 1}`}
              download
              class="btn btn-plain btn-sm h-auto py-1.5 text-left"
            >
              <Icon name="download" />
              <span>
                File {index + 1}: {formatCount(rows)} rows
                <span class="block font-normal text-muted text-xs">
                  Row {formatCount(firstRow)} to {formatCount(lastRow)}
                </span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
