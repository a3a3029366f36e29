import { MINUTE_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { withLogFields } from "../../kernel/log.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { ControlScope } from "../scope.ts";
import { cardOf } from "./converging.ts";
import { hold, standingOf } from "./held.ts";
import { settle } from "./standing.ts";

/** In one run: the rest has its turn a minute later. */
const PASSED_MAX = 200;
/** While the provider does not answer, a tenant whose time is over is looked at so often. */
const LOOK_AGAIN_SECONDS = 10 * MINUTE_SECONDS;

/** States that always have a next date: one without it was never looked at. */
const DATED_STATES = ["trial", "past_due", "cancelled"] as const;

/**
 * Does what the calendar holds by now: reminders are sent, and what has run out ends. Before access ends, the payment
 * provider is asked once more, by a worker: a notice may have been lost, and nobody who has paid is shut out. Each tenant
 * is a transaction of its own; one that somebody else holds has its turn later.
 * @returns how many tenants there was something to do for
 * @throws the first failure, after all were tried
 */
export async function letTimePass(control: ControlScope): Promise<number> {
  const now = control.clock.now();
  const due = await control.db
    .selectFrom("tenants")
    .select("id")
    .where((e) =>
      e.or([e("nextChangeAt", "<=", now), e.and([e("nextChangeAt", "is", null), e("state", "in", DATED_STATES)])]),
    )
    .orderBy("nextChangeAt")
    .limit(PASSED_MAX)
    .execute();
  let done = 0;
  const failures: unknown[] = [];
  await control.relayingAfter(async (scope) => {
    for (const { id } of due) {
      await withLogFields({ tenantId: id }, () => pass(scope, id)).then(
        (wasDue) => {
          done += wasDue ? 1 : 0;
        },
        (error: unknown) => failures.push(error),
      );
    }
  });
  if (failures.length > 0) throw failures[0];
  return done;
}

function pass(control: ControlScope, tenantId: string): Promise<boolean> {
  return control.tx(async (tx) => {
    const held = await hold(tx, tenantId, "skip");
    const now = tx.clock.now();
    if (held === undefined || (held.tenant.nextChangeAt !== null && held.tenant.nextChangeAt > now)) return false;
    const change = Lifecycle.change(standingOf(held), { kind: "time_passed" }, now);
    if (change !== undefined && held.subscription.stripeCustomerId !== null) await askFirst(tx, tenantId);
    else await settle(tx, held, { change, cardExpiresAt: cardOf(held) });
    return true;
  });
}

async function askFirst(tx: ControlScope, tenantId: string): Promise<void> {
  const now = tx.clock.now();
  await tx.emit({
    queue: "billing",
    payload: { work: "converge", tenantId },
    dedupeKey: `time-passed:${tenantId}:${now.toISOString()}`,
  });
  await tx.db
    .updateTable("tenants")
    .set({ nextChangeAt: secondsAfter(now, LOOK_AGAIN_SECONDS) })
    .where("id", "=", tenantId)
    .execute();
}
