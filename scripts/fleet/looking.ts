import { type DriftedTenant, type DriftReport, Fleet, type TargetState } from "@pharmasight/core/control/fleet/fleet";
import { tenantIdsOf } from "@pharmasight/core/control/fleet/selection";
import { countOf, tenantsOf, textOf } from "../operators/options.ts";
import { UsageError } from "../operators/usage.ts";
import { done } from "./changing.ts";
import type { Call, Outcome } from "./command.ts";
import { exitCodeOf, follow } from "./following.ts";
import { pharmacies } from "./plan-text.ts";
import { deploymentsTable, driftText, historyTable, releasesTable, statusText, targetsTable } from "./status-text.ts";

/** Commands that change nothing in any pharmacy. */

const states: readonly TargetState[] = ["pending", "queued", "running", "succeeded", "failed", "skipped"];
const PAGE_MAX = 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function status(call: Call): Promise<Outcome> {
  const data = await Fleet.status(call.operator, call.word);
  if (call.options.follow === true) return follow(call, data.id);
  return { code: exitCodeOf(data), text: statusText(data), data };
}

export async function targets({ operator, word, options }: Call): Promise<Outcome> {
  const wanted = textOf(options, "state");
  const state = states.find((known) => known === wanted);
  if (wanted !== undefined && state === undefined) {
    throw new UsageError(`There is no state "${wanted}". Known are ${states.join(", ")}.`);
  }
  const page = { state, limit: countOf(options, "limit", 50, PAGE_MAX), after: markOf(options, "after") };
  const { id } = await Fleet.status(operator, word);
  const data = await Fleet.targets(operator, id, page);
  return done(data, paged(targetsTable(data.targets), "after", data.next));
}

export async function history({ operator, word }: Call): Promise<Outcome> {
  const { id } = await Fleet.status(operator, word);
  const data = await Fleet.history(operator, id);
  return done({ deploymentId: id, history: data }, historyTable(data));
}

export async function list({ operator, options }: Call): Promise<Outcome> {
  const page = { limit: countOf(options, "limit", 20, PAGE_MAX), before: markOf(options, "before") };
  const data = await Fleet.list(operator, page);
  return done(data, paged(deploymentsTable(data.deployments, operator.clock.now()), "before", data.next));
}

export async function drift({ operator, options }: Call): Promise<Outcome> {
  const page = { limit: countOf(options, "limit", 100, PAGE_MAX), after: markOf(options, "after") };
  const data = await Fleet.drift(operator, page);
  const text = paged(driftText(data, operator.clock.now()), "after", data.next);
  return { code: data.counts.drifted > 0 ? 4 : 0, text, data };
}

/** Looks into the databases now, then says what is different in them. */
export async function look({ operator, ports, options }: Call): Promise<Outcome> {
  const wanted = tenantsOf(options);
  if (wanted.length === 0) throw new UsageError("Say which pharmacies, with --tenant <subdomain or id>.");
  const tenantIds = await tenantIdsOf(operator, wanted);
  for (const tenantId of tenantIds) await Fleet.look(operator, ports, tenantId);
  const report = await driftAmong(operator, tenantIds);
  const text =
    report.tenants.length > 0
      ? driftText(report, operator.clock.now())
      : `Looked at: ${pharmacies(tenantIds.length)}, as they should be.`;
  return { code: report.tenants.length > 0 ? 4 : 0, text, data: { looked: tenantIds, drifted: report.tenants } };
}

async function driftAmong(operator: Call["operator"], tenantIds: readonly string[]): Promise<DriftReport> {
  const among: DriftedTenant[] = [];
  let page = await Fleet.drift(operator, { limit: PAGE_MAX });
  for (;;) {
    among.push(...page.tenants.filter(({ tenantId }) => tenantIds.includes(tenantId)));
    if (page.next === undefined) return { ...page, tenants: among };
    page = await Fleet.drift(operator, { limit: PAGE_MAX, after: page.next });
  }
}

export async function releases({ operator }: Call): Promise<Outcome> {
  const data = await Fleet.releases(operator);
  return done({ releases: data }, releasesTable(data, operator.clock.now()));
}

function markOf(options: Call["options"], name: string): string | undefined {
  const mark = textOf(options, name);
  if (mark === undefined || UUID.test(mark)) return mark;
  throw new UsageError(`--${name} has to be the mark that the page before ended with.`);
}

const paged = (text: string, option: string, next: string | undefined): string =>
  next === undefined ? text : `${text}\n\nMore: add --${option} ${next}`;
