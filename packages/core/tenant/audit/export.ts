export * as AuditExport from "./export.ts";

import type { Member } from "../actors.ts";
import { CsvWriting } from "../imports/files/csv-writing.ts";
import type { TenantScope } from "../scope.ts";
import { TenantAudit } from "./audit.ts";
import type { Difference } from "./differences.ts";
import { AuditEntries, type AuditEntryDetails, type AuditFilter } from "./entries.ts";

/** Entries in one file. Whoever wants more asks for a shorter time. */
export const EXPORT_ENTRIES_MAX = 10_000;
/** A file's size, in bytes: what Lambda returns is 6 MB with everything around it. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const PAGE_ENTRIES = 500;

const header = ["Time", "Time (UTC)", "Who", "What", "Changes", "Reason", "From address", "Request", "Action"] as const;

/**
 * The entries of a filter as a CSV file, the newest first, at most 10,000 of them and 4 MB; a last line says when there
 * are more. That the log was taken away is an entry of its own.
 * @throws DomainError `forbidden`
 */
export async function file(tenant: TenantScope<Member>, filter: AuditFilter): Promise<string> {
  const { timeZone } = tenant.tenant;
  // A form that spreadsheets read as a time: `2026-11-24 03:59:00`. Made once, since making it costs more than using it.
  const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
  const parts: string[] = [CsvWriting.write([header])];
  let bytes = 0;
  let count = 0;
  let after: string | undefined;
  let isCut = false;
  do {
    const page = await AuditEntries.list(tenant, filter, after, PAGE_ENTRIES);
    const text = CsvWriting.write(page.entries.map((entry) => row(entry, local)));
    parts.push(text);
    bytes += Buffer.byteLength(text);
    count += page.entries.length;
    after = page.next;
    isCut = after !== undefined && (count >= EXPORT_ENTRIES_MAX || bytes >= FILE_BYTES_MAX);
  } while (after !== undefined && !isCut);
  if (isCut) parts.push(CsvWriting.write([["There are older entries. Ask for a shorter time to get them."]]));
  await TenantAudit.append(tenant, { action: "audit.exported", after: { entries: count, ...filter } });
  return parts.join("");
}

function row(entry: AuditEntryDetails, local: Intl.DateTimeFormat): readonly string[] {
  return [
    local.format(entry.at),
    entry.at.toISOString(),
    entry.who,
    entry.what,
    entry.differences.map(inWords).join("; "),
    entry.reason ?? "",
    entry.sourceIp ?? "",
    entry.requestId ?? "",
    entry.action,
  ];
}

const inWords = ({ field, from, to }: Difference): string =>
  from === undefined ? `${field}: ${to ?? ""}` : `${field}: ${from} → ${to ?? ""}`;
