import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Change, Lifecycle, type Standing } from "../lifecycle/lifecycle.ts";
import { reminders } from "../lifecycle/reminders.ts";
import { emitBillingMail } from "../mails/billing-mails.ts";
import type { ControlScope } from "../scope.ts";
import { differs } from "./differences.ts";
import { type Held, standingOf } from "./held.ts";

/** A reminder that could not be sent for so long says nothing new any more. */
const REMINDED_WITHIN_SECONDS = DAY_SECONDS;

export interface Settlement {
  /** Undefined: nothing has changed but the time. */
  readonly change: Change | undefined;
  /** Of its card as it is now; null without one. */
  readonly cardExpiresAt: Date | null;
  /** An operator's words, for the audit log. */
  readonly reason?: string;
}

/**
 * Writes what a change makes of a tenant: its state, one line of the audit log, the mails that it calls for, and when the
 * calendar next has something to do. What is as it was is not written, so that no process reads the tenant anew.
 * @returns the tenant as it stands then
 */
export async function settle(tx: ControlScope, held: Held, settlement: Settlement): Promise<Held> {
  const { change, cardExpiresAt, reason } = settlement;
  const before = standingOf(held);
  const standing = change?.standing ?? before;
  await remind(tx, held.tenant.id, standing, cardExpiresAt);
  const nextChangeAt = nextLookAt(standing, cardExpiresAt, tx.clock.now());
  const tenant = { ...held.tenant, ...columnsOf(standing), nextChangeAt };
  if (differs(columnsOf(before), columnsOf(standing)) || differs(held.tenant, { nextChangeAt })) {
    await tx.db
      .updateTable("tenants")
      .set({ ...columnsOf(standing), nextChangeAt, updatedAt: tx.clock.now() })
      .where("id", "=", tenant.id)
      .execute();
  }
  if (change === undefined || !differs(columnsOf(before), columnsOf(standing))) return { ...held, tenant };
  await ControlAudit.append(tx, {
    action: before.state === standing.state ? "tenant.terms_changed" : `tenant.became_${standing.state}`,
    tenantId: tenant.id,
    reason: reason === undefined ? change.because : `${change.because}: ${reason}`,
    before: columnsOf(before),
    after: columnsOf(standing),
  });
  for (const mail of change.mails) await emitBillingMail(tx, tenant.id, mail, tx.clock.now().toISOString());
  return { ...held, tenant };
}

/** When the calendar next changes something or calls for a mail; null: never. */
export function nextLookAt(standing: Standing, cardExpiresAt: Date | null, at: Date): Date | null {
  const coming = reminders(standing, cardExpiresAt).flatMap((one) => (one.at > at ? [one.at] : []));
  const change = Lifecycle.nextChangeAt(standing);
  const all = change === undefined ? coming : [...coming, change];
  const [first] = all.toSorted((one, other) => one.getTime() - other.getTime());
  return first ?? null;
}

/** The outbox has each reminder once, however often it is looked for. */
async function remind(
  tx: ControlScope,
  tenantId: string,
  standing: Standing,
  cardExpiresAt: Date | null,
): Promise<void> {
  const now = tx.clock.now();
  const oldest = secondsAfter(now, -REMINDED_WITHIN_SECONDS);
  for (const { mail, key, at } of reminders(standing, cardExpiresAt)) {
    if (at <= now && at > oldest) await emitBillingMail(tx, tenantId, mail, key);
  }
}

/** The columns of `tenants` that say how a tenant stands. */
function columnsOf(standing: Standing) {
  const { state, trialEndsAt, pastDueSince, graceEndsAt, accessEndsAt, suspension } = standing;
  return { state, trialEndsAt, pastDueSince, graceEndsAt, accessEndsAt, suspension };
}
