import { Badge } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { SelectField, TextField } from "../shared/fields.tsx";
import { formatCount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface AuditRow {
  id: string;
  at: Date;
  /** Who did it, in words. */
  who: string;
  /** What they did, after their name. */
  what: string;
  /** Somebody of PharmaSight looked at the pharmacy. */
  isSupport: boolean;
  reason?: string;
  sourceIp?: string;
  requestId?: string;
  differences: readonly { field: string; from?: string; to?: string }[];
}

/** As it stands in the page's address. */
export interface AuditFilterValues {
  group: string;
  actor: string;
  from: string;
  to: string;
  search: string;
}

export interface AuditPageProps {
  shell: TenantShell;
  entries: readonly AuditRow[];
  filter: AuditFilterValues;
  people: readonly { id: string; name: string }[];
  /** Address of the page after this one; absent on the last. */
  next?: string;
  /** Address of the newest entries; absent on the first page. */
  first?: string;
  /** Address of the file with what the filter lets through. */
  exportHref: string;
  /** Entries that fit into the file. */
  exportMax: number;
}

const groups = [
  { value: "", label: "Everything" },
  { value: "people", label: "People and roles" },
  { value: "signing_in", label: "Signing in" },
  { value: "items", label: "Items and imports" },
  { value: "pharmacy", label: "Company and branches" },
  { value: "api_keys", label: "API keys" },
  { value: "support", label: "Support visits" },
];

const others = [
  { value: "operator", label: "PharmaSight support" },
  { value: "api_key", label: "Programs (API keys)" },
  { value: "job", label: "The system" },
  { value: "visitor", label: "Not signed in" },
];

/** Form: GET /settings/audit with search, group, actor, from and to (days); the same for GET /settings/audit/export.csv. */
export function AuditPage(props: AuditPageProps) {
  const { shell, entries, filter, people, next, first, exportHref, exportMax } = props;
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <SettingsLayout
      shell={shell}
      title="Audit log"
      subtitle="Who did what, and when. Nobody can change or remove an entry."
      actions={
        <a href={exportHref} download class="btn btn-plain btn-sm h-9">
          <Icon name="download" />
          Download CSV
        </a>
      }
    >
      <div class="space-y-5">
        <search>
          <form method="get" action="/settings/audit" class="card grid grid-cols-2 gap-4 p-4 sm:p-5 lg:grid-cols-3">
            <div class="col-span-2 lg:col-span-1">
              <TextField
                name="search"
                label="Search"
                value={filter.search}
                attributes={{
                  type: "search",
                  maxlength: 100,
                  autocomplete: "off",
                  placeholder: "A name, a word, an address",
                }}
              />
            </div>
            <SelectField name="group" label="About" value={filter.group} options={groups} />
            <SelectField
              name="actor"
              label="By"
              value={filter.actor}
              options={[
                { value: "", label: "Anybody" },
                ...people.map(({ id, name }) => ({ value: id, label: name })),
                ...others,
              ]}
            />
            <TextField name="from" label="From" value={filter.from} attributes={{ type: "date" }} />
            <TextField name="to" label="To" value={filter.to} attributes={{ type: "date" }} />
            <div class="col-span-2 flex items-end gap-2 lg:col-span-1">
              <button type="submit" class="btn btn-primary">
                <Icon name="search" />
                Show
              </button>
              {isFiltered ? (
                <a href="/settings/audit" class="btn btn-ghost">
                  Clear
                </a>
              ) : null}
            </div>
          </form>
        </search>
        <p class="text-muted text-xs">
          Times are in {shell.company.timeZone}. The file has what the filter shows, at most the newest{" "}
          {formatCount(exportMax)} entries.
        </p>
        {entries.length === 0 ? (
          <div class="card">
            <EmptyState
              icon="scroll-text"
              title={isFiltered ? "Nothing like this happened" : "Nothing happened yet"}
              message={
                isFiltered
                  ? "Try a longer time or fewer conditions."
                  : "Everything that people, programs and our support do here is written down."
              }
            />
          </div>
        ) : (
          <ol class="card divide-y divide-line overflow-clip">
            {entries.map((entry) => (
              <Entry entry={entry} timeZone={shell.company.timeZone} />
            ))}
          </ol>
        )}
        <div class="flex items-center justify-between gap-2">
          {first === undefined ? (
            <span />
          ) : (
            <a href={first} class="btn btn-ghost btn-sm">
              Newest
            </a>
          )}
          {next === undefined ? null : (
            <a href={next} rel="next" class="btn btn-plain btn-sm">
              Older entries
              <Icon name="chevron-right" />
            </a>
          )}
        </div>
      </div>
    </SettingsLayout>
  );
}

function Entry({ entry, timeZone }: { entry: AuditRow; timeZone: string }) {
  const { at, who, what, isSupport, reason, sourceIp, requestId, differences } = entry;
  const hasDetails = differences.length > 0 || sourceIp !== undefined || requestId !== undefined;
  return (
    <li class={`px-4 py-3 sm:px-5 ${isSupport ? "bg-soft-warning text-soft-warning-text" : ""}`}>
      <div class="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5">
        <p class="min-w-0 flex-1 basis-64 break-words">
          <span class="font-semibold">{who}</span> {what}
          {isSupport ? (
            <span class="inline-block sm:ml-2">
              <Badge tone="warning" icon="eye">
                Support visit
              </Badge>
            </span>
          ) : null}
        </p>
        <p class={`text-xs ${isSupport ? "" : "text-muted"}`}>
          <Moment at={at} timeZone={timeZone} />
        </p>
      </div>
      {reason === undefined ? null : <p class="mt-1 break-words text-xs">Reason: {reason}</p>}
      {hasDetails ? (
        <details class="group mt-1">
          <summary
            class={`inline-flex cursor-pointer list-none items-center gap-1 rounded-md text-xs ${
              isSupport ? "" : "text-muted hover:text-base-content"
            }`}
          >
            <Icon name="chevron-down" class="size-3.5 group-open:rotate-180" />
            {differences.length === 0 ? "From where" : "What changed"}
            <span class="sr-only">
              : {who} {what}
            </span>
          </summary>
          <div class="mt-2 rounded-lg border border-line bg-base-100 p-3 text-base-content text-xs">
            {differences.length === 0 ? null : <Differences differences={differences} />}
            <p class={`break-words text-muted ${differences.length === 0 ? "" : "mt-2 border-line border-t pt-2"}`}>
              {[
                sourceIp === undefined ? "" : `From the address ${sourceIp}`,
                requestId === undefined ? "" : `Request ${requestId}`,
              ]
                .filter((text) => text !== "")
                .join(" · ") || "Inside the system"}
            </p>
          </div>
        </details>
      ) : null}
    </li>
  );
}

function Differences({ differences }: Pick<AuditRow, "differences">) {
  return (
    <dl class="space-y-2">
      {differences.map(({ field, from, to }) => (
        <div class="grid gap-x-4 gap-y-0.5 sm:grid-cols-[10rem_minmax(0,1fr)]">
          <dt class="font-medium">{field}</dt>
          <dd class="min-w-0 whitespace-pre-wrap break-words">
            {from === undefined ? null : (
              <>
                <del class="text-muted">
                  <span class="sr-only">Before: </span>
                  {from}
                </del>
                <span aria-hidden="true"> → </span>
              </>
            )}
            {to === undefined ? (
              <span class="text-muted">(empty)</span>
            ) : (
              <>
                {from === undefined ? null : <span class="sr-only">Now: </span>}
                {to}
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
