import { HOUR_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, notFound } from "../../kernel/errors.ts";
import type { SubscriptionSnapshot, Subscriptions } from "../../ports/subscriptions.ts";
import type { CountedLimit } from "../../registry/entitlements/entitlements.ts";
import { ControlAudit } from "../audit/audit.ts";
import { stored } from "../prices/prices.ts";
import type { ControlScope } from "../scope.ts";
import { TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import { requireOwn } from "../tenants/acting.ts";
import { type CurrentSubscription, currentOf, customerOf, requireChangeable } from "./current.ts";
import { areSame, excessesOf } from "./planning.ts";
import { hasItems, UNKNOWN_SECONDS } from "./settling.ts";
import { changeFrom, changes, find, type PlanChange, select } from "./stored-changes.ts";
import { changeOf, scheduledFirst } from "./wanted-changes.ts";

/** How many there are of what has a limit, counted where they are. */
export type Used = Readonly<Record<CountedLimit, number>>;

/**
 * Makes a change that was shown, at the price that was shown. Again: the same change, once. A payment that needs the bank
 * leaves everything as it is until it is confirmed there.
 * @throws DomainError `gone` for amounts older than 30 minutes or of another subscription than there is now, `conflict`
 * where nothing can be changed now, `unavailable` while it is not known whether it happened: confirm again
 */
export async function confirm(
  control: ControlScope,
  provider: Subscriptions,
  asked: { readonly tenantId: string; readonly changeId: string; readonly used: Used },
): Promise<PlanChange> {
  const { tenantId, changeId } = asked;
  requireOwn(control, tenantId);
  const begun = await begin(control, asked);
  if (begun.isToDo) await make(control, provider, begun);
  return find(control, tenantId, changeId);
}

interface Begun {
  readonly current: CurrentSubscription;
  readonly change: PlanChange;
  readonly prorationAt: Date;
  /** False where it was made before. */
  readonly isToDo: boolean;
}

/** Takes the change to be made, or finds that it was: whoever comes second goes on where the first one stopped. */
async function begin(
  control: ControlScope,
  { tenantId, changeId, used }: { readonly tenantId: string; readonly changeId: string; readonly used: Used },
): Promise<Begun> {
  return control.tx(async (tx) => {
    const current = await currentOf(tx, tenantId, { isLocked: true });
    const row = await select(tx, tenantId, changeId).forUpdate().executeTakeFirst();
    if (row === undefined) throw notFound("change");
    const change = await changeFrom(tx, row);
    const begun = { current, change, prorationAt: row.prorationAt };
    if (change.state === "applying") {
      // The provider forgets keys, and the moment that it was counted for lies too far back.
      if (secondsAfter(change.holdsUntil, HOUR_SECONDS) <= tx.clock.now()) throw outdated("These amounts are too old.");
      return { ...begun, isToDo: true };
    }
    if (change.state !== "quoted" && change.state !== "expired") return { ...begun, isToDo: false };
    if (change.state === "expired" || change.holdsUntil <= tx.clock.now()) throw outdated("These amounts are too old.");
    requireChangeable(current);
    if (change.kind === "now" && current.scheduled !== null) throw scheduledFirst();
    await requireAlone(tx, tenantId);
    if (!areSame(current.items, change.from)) throw outdated("Your plan has changed since.");
    if (excessesOf(change.from, change.to, used, tx.clock.now()).length > 0) {
      throw outdated("There is more in use by now than there would be room for.");
    }
    await tx.db
      .updateTable("planChanges")
      .set({ state: "applying", updatedAt: tx.clock.now() })
      .where("id", "=", changeId)
      .execute();
    const [before, after] = [stored(change.from), stored(change.to)];
    await ControlAudit.append(tx, {
      action: "plan_change.confirmed",
      tenantId,
      before: { items: before },
      after: { changeId, kind: change.kind, items: after, dueNow: change.dueNow, currency: change.currency },
    });
    return { ...begun, isToDo: true };
  });
}

/** Two changes at once would both start from the items of now, and the later one would take the earlier one back. */
async function requireAlone(tx: ControlScope, tenantId: string): Promise<void> {
  const other = await changes(tx, tenantId)
    .where("state", "=", "applying")
    .where("updatedAt", ">", secondsAfter(tx.clock.now(), -UNKNOWN_SECONDS))
    .executeTakeFirst();
  if (other === undefined) return;
  throw new DomainError("conflict", "Another change is being made at this moment. Try again in a minute.");
}

/** Asks the provider, whose answer decides; the key makes a second asking the same one. */
async function make(control: ControlScope, provider: Subscriptions, begun: Begun): Promise<void> {
  const { current, change, prorationAt } = begun;
  const { tenantId } = current;
  const before = await subscriptionOf(provider, current);
  const wanted = changeOf(current, change.to, prorationAt);
  const key = `plan-change-${change.id}`;
  if (before === undefined || !(hasItems(before, change.from) || hasItems(before, change.to))) {
    await giveUp(control, change.id, "expired");
    throw outdated("Your plan has changed since.");
  }
  try {
    const after =
      change.kind === "now" ? await provider.changeNow(wanted, key) : await provider.changeAtPeriodEnd(wanted, key);
    const invoiceId = after.latestInvoiceId === before.latestInvoiceId ? null : after.latestInvoiceId;
    if (change.kind === "now" && invoiceId !== null) {
      await control.db
        .updateTable("planChanges")
        .set({ stripeInvoiceId: invoiceId })
        .where("id", "=", change.id)
        .execute();
    }
  } catch (error) {
    if (error instanceof DomainError && (error.code === "invalid_input" || error.code === "conflict")) {
      await giveUp(control, change.id, "failed");
      control.log.warn("a plan change was refused", { changeId: change.id, error: error.message });
      return;
    }
    throw error;
  }
  // An earlier plan for the period's end was replaced by this one.
  if (change.kind === "at_period_end") await supersede(control, tenantId, change.id);
  await TenantSubscriptions.converge(control, provider, tenantId);
}

async function subscriptionOf(
  provider: Subscriptions,
  current: CurrentSubscription,
): Promise<SubscriptionSnapshot | undefined> {
  const { subscriptions } = await provider.read(customerOf(current));
  return subscriptions.find(({ subscriptionId }) => subscriptionId === current.subscriptionId);
}

async function giveUp(control: ControlScope, changeId: string, state: "failed" | "expired"): Promise<void> {
  await control.db
    .updateTable("planChanges")
    .set({ state, updatedAt: control.clock.now() })
    .where("id", "=", changeId)
    .where("state", "=", "applying")
    .execute();
}

async function supersede(control: ControlScope, tenantId: string, changeId: string): Promise<void> {
  await control.db
    .updateTable("planChanges")
    .set({ state: "expired", updatedAt: control.clock.now() })
    .where("tenantId", "=", tenantId)
    .where("id", "<>", changeId)
    .where("kind", "=", "at_period_end")
    .where("state", "=", "waiting")
    .execute();
}

const outdated = (why: string): DomainError => new DomainError("gone", `${why} Nothing was changed: look at it again.`);
