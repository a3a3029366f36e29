import fc from "fast-check";
import { type CredentialKind, credentialKinds } from "./requests.ts";

/** Numbers choose by remainder, so that every step means something whatever routes and tenants there are. */
export interface AskStep {
  readonly kind: "ask";
  readonly tenant: number;
  readonly other: number;
  readonly route: number;
  readonly credential: CredentialKind;
  readonly address: "primary" | "old" | "nobody";
  readonly known: boolean;
}

export type Step =
  | AskStep
  | { readonly kind: "burst"; readonly asks: readonly AskStep[] }
  /** A change of state while requests are under way, seen by nobody yet. */
  | { readonly kind: "overtake"; readonly tenant: number; readonly asks: readonly AskStep[] }
  /** The same while the registry's answers, which know nothing of the change, are still on the wire. */
  | { readonly kind: "lag"; readonly tenant: number; readonly asks: readonly AskStep[] }
  | { readonly kind: "enqueue"; readonly tenant: number }
  | { readonly kind: "consume"; readonly picks: readonly number[]; readonly strangers: readonly number[] }
  | { readonly kind: "suspend" | "resume" | "rename"; readonly tenant: number; readonly delayed: boolean }
  | { readonly kind: "rotate" | "kill" | "stop" | "start"; readonly tenant: number }
  | { readonly kind: "swap"; readonly tenant: number; readonly other: number; readonly what: "reference" | "address" }
  | { readonly kind: "evict" }
  | { readonly kind: "freeze" | "pass"; readonly seconds: number };

const nat = fc.nat({ max: 999 });

const ask: fc.Arbitrary<AskStep> = fc.record({
  kind: fc.constant("ask"),
  tenant: nat,
  other: nat,
  route: nat,
  // Who gets in reaches most.
  credential: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...credentialKinds) }, fc.constant("owner" as const)),
  address: fc.oneof(
    { weight: 8, arbitrary: fc.constant("primary" as const) },
    fc.constantFrom("old" as const, "nobody" as const),
  ),
  known: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
});

const asks = fc.array(ask, { minLength: 2, maxLength: 6 });
const seconds = fc.constantFrom(1, 6, 11, 36, 61, 301);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: ask },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("burst"), asks }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("overtake", "lag"), tenant: nat, asks }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("enqueue"), tenant: nat }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("consume"),
      picks: fc.array(nat, { minLength: 1, maxLength: 8 }),
      strangers: fc.array(nat, { maxLength: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("suspend", "resume", "rename"),
      tenant: nat,
      delayed: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("rotate", "kill", "stop", "start"), tenant: nat }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("swap"),
      tenant: nat,
      other: nat,
      what: fc.constantFrom("reference", "address"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "evict" }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("freeze", "pass"), seconds }) },
);

/**
 * What happens in one run. An array instead of fast-check's commands: every step means something in every state, so that
 * a run shrinks by leaving steps out and its seed and path alone bring it back.
 */
export const runs: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 5, maxLength: 30, size: "max" });
