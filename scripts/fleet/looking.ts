import { Fleet, type TargetState } from "@pharmasight/core/control/fleet/fleet";
import { selectedIds } from "@pharmasight/core/control/fleet/selection";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { countOf, textOf } from "../operators/options.ts";
import { UsageError } from "../operators/usage.ts";
import { done } from "./changing.ts";
import type { Call, Outcome } from "./command.ts";
import { exitCodeOf, follow } from "./following.ts";
import { selectionOf, someOf } from "./options.ts";
import { pharmacies } from "./plan-text.ts";
import { driftText, fleetText, schemasTable } from "./schemas-text.ts";
import { deploymentsTable, historyTable, releasesTable, statusText, targetsTable } from "./status-text.ts";

/** Commands that change nothing in any pharmacy. */

const states: readonly TargetState[] = ["pending", "queued", "running", "succeeded", "failed", "skipped"];
const PAGE_MAX = 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function status(call: Call): Promise<Outcome> {
  const { operator, ports, word, options } = call;
  const { counts: fleet } = await Fleet.inventory(operator, ports, { limit: 1 });
  const { deployments } = await Fleet.list(operator, { limit: 1 });
  if (word === undefined && deployments.length === 0) {
    return done({ fleet }, `${fleetText(fleet)}\n\nNo deployment has been begun yet.`);
  }
  const data = await Fleet.status(operator, word);
  if (options.follow === true) return follow(call, data.id);
  return { code: exitCodeOf(data), text: `${statusText(data)}\n\n${fleetText(fleet)}`, data: { ...data, fleet } };
}

/** Every pharmacy with its version and its fingerprint, whatever deployment led it there. */
export async function schemas({ operator, ports, options }: Call): Promise<Outcome> {
  const page = {
    ...{ limit: countOf(options, "limit", 50, PAGE_MAX), after: markOf(options, "after") },
    selection: selectionOf(options),
  };
  const data = await Fleet.inventory(operator, ports, page);
  const text = [schemasTable(data.pharmacies, operator.clock.now()), fleetText(data.counts)].join("\n\n");
  return done(data, paged(text, "after", data.next));
}

export async function targets({ operator, word, options }: Call): Promise<Outcome> {
  const wanted = textOf(options, "state");
  const state = states.find((known) => known === wanted);
  if (wanted !== undefined && state === undefined) {
    throw new UsageError(`There is no state "${wanted}". Known are ${states.join(", ")}.`);
  }
  const page = {
    ...{ state, limit: countOf(options, "limit", 50, PAGE_MAX), after: markOf(options, "after") },
    selection: selectionOf(options),
  };
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

/** 4 also where nobody knows: a schema that was not looked at, or long ago, proves nothing. */
export async function drift({ operator, options }: Call): Promise<Outcome> {
  const page = {
    ...{ limit: countOf(options, "limit", 100, PAGE_MAX), after: markOf(options, "after") },
    selection: selectionOf(options),
  };
  const data = await Fleet.drift(operator, page);
  const { drifted, unseen, overdue } = data.counts;
  const text = paged(driftText(data, operator.clock.now()), "after", data.next);
  return { code: drifted + unseen + overdue > 0 ? 4 : 0, text, data };
}

/** Looks into the databases now, then says what is different in them, and into which it could not. */
export async function look({ operator, ports, options }: Call): Promise<Outcome> {
  const selection = someOf(options);
  const tenantIds = (await selectedIds(operator, selection)) ?? [];
  const failed: { readonly tenantId: string; readonly error: string }[] = [];
  for (const tenantId of tenantIds) {
    await Fleet.look(operator, ports, tenantId).catch((error: unknown) => {
      // What one pharmacy's database has against it keeps nobody from the next.
      failed.push({ tenantId, error: error instanceof DomainError ? error.message : String(error) });
    });
  }
  const report = await Fleet.drift(operator, { limit: PAGE_MAX, selection });
  const drifted = report.tenants.filter(({ differences }) => differences.length > 0);
  const isFine = report.tenants.length === 0;
  const text = isFine
    ? `Looked at: ${pharmacies(tenantIds.length)}, as they should be.`
    : driftText(report, operator.clock.now());
  return {
    code: drifted.length > 0 ? 4 : failed.length > 0 ? 1 : 0,
    text,
    data: { looked: tenantIds, drifted, failed },
  };
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
