import { Reconciliation } from "@pharmasight/core/control/reconciliation/reconciliation";
import { reasonOf } from "../operators/options.ts";
import { table } from "../operators/tables.ts";
import { type Call, done, type Outcome } from "./command.ts";

/** Where we and the payment provider differ. */

export async function list({ operator }: Call): Promise<Outcome> {
  const found = await Reconciliation.list(operator);
  if (found.length === 0) return done(found, "No findings: we and the payment provider agree.");
  const rows = found.map(({ id, kind, subject, tenantId, foundAt, seenAt, details }) => [
    id,
    kind,
    subject,
    tenantId,
    foundAt.toISOString(),
    seenAt.toISOString(),
    JSON.stringify(details),
  ]);
  const text = table(["FINDING", "WHAT", "ABOUT", "TENANT", "FOUND", "LAST SEEN", "DETAILS"], rows);
  return { code: 3, text, data: found };
}

export async function reconcile({ operator }: Call): Promise<Outcome> {
  await Reconciliation.begin(operator);
  const text =
    "Today's comparison runs in the background, once. For one pharmacy at any time: npm run billing -- refetch";
  return done({}, text);
}

export async function repair({ operator, platform, word = "", options }: Call): Promise<Outcome> {
  const by = operator.actor.kind === "operator" ? operator.actor.operatorId : operator.actor.kind;
  const wanted = { findingId: word, reason: reasonOf(options), by };
  const what = await Reconciliation.repair(operator, platform.subscriptions, wanted);
  return done({ findingId: word, repair: what }, `Done: ${what}.`);
}
