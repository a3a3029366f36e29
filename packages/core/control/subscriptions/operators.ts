import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { Lifecycle, type Occurrence } from "../lifecycle/lifecycle.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { cardOf } from "./converging.ts";
import { hold, standingOf } from "./held.ts";
import { settle } from "./standing.ts";

/** Until when, and why. */
export interface Extension extends Reasoned {
  readonly until: Date;
}

/**
 * Shuts a tenant, whatever it has paid; only an operator opens it again.
 * @throws DomainError `forbidden`, `not_found`, `conflict`, `invalid_input` on `reason`
 */
export const suspend = (control: ControlScope, tenantId: string, reasoned: Reasoned): Promise<void> =>
  act(control, tenantId, reasoned, { kind: "suspended_by_operator" }, "This pharmacy cannot be suspended now.");

/**
 * Opens a tenant that an operator suspended: it is then what its subscription or its trial makes it.
 * @throws as `suspend`
 */
export const resume = (control: ControlScope, tenantId: string, reasoned: Reasoned): Promise<void> =>
  act(control, tenantId, reasoned, { kind: "resumed_by_operator" }, "No operator has suspended this pharmacy.");

/**
 * Moves the end of a trial, and opens one that was suspended because it had ended.
 * @throws as `suspend`, and `invalid_input` on `until` for a time that is over
 */
export const extendTrial = (control: ControlScope, tenantId: string, extension: Extension): Promise<void> =>
  extend(control, tenantId, extension, "trial_extended", "This pharmacy has no trial that could be extended to then.");

/**
 * Gives more time to pay, and opens a tenant that was suspended because it had run out.
 * @throws as `extendTrial`
 */
export const extendGrace = (control: ControlScope, tenantId: string, extension: Extension): Promise<void> =>
  extend(control, tenantId, extension, "grace_extended", "No payment of this pharmacy is overdue.");

async function extend(
  control: ControlScope,
  tenantId: string,
  { until, reason }: Extension,
  kind: "trial_extended" | "grace_extended",
  refusal: string,
): Promise<void> {
  requireOperator(control);
  if (until <= control.clock.now()) throw invalidInput("Say a time to come.", { until: "Say a time to come." });
  await act(control, tenantId, { reason }, { kind, until }, refusal);
}

async function act(
  control: ControlScope,
  tenantId: string,
  reasoned: Reasoned,
  occurrence: Occurrence,
  refusal: string,
): Promise<void> {
  requireOperator(control);
  const reason = reasonOfOperator(reasoned);
  await control.tx(async (tx) => {
    const held = await hold(tx, tenantId);
    if (held === undefined) throw notFound("pharmacy");
    const change = Lifecycle.change(standingOf(held), occurrence, tx.clock.now());
    if (change === undefined) throw new DomainError("conflict", refusal);
    await settle(tx, held, { change, cardExpiresAt: cardOf(held), reason });
  });
}
