import { log } from "@pharmasight/adapters/log";
import { openDatabase } from "@pharmasight/adapters/postgres/database";
import { Entitlements } from "@pharmasight/core/registry/entitlements/entitlements";
import { registryReader } from "@pharmasight/core/registry/registry";
import type { RegistryTables } from "@pharmasight/core/registry/tables.generated";
import { signUp } from "../harness/stack.ts";
import { compareRounds, median, type Result, type Round, timed } from "./report.ts";
import { createItem, getEvent, labelOf, lambdaContext, withWorld } from "./world.ts";

const ROUNDS = 5;
const REQUESTS = 400;
const QUESTIONS = 20_000;
/** A hundredth of a warm request. */
const BUDGET = 0.01;

/** What asking whether a module may be used adds to a warm request that asks it. */
export function entitlement(): Promise<Result[]> {
  return withWorld(async ({ stack }) => {
    const pharmacy = await signUp(stack, "bench-entitled");
    const path = `/api/v1/items/${await createItem(pharmacy)}`;
    const event = getEvent(pharmacy, stack.port, path);
    const { handler } = await import("@pharmasight/functions/tenant/app/app.tsx");
    const { host, port, database } = stack.controlDatabase.owner;
    const registry = openDatabase<RegistryTables>({
      endpoint: { host, port, database },
      credential: async () => stack.cluster.superuser,
      poolSize: 1,
      idleSeconds: 60,
      maxAgeSeconds: 600,
      connectTimeoutMs: 5000,
      queryTimeoutMs: 10_000,
      transactionTimeoutMs: 20_000,
      applicationName: "bench",
      log,
    });
    const entry = await registryReader(registry.db.withSchema("registry")).findByHost(labelOf(pharmacy));
    if (entry === undefined) throw new Error("The pharmacy is not in the registry.");
    const at = new Date();
    const rounds: Round[] = [];
    let allowed = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      const requests: number[] = [];
      for (let run = 0; run < REQUESTS; run++) requests.push(await timed(() => handler(event, lambdaContext)));
      const all = await timed(async () => {
        for (let question = 0; question < QUESTIONS; question++) {
          if (Entitlements.module(Entitlements.termsOf(entry), "inventory", at).isAllowed) allowed += 1;
        }
      });
      if (round > 0) rounds.push({ ours: all / QUESTIONS, baseline: median(requests) });
    }
    await registry.close();
    if (allowed !== QUESTIONS * (ROUNDS + 1)) throw new Error("The pharmacy may not use what it pays for.");
    return [compareRounds("entitlement, of a warm request", rounds, BUDGET)];
  });
}
