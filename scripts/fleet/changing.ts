import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { numberOf, oneTenantOf, reasonOf, tenantsOf } from "../operators/options.ts";
import { confirm } from "../operators/terminal.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, deploymentOf, type Outcome } from "./command.ts";
import { followed } from "./following.ts";
import { pharmacies } from "./plan-text.ts";

/** Commands that change a deployment which is under way. */

export async function pause(call: Call): Promise<Outcome> {
  const deploymentId = await deploymentOf(call);
  const data = await Fleet.pause(call.operator, deploymentId, reasonOf(call.options));
  const words = "Paused. Those under way finish; nobody else is begun. Go on with: npm run fleet -- resume";
  return done(data, data.changed ? words : "Nothing to do: it is paused already.");
}

export async function resume(call: Call): Promise<Outcome> {
  const deploymentId = await deploymentOf(call);
  const data = await Fleet.resume(call.operator, deploymentId, reasonOf(call.options));
  if (!data.changed) return done(data, "Nothing to do: it is running.");
  if (data.state !== "running") return done(data, `Resumed, and ${data.state} at once. See: npm run fleet -- status`);
  return done(data, "It goes on. Watch it with: npm run fleet -- status --follow");
}

export async function promote(call: Call): Promise<Outcome> {
  const deploymentId = await deploymentOf(call);
  const data = await Fleet.promote(call.operator, deploymentId, reasonOf(call.options));
  return done(data, "The next wave begins, as soon as this one has soaked.");
}

export async function abandon(call: Call): Promise<Outcome> {
  const deploymentId = await deploymentOf(call);
  const reason = reasonOf(call.options);
  const isSure =
    call.options.yes === true ||
    (await confirm(call.terminal, `This ends deployment ${deploymentId} where it is. It cannot be resumed.`));
  if (!isSure) return notDone();
  const data = await Fleet.abandon(call.operator, deploymentId, reason);
  return done(data, "Abandoned. Whoever has the new version keeps it; to take it back: npm run fleet -- rollback");
}

export async function retry(call: Call): Promise<Outcome> {
  const deploymentId = await deploymentOf(call);
  const tenants = tenantsOf(call.options);
  const wanted = tenants.length === 0 ? "failed" : tenants;
  const data = await Fleet.retry(call.operator, deploymentId, wanted, reasonOf(call.options));
  const rest = data.state === "running" ? "" : ` The deployment is ${data.state}: npm run fleet -- resume`;
  const text = `${pharmacies(data.targets)} will be led again.${rest}`;
  return followed(call, deploymentId, done(data, text));
}

export async function skip(call: Call): Promise<Outcome> {
  const tenant = oneTenantOf(call.options);
  const deploymentId = await deploymentOf(call);
  const data = await Fleet.skip(call.operator, deploymentId, tenant, reasonOf(call.options));
  return done(
    data,
    data.changed ? `${tenant} is left out and keeps the schema that it has.` : "Nothing to do: it is left out.",
  );
}

export async function pace(call: Call): Promise<Outcome> {
  const [rows, delayMs] = [numberOf(call.options, "batch-size"), numberOf(call.options, "batch-delay")];
  if (rows === undefined && delayMs === undefined) {
    throw new UsageError("Say what to change: --batch-size <rows>, --batch-delay <ms>, or both.");
  }
  const deploymentId = await deploymentOf(call);
  const now = await Fleet.status(call.operator, deploymentId);
  const wanted = { batchSize: rows ?? now.batchSize, batchDelayMs: delayMs ?? now.batchDelayMs };
  const data = await Fleet.pace(call.operator, deploymentId, wanted, reasonOf(call.options));
  const words = `From the next batch on: ${wanted.batchSize} rows, then ${wanted.batchDelayMs} ms of rest.`;
  return done({ ...data, ...wanted }, data.changed ? words : "Nothing to do: that is its pace.");
}

export async function retire(call: Call): Promise<Outcome> {
  const name = call.word ?? "";
  await Fleet.retireRelease(call.operator, name, reasonOf(call.options));
  const text = `${name} is retired. Contracts need not wait for it any more in a quarter of an hour.`;
  return done({ release: name }, text);
}

export const done = (data: unknown, text: string): Outcome => ({ code: 0, text, data });

/** The operator did not type yes. */
export const notDone = (): Outcome => ({ code: 1, text: "Nothing was done.", data: { changed: false } });
