import {
  AuditEntries,
  type AuditEntryDetails,
  type AuditFilter,
  auditGroups,
} from "@pharmasight/core/tenant/audit/entries";
import { AuditExport, EXPORT_ENTRIES_MAX } from "@pharmasight/core/tenant/audit/export";
import { type AuditFilterValues, AuditPage, type AuditRow } from "@pharmasight/views/tenant/audit.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { shellFor } from "../shell.ts";

export const audit = new Hono<EdgeEnv>();

audit.get("/", async (c) => {
  const tenant = await member(c);
  const filter = filterValues(c);
  const after = c.req.query("after");
  const page = await AuditEntries.list(tenant, asked(filter), after);
  const people = await AuditEntries.people(tenant);
  const query = new URLSearchParams({ ...filter });
  for (const [name, value] of Object.entries(filter)) if (value === "") query.delete(name);
  const at = (path: string, extra: Readonly<Record<string, string>> = {}) => {
    const parts = new URLSearchParams([...query, ...Object.entries(extra)]).toString();
    return parts === "" ? path : `${path}?${parts}`;
  };
  return c.html(
    <AuditPage
      shell={await shellFor(c, tenant)}
      entries={page.entries.map(auditRow)}
      filter={filter}
      people={people}
      exportHref={at("/settings/audit/export.csv")}
      exportMax={EXPORT_ENTRIES_MAX}
      {...(page.next === undefined ? {} : { next: at("/settings/audit", { after: page.next }) })}
      {...(after === undefined ? {} : { first: at("/settings/audit") })}
    />,
  );
});

audit.get("/export.csv", async (c) => {
  const tenant = await member(c);
  const content = await AuditExport.file(tenant, asked(filterValues(c)));
  return c.body(content, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="audit-log.csv"',
  });
});

/** The filter as it stands in the address, shortened to what any part of it may hold. */
function filterValues(c: EdgeContext): AuditFilterValues {
  const value = (name: string) => (c.req.query(name) ?? "").slice(0, 100);
  return {
    group: value("group"),
    actor: value("actor"),
    from: value("from"),
    to: value("to"),
    search: value("search")
      .replaceAll(/\p{Cc}/gu, " ")
      .trim(),
  };
}

/** What the filter asks for; parts that say nothing are left out. */
function asked(filter: AuditFilterValues): AuditFilter {
  const group = auditGroups.find((name) => name === filter.group);
  const { actor, from, to, search } = filter;
  return {
    ...(group === undefined ? {} : { group }),
    ...(actor === "" ? {} : { actor }),
    ...(from === "" ? {} : { from }),
    ...(to === "" ? {} : { to }),
    ...(search === "" ? {} : { search }),
  };
}

function auditRow({ actorKind, reason, sourceIp, requestId, ...entry }: AuditEntryDetails): AuditRow {
  return {
    id: entry.id,
    at: entry.at,
    who: entry.who,
    what: entry.what,
    differences: entry.differences,
    isSupport: actorKind === "operator",
    ...(reason === null ? {} : { reason }),
    ...(sourceIp === null ? {} : { sourceIp }),
    ...(requestId === null ? {} : { requestId }),
  };
}
