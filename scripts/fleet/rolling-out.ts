import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { oneTenantOf, reasonOf, textOf } from "../operators/options.ts";
import { confirm } from "../operators/terminal.ts";
import { UsageError } from "../operators/usage.ts";
import { done, notDone } from "./changing.ts";
import type { Call, Outcome } from "./command.ts";
import { followed } from "./following.ts";
import { cautionOf, requestOf, versionOf } from "./options.ts";
import { pharmacies, planText, rollbackText } from "./plan-text.ts";
import { rehearsalText } from "./rehearsal-text.ts";

/** Commands that begin something, each after it was shown what it would do. */

export async function plan({ operator, ports, options }: Call): Promise<Outcome> {
  const data = await Fleet.plan(operator, ports, requestOf(options));
  return { code: data.refusals.length === 0 ? 0 : 1, text: planText(data), data };
}

export async function rehearse({ operator, ports, options }: Call): Promise<Outcome> {
  const toVersion = versionOf(options);
  const tenant = oneTenantOf(options);
  const data = await Fleet.rehearse(operator, ports, { tenant, ...(toVersion === undefined ? {} : { toVersion }) });
  return { code: data.hasPassed ? 0 : 1, text: rehearsalText(data), data };
}

export async function deploy(call: Call): Promise<Outcome> {
  const { operator, ports, options } = call;
  const request = { ...requestOf(options), reason: reasonOf(options) };
  const planned = await Fleet.plan(operator, ports, request);
  show(call, planText(planned));
  if (planned.refusals.length > 0) return { code: 1, text: "Refused: nothing was done.", data: { plan: planned } };
  if (
    planned.targets > 0 &&
    !(await isSure(call, `This leads ${pharmacies(planned.targets)} to version ${planned.toVersion}.`))
  ) {
    return notDone();
  }
  const { deploymentId } = await Fleet.deploy(operator, ports, request);
  const data = { plan: planned, deploymentId };
  if (deploymentId === undefined) return done(data, "Nothing to do.");
  return followed(call, deploymentId, done(data, begun(deploymentId)));
}

export async function rollback(call: Call): Promise<Outcome> {
  const { operator, ports, options, word: deploymentId = "" } = call;
  const withoutRehearsal = textOf(options, "without-rehearsal");
  const request = { ...cautionOf(options), withoutRehearsal, reason: reasonOf(options) };
  const planned = await Fleet.planRollback(operator, ports, deploymentId, withoutRehearsal);
  show(call, rollbackText(planned));
  if (planned.refusals.length > 0) return { code: 1, text: "Refused: nothing was done.", data: { plan: planned } };
  if (!(await isSure(call, `This takes ${pharmacies(planned.targets)} back.`))) return notDone();
  const started = await Fleet.rollback(operator, ports, deploymentId, request);
  return followed(call, started.deploymentId, done(started, begun(started.deploymentId)));
}

export async function repair(call: Call): Promise<Outcome> {
  const { operator, ports, options, word: name = "" } = call;
  const tenant = oneTenantOf(options);
  const reason = reasonOf(options);
  const facts = ports.schemas.repairs.find((known) => known.name === name);
  const reviewed = facts === undefined ? "" : `, reviewed by ${facts.reviewedBy},`;
  // An unknown name is refused below, with those that there are.
  if (facts !== undefined && !(await isSure(call, `This runs ${name}${reviewed} in ${tenant}.`))) return notDone();
  const data = await Fleet.repair(operator, ports, { repair: name, tenant, reason });
  return followed(call, data.deploymentId, done(data, begun(data.deploymentId)));
}

const begun = (deploymentId: string): string =>
  `Begun: deployment ${deploymentId}\nWatch it with: npm run fleet -- status ${deploymentId} --follow`;

/** Before the question; programs get it with the rest. */
function show({ terminal, options }: Call, text: string): void {
  if (options.json !== true) terminal.write(`${text}\n\n`);
}

async function isSure({ terminal, options }: Call, question: string): Promise<boolean> {
  if (options.yes === true) return true;
  if (options.json === true) throw new UsageError("With --json nobody is asked: add --yes. Nothing was done.");
  return confirm(terminal, question);
}
