import { randomUUID } from "node:crypto";
import type { Effect } from "@pharmasight/core/ports/effects";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlWorld, startControlWorld } from "../control/world.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "../tenant/pharmacy.ts";

const SEEDS = Number(process.env["FAULT_SEEDS"] ?? 25);
const MS_PER_SEED = 5000;

/** One plane's outbox, as its operations and workers use it. */
interface Plane {
  readonly queue: "tenant-mail" | "control-mail";
  /** Emits effects in one transaction, which ends with an error when `fails`. */
  emit(effects: readonly Effect[], fails: boolean): Promise<unknown>;
  relay(): Promise<unknown>;
  settle(outboxId: string): Promise<boolean>;
  /** What the queues have been given, hints included. */
  sent(): readonly { readonly queue: string; readonly message: Readonly<Record<string, string>> }[];
  readonly faults: { refuse: (queue: never) => boolean; loseReply: (queue: never) => boolean };
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant("emit" as const),
    effects: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
    fails: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("relay" as const), times: fc.integer({ min: 1, max: 4 }) }),
  // Messages arrive in any order, and again.
  fc.record({ kind: fc.constant("deliver" as const), which: fc.nat(50), times: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant("trouble" as const),
    refused: fc.nat(4),
    repliesLost: fc.nat(3),
    /** The process dies between a commit and its relay: nothing that it would have sent is. */
    onlyEffects: fc.boolean(),
  }),
);

/** Whatever happens, what committed happens once, and what did not never does. */
async function survive(plane: Plane, steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const run = randomUUID();
  const committed = new Set<string>();
  const settled = new Map<string, number>();
  let refused = 0;
  let lost = 0;
  let onlyEffects = false;
  const isSpared = (queue: string) => onlyEffects && queue !== plane.queue;
  plane.faults.refuse = (queue: string) => !isSpared(queue) && refused-- > 0;
  plane.faults.loseReply = (queue: string) => !isSpared(queue) && lost-- > 0;

  const messages = () => plane.sent().filter(({ message }) => message["run"] === run);
  const deliver = async (message: Readonly<Record<string, string>>): Promise<void> => {
    const { outboxId = "", name = "" } = message;
    if (await plane.settle(outboxId)) settled.set(name, (settled.get(name) ?? 0) + 1);
  };
  for (const one of steps) {
    if (one.kind === "emit") {
      const effects = one.effects.map((number): Effect => {
        const name = `effect ${number}`;
        return { queue: plane.queue, payload: { run, name }, dedupeKey: `${run} ${name}` };
      });
      const isDone = await plane.emit(effects, one.fails).then(
        () => true,
        () => false,
      );
      if (isDone) for (const { payload } of effects) committed.add(payload["name"] ?? "");
    } else if (one.kind === "relay") {
      await Promise.allSettled(Array.from({ length: one.times }, () => plane.relay()));
    } else if (one.kind === "deliver") {
      const all = messages();
      const found = all[one.which % Math.max(1, all.length)];
      if (found !== undefined) await Promise.all(Array.from({ length: one.times }, () => deliver(found.message)));
    } else {
      ({ refused, repliesLost: lost, onlyEffects } = one);
    }
  }
  // The trouble is over: the hint that each commit left behind has its relay done, and every message comes.
  refused = 0;
  lost = 0;
  await plane.relay();
  for (const { message } of messages()) await deliver(message);
  const names = new Set(messages().map(({ message }) => message["name"] ?? ""));
  expect(names).toEqual(committed);
  expect(settled).toEqual(new Map([...committed].map((name) => [name, 1])));
}

const property = (plane: () => Plane) =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), (steps) => survive(plane(), steps)),
    { numRuns: SEEDS, endOnFailure: true },
  );

describe("whatever queues and transactions do, an effect that committed happens once and no other does", () => {
  let pharmacies: Pharmacies;
  let alfa: Pharmacy;
  let world: ControlWorld;

  beforeAll(async () => {
    [pharmacies, world] = await Promise.all([startPharmacies(), startControlWorld()]);
    alfa = await pharmacies.open("alfa");
  });
  afterAll(async () => {
    await Promise.all([pharmacies?.stop(), world?.stop()]);
  });

  test(
    "in a pharmacy",
    async () => {
      const tenant = await alfa.job();
      await property(() => ({
        queue: "tenant-mail",
        emit: (effects, fails) =>
          tenant.tx(async (tx) => {
            for (const effect of effects) await tx.emit(effect);
            if (fails) throw new Error("the change was refused");
          }),
        relay: () => tenant.relay(),
        settle: (outboxId) => tenant.settle(outboxId),
        sent: () => alfa.jobs.sent,
        faults: alfa.jobs,
      }));
    },
    SEEDS * MS_PER_SEED,
  );

  test(
    "in the control plane",
    async () => {
      const control = world.system;
      await property(() => ({
        queue: "control-mail",
        emit: (effects, fails) =>
          control.tx(async (tx) => {
            for (const effect of effects) await tx.emit(effect);
            if (fails) throw new Error("the change was refused");
          }),
        relay: () => control.relay(),
        settle: (outboxId) => control.settle(outboxId),
        sent: () => world.sent,
        faults: world.jobFaults,
      }));
    },
    SEEDS * MS_PER_SEED,
  );
});
