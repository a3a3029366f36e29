import { DomainError } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Subscriptions } from "../../ports/subscriptions.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { TenantSubscriptions } from "../subscriptions/subscriptions.ts";
import { requireOwn } from "../tenants/acting.ts";
import { type CurrentSubscription, currentOf } from "./current.ts";

/** Each of these may be asked for again: what is so already stays so. */

const REASON_LENGTH = 500;

/**
 * Ends the subscription when what is paid for has run out. What was to change then no longer does.
 * @param asked.reason in the owner's words; blank for none, cut to 500 characters
 * @throws DomainError `conflict` without a subscription, `unavailable`
 */
export async function cancel(
  control: ControlScope,
  provider: Subscriptions,
  { tenantId, reason }: { readonly tenantId: string; readonly reason: string },
): Promise<void> {
  const current = await currentFor(control, tenantId);
  if (current.endsAt !== null) return;
  await note(control, tenantId, "subscription.cancel_asked", reason.trim().slice(0, REASON_LENGTH));
  await provider.cancelAtPeriodEnd(current.subscriptionId, newId(control.clock));
  await TenantSubscriptions.converge(control, provider, tenantId);
}

/**
 * Takes a cancellation back while the subscription still runs.
 * @throws DomainError `conflict` once it has ended, `unavailable`
 */
export async function undoCancel(
  control: ControlScope,
  provider: Subscriptions,
  { tenantId }: { readonly tenantId: string },
): Promise<void> {
  const current = await currentFor(control, tenantId);
  if (current.endsAt === null) return;
  if (current.endsAt <= control.clock.now()) throw ended();
  await note(control, tenantId, "subscription.cancel_undone");
  await provider.undoCancel(current.subscriptionId, newId(control.clock));
  await TenantSubscriptions.converge(control, provider, tenantId);
}

/** Gives up what was to change at the end of the period. @throws DomainError `conflict`, `unavailable` */
export async function cancelScheduled(
  control: ControlScope,
  provider: Subscriptions,
  { tenantId }: { readonly tenantId: string },
): Promise<void> {
  const current = await currentFor(control, tenantId);
  if (current.scheduled === null) return;
  await note(control, tenantId, "plan_change.given_up");
  await provider.forgetScheduledChange(current.subscriptionId, newId(control.clock));
  await TenantSubscriptions.converge(control, provider, tenantId);
}

type Live = CurrentSubscription & { readonly subscriptionId: string };

async function currentFor(control: ControlScope, tenantId: string): Promise<Live> {
  requireOwn(control, tenantId);
  const current = await currentOf(control, tenantId);
  if (!current.isLive || current.subscriptionId === null) throw ended();
  return { ...current, subscriptionId: current.subscriptionId };
}

const ended = (): DomainError =>
  new DomainError("conflict", "There is no subscription that runs. Choose a plan first.");

async function note(control: ControlScope, tenantId: string, action: string, reason = ""): Promise<void> {
  await ControlAudit.append(control, { action, tenantId, ...(reason === "" ? {} : { reason }) });
}
