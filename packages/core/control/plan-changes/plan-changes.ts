export * as PlanChanges from "./plan-changes.ts";

import { HOUR_SECONDS } from "../../kernel/clock.ts";
import { newId } from "../../kernel/ids.ts";
import type { ChangePreview, Subscriptions } from "../../ports/subscriptions.ts";
import type { Excess } from "../../registry/entitlements/entitlements.ts";
import { type Item, Prices, stored } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { askedBy, requireOwn } from "../tenants/acting.ts";
import type { Used } from "./confirming.ts";
import { type CurrentSubscription, currentOf, requireChangeable } from "./current.ts";
import { excessesOf, plan, renewalOf, type Wish } from "./planning.ts";
import { findWaiting } from "./stored-changes.ts";
import { changeOf, scheduledFirst } from "./wanted-changes.ts";

export { confirm, type Used } from "./confirming.ts";
export { cancel, cancelScheduled, undoCancel } from "./ending.ts";
export type { Wish } from "./planning.ts";
export { find, findWaiting, type PlanChange } from "./stored-changes.ts";

export type Quoted =
  | { readonly kind: "quoted"; readonly changeId: string }
  /** The pharmacy uses more than there would be room for. */
  | { readonly kind: "blocked"; readonly to: readonly Item[]; readonly excesses: readonly Excess[] };

const quotesLimit = { name: "plan quotes by tenant", hits: 60, windowSeconds: HOUR_SECONDS };

/**
 * What a change would cost, to the cent, kept with the moment that it was computed for: confirmed, it is billed for that
 * very moment. Changes nothing.
 * @throws DomainError `conflict` with the reason where nothing can be changed now, `invalid_input` for what is not sold,
 * `rate_limited`, `unavailable`
 */
export async function quote(
  control: ControlScope,
  provider: Subscriptions,
  asked: { readonly tenantId: string; readonly wish: Wish; readonly used: Used },
): Promise<Quoted> {
  const { tenantId, wish, used } = asked;
  requireOwn(control, tenantId);
  await control.limits.take(
    [{ limit: quotesLimit, subject: tenantId }],
    "Many prices were asked for in the last hour.",
  );
  const current = await currentOf(control, tenantId);
  requireChangeable(current);
  const planned = await scheduledItems(control, current);
  const offered = await Prices.offered(control, tenantId);
  const change = plan(planned ?? current.items, wish, offered);
  if (change.kind === "now" && current.scheduled !== null) throw scheduledFirst();
  const excesses = excessesOf(current.items, change.items, used, control.clock.now());
  if (excesses.length > 0) return { kind: "blocked", to: change.items, excesses };
  const prorationAt = wholeSecond(control.clock.now());
  const preview =
    change.kind === "now"
      ? await provider.previewChange(changeOf(current, change.items, prorationAt))
      : previewOfRenewal(current, change.items);
  const id = newId(control.clock);
  const now = control.clock.now();
  await control.db
    .insertInto("planChanges")
    .values({
      id,
      tenantId,
      fromItems: stored(current.items),
      items: stored(change.items),
      kind: change.kind,
      state: "quoted",
      currency: current.currency,
      prorationAt,
      dueNow: preview.dueNow,
      dueNext: preview.dueNext,
      nextAt: preview.nextAt,
      lines: [...preview.lines],
      askedBy: askedBy(control),
      createdAt: now,
      updatedAt: now,
    })
    .execute();
  return { kind: "quoted", changeId: id };
}

/** What is to begin when the period ends; undefined when nothing is. */
async function scheduledItems(
  control: ControlScope,
  { tenantId, scheduled }: CurrentSubscription,
): Promise<readonly Item[] | undefined> {
  if (scheduled === null) return undefined;
  return (await findWaiting(control, tenantId, "at_period_end"))?.to;
}

/** Nothing is paid before the period ends, and the whole of the new items then. */
function previewOfRenewal(current: CurrentSubscription, items: readonly Item[]): ChangePreview {
  const { currency, discount, periodEnd } = current;
  return { currency, dueNow: "0.00", dueNext: renewalOf(items, discount, periodEnd), nextAt: periodEnd, lines: [] };
}

/** The provider counts in whole seconds. */
const wholeSecond = (at: Date): Date => new Date(Math.floor(at.getTime() / 1000) * 1000);
