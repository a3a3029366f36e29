import { Badge } from "../shared/badge.tsx";
import { formatCount } from "../shared/formats.ts";
import { Moment } from "../shared/moment.tsx";
import { type ImportRow, importStates } from "./import-runs.ts";

export interface RecentImportsProps {
  imports: ImportRow[];
  timeZone: string;
}

/** The latest imports with what came of them. */
export function RecentImports({ imports, timeZone }: RecentImportsProps) {
  return (
    <div class="card overflow-clip">
      <h2 class="border-line border-b px-4 py-3 font-semibold sm:px-5">Recent imports</h2>
      <ul class="divide-y divide-line">
        {imports.map((run) => (
          <li class="relative flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-3 hover:bg-base-200 sm:px-5">
            <div class="min-w-0">
              <a href={`/items/import/${run.id}`} class="block truncate font-medium after:absolute after:inset-0">
                {run.fileName}
              </a>
              <p class="text-muted text-xs">
                <Moment at={run.createdAt} timeZone={timeZone} />
              </p>
            </div>
            <div class="flex items-center gap-3">
              {run.read === 0 ? null : (
                <p class="text-muted text-xs tabular-nums">
                  {formatCount(run.added)} added
                  {run.rejected === 0 ? null : `, ${formatCount(run.rejected)} not`}
                </p>
              )}
              <Badge tone={importStates[run.state].tone}>{importStates[run.state].label}</Badge>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
