export * as Quotas from "./quotas.ts";

import { networkOf } from "../../kernel/networks.ts";
import { Entitlements } from "../../registry/entitlements/entitlements.ts";
import type { RegistryEntry } from "../../registry/registry.ts";
import type { TenantActor } from "../actors.ts";
import type { Quota } from "./quota.ts";

/** For people at their desks: far above what they need, so that it only stops a program that runs wild. */
const PEOPLE_PER_MINUTE = 3000;
/** For programs of a pharmacy whose plan sets no limit. */
const PROGRAMS_PER_MINUTE = 6000;
/** For programs of a pharmacy that was given API access, or tries it, beside a plan without: as many as the add-on has. */
const GIVEN_PER_MINUTE = 60;
/** For whoever has not signed in, of one network. Sign-in itself has limits of its own, exact and lower. */
const NETWORK_PER_MINUTE = 300;

/**
 * The quotas that a request of `actor` counts in. Strangers count by their network only: a flood of them must not use
 * up what the pharmacy's own people have. A single key gets half of what all keys have: one that runs wild leaves the
 * others room.
 */
export function quotasOf(entry: RegistryEntry, actor: TenantActor, at: Date): readonly Quota[] {
  // What was agreed with this pharmacy goes before its plan.
  const agreed = entry.flags.requestsPerMinute;
  switch (actor.kind) {
    case "visitor":
      return [{ name: "network", subject: networkOf(actor.sourceIp), perMinute: NETWORK_PER_MINUTE }];
    case "member":
      return [{ name: "pharmacy", subject: "people", perMinute: agreed ?? PEOPLE_PER_MINUTE }];
    case "api_key": {
      const limit = Entitlements.limit(Entitlements.termsOf(entry), "api_requests_per_minute", at);
      const perMinute = agreed ?? (limit === null ? PROGRAMS_PER_MINUTE : limit || GIVEN_PER_MINUTE);
      return [
        { name: "api-key", subject: actor.keyId, perMinute: Math.ceil(perMinute / 2) },
        { name: "pharmacy", subject: "programs", perMinute },
      ];
    }
    case "job":
    case "operator":
      return [];
  }
}
