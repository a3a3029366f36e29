import { DomainError } from "../../kernel/errors.ts";
import { ControlAudit } from "../audit/audit.ts";
import type { ControlScope } from "../scope.ts";
import { type Changed, lockJob, setGoing } from "./jobs.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "./operators.ts";
import { FIRST_ROLLBACK_POSITION, rollbackSteps } from "./rollback-steps.ts";

/**
 * Gives a provisioning up: its steps of rollback run through the queue, as those before did, and at their end the
 * address is free and the owner may sign up again. A worker that is at the job can record nothing more, and the rollback
 * waits until it has ended, so that nothing is made behind its back. One that stopped goes on where it stopped.
 * @throws DomainError `conflict` when the pharmacy is open: closing one that people use is another matter
 */
export async function rollback(control: ControlScope, tenantId: string, why: Reasoned): Promise<Changed> {
  requireOperator(control);
  const reason = reasonOfOperator(why);
  return control.tx(async (tx) => {
    const job = await lockJob(tx, tenantId);
    if (job.state === "done") {
      throw new DomainError(
        "conflict",
        "This pharmacy is open: it can be closed, but its provisioning not taken back.",
      );
    }
    if (job.state === "rolling_back" || job.state === "rolled_back") return { changed: false, state: job.state };
    await tx.db
      .insertInto("provisioningSteps")
      .values(
        rollbackSteps.map(({ name }, index) => ({ jobId: job.id, position: FIRST_ROLLBACK_POSITION + index, name })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["jobId", "name"])
          .doUpdateSet({ state: "waiting", attempts: 0, startedAt: null, finishedAt: null })
          .where("provisioningSteps.state", "<>", "done"),
      )
      .execute();
    await tx.db
      .updateTable("tenants")
      .set({ state: "provisioning_failed", updatedAt: tx.clock.now() })
      .where("id", "=", tenantId)
      .where("state", "=", "provisioning")
      .execute();
    await setGoing(tx, job, "rolling_back", job.leaseUntil);
    await ControlAudit.append(tx, {
      action: "tenant.rollback_begun",
      tenantId,
      reason,
      before: { state: job.state },
      after: { state: "rolling_back" },
    });
    return { changed: true, state: "rolling_back" };
  });
}
