import { Fleet } from "@pharmasight/core/control/fleet/fleet";
import { isWholeFleet } from "@pharmasight/core/control/fleet/selection";
import { numberOf, oneTenantOf, reasonOf } from "../operators/options.ts";
import { confirm } from "../operators/terminal.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, deploymentOf, type Outcome } from "./command.ts";
import { followed } from "./following.ts";
import { selectionOf, someOf } from "./options.ts";
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
  const wanted = await wantedOf(call, deploymentId);
  const data = await Fleet.retry(call.operator, deploymentId, wanted, reasonOf(call.options));
  const rest = data.state === "running" ? "" : ` The deployment is ${data.state}: npm run fleet -- resume`;
  const text = `${pharmacies(data.targets)} will be led again.${rest}`;
  return followed(call, deploymentId, done(data, text));
}

/** Those that were named, or, of those that a selector chooses, the ones that failed. */
async function wantedOf({ operator, options }: Call, deploymentId: string): Promise<readonly string[] | "failed"> {
  const selection = selectionOf(options);
  if (isWholeFleet(selection)) return "failed";
  if (selection.selector === "") return selection.tenants;
  const failed: string[] = [];
  let after: string | undefined;
  do {
    const page = await Fleet.targets(operator, deploymentId, { state: "failed", selection, limit: PAGE, after });
    failed.push(...page.targets.map(({ tenantId }) => tenantId));
    after = page.next;
  } while (after !== undefined);
  return failed;
}

const PAGE = 1000;

export async function skip(call: Call): Promise<Outcome> {
  const tenant = oneTenantOf(call.options);
  const deploymentId = await openOrNewest(call);
  const data = await Fleet.skip(call.operator, deploymentId, tenant, reasonOf(call.options));
  return done(
    data,
    data.changed ? `${tenant} is left out and keeps the schema that it has.` : "Nothing to do: it is left out.",
  );
}

/** The last one of a deployment that was skipped has ended it: saying so again is no mistake. */
async function openOrNewest(call: Call): Promise<string> {
  if (call.word !== undefined) return call.word;
  const { deployments } = await Fleet.list(call.operator, { limit: 1 });
  const [newest] = deployments;
  return newest !== undefined && newest.finishedAt !== null ? newest.id : deploymentOf(call);
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

export async function ring(call: Call): Promise<Outcome> {
  const wanted = Fleet.rings.find((known) => known === call.word);
  if (wanted === undefined) throw new UsageError(`There is no ring "${call.word ?? ""}": ${Fleet.rings.join(", ")}.`);
  const data = await Fleet.setRing(call.operator, someOf(call.options), wanted, reasonOf(call.options));
  return done({ ring: wanted, ...data }, `Ring ${wanted}: ${pharmacies(data.selected)}, ${data.changed} changed.`);
}

export async function quiet(call: Call): Promise<Outcome> {
  const [, from, until] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(call.word ?? "") ?? [];
  if (from === undefined || until === undefined) {
    throw new UsageError("Say from when to when by the pharmacy's own clock, such as 22:00-06:00.");
  }
  const hours = { from, until };
  const data = await Fleet.setQuietHours(call.operator, someOf(call.options), hours, reasonOf(call.options));
  const text = `Quiet from ${from} to ${until}: ${pharmacies(data.selected)}, ${data.changed} changed.`;
  return done({ ...hours, ...data }, text);
}

export async function cap(call: Call): Promise<Outcome> {
  const server = call.word ?? "";
  const migrationsMax = numberOf(call.options, "at-once");
  if (migrationsMax === undefined) throw new UsageError("Say how many, with --at-once <count>.");
  const data = await Fleet.setMigrationsMax(call.operator, server, migrationsMax, reasonOf(call.options));
  const words = `On ${server} run at most ${migrationsMax} migrations at once; before it were ${data.before}.`;
  return done({ server, migrationsMax, ...data }, data.changed ? words : "Nothing to do: it is so already.");
}

export const done = (data: unknown, text: string): Outcome => ({ code: 0, text, data });

/** The operator did not type yes. */
export const notDone = (): Outcome => ({ code: 1, text: "Nothing was done.", data: { changed: false } });
