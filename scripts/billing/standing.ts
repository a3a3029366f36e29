import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { reasonOf } from "../operators/options.ts";
import { confirm } from "../operators/terminal.ts";
import { type Call, done, notDone, type Outcome, tenantIdOf } from "./command.ts";
import { endOfDayOf } from "./options.ts";

/** What operators decide about access, whatever is paid. */

export const extendTrial = (call: Call): Promise<Outcome> =>
  extend(call, TenantSubscriptions.extendTrial, "The trial lasts");

export const extendGrace = (call: Call): Promise<Outcome> =>
  extend(call, TenantSubscriptions.extendGrace, "There is time to pay");

async function extend(call: Call, extendBy: typeof TenantSubscriptions.extendTrial, words: string): Promise<Outcome> {
  const { operator, options } = call;
  const reason = reasonOf(options);
  const tenantId = await tenantIdOf(call);
  const { timeZone } = await TenantSubscriptions.find(operator, tenantId);
  const until = endOfDayOf(options, "until", timeZone);
  await extendBy(operator, tenantId, { until, reason });
  return done({ tenantId, until }, `${words} until ${until.toISOString()}, the end of that day in ${timeZone}.`);
}

export async function suspend(call: Call): Promise<Outcome> {
  const { operator, options, terminal, word } = call;
  const reason = reasonOf(options);
  const tenantId = await tenantIdOf(call);
  const question = `This shuts ${word}: everybody can sign in, read and export, and nobody can sell.`;
  if (options.yes !== true && !(await confirm(terminal, question))) return notDone();
  await TenantSubscriptions.suspend(operator, tenantId, { reason });
  return done({ tenantId }, `${word} is shut within 10 seconds. Open it with: npm run billing -- resume ${word}`);
}

export async function resume(call: Call): Promise<Outcome> {
  const { operator, options, word } = call;
  const reason = reasonOf(options);
  const tenantId = await tenantIdOf(call);
  await TenantSubscriptions.resume(operator, tenantId, { reason });
  const { state } = await TenantSubscriptions.find(operator, tenantId);
  return done({ tenantId, state }, `${word} is ${state} now.`);
}
