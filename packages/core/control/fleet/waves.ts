import { hmac } from "../../kernel/tokens.ts";

export interface WaveCandidate {
  readonly tenantId: string;
  readonly ring: "staging" | "pilot" | "general";
  readonly server: string;
}

export interface Wave<T extends WaveCandidate> {
  /** From 1. */
  readonly position: number;
  readonly name: string;
  /** How much of the fleet outside staging and pilot has it when this wave is through; undefined for those two. */
  readonly percent: number | undefined;
  /** In the order in which they are led. */
  readonly targets: readonly T[];
}

const PERCENTS = [10, 50, 100] as const;

/**
 * Staging and pilot first, then 10, 50 and 100 % of the others; a wave that would be empty is left out. The order is a
 * keyed hash: nobody can tell or choose whether they are early, and whoever is early once is so again. Each server gets
 * its share of each wave, within one tenant, so that a fault that only one server has shows early. A tenant that joins
 * changes nobody's order among those of the same server, or among those of other servers.
 */
export function wavesOf<T extends WaveCandidate>(candidates: readonly T[], key: Uint8Array): readonly Wave<T>[] {
  const general = spread(
    candidates.filter(({ ring }) => ring === "general"),
    key,
  );
  const first = spread(
    candidates.filter(({ ring }) => ring === "staging"),
    key,
  ).concat(
    spread(
      candidates.filter(({ ring }) => ring === "pilot"),
      key,
    ),
  );
  const waves: Omit<Wave<T>, "position">[] = [{ name: "staging and pilot", percent: undefined, targets: first }];
  let begin = 0;
  for (const percent of PERCENTS) {
    const end = Math.ceil((general.length * percent) / 100);
    waves.push({ name: `${percent} %`, percent, targets: general.slice(begin, end) });
    begin = end;
  }
  return waves.filter(({ targets }) => targets.length > 0).map((wave, index) => ({ position: index + 1, ...wave }));
}

/**
 * Every server's tenants by their hash, the servers interleaved evenly: the r-th of n stands at (r + its hash) / n, so
 * that of any beginning of the whole each server holds its share.
 */
function spread<T extends WaveCandidate>(candidates: readonly T[], key: Uint8Array): T[] {
  const hashed = candidates.map((candidate) => ({ candidate, hash: fraction(key, candidate.tenantId) }));
  const placed = [...Map.groupBy(hashed, ({ candidate }) => candidate.server).values()].flatMap((tenants) =>
    tenants
      .sort((one, other) => one.hash - other.hash)
      .map(({ candidate, hash }, rank) => ({ candidate, hash, at: (rank + hash) / tenants.length })),
  );
  return placed.sort((one, other) => one.at - other.at || one.hash - other.hash).map(({ candidate }) => candidate);
}

/** In [0, 1), the same for a tenant in every deployment. */
function fraction(key: Uint8Array, tenantId: string): number {
  return Buffer.from(hmac(key, tenantId), "base64url").readUIntBE(0, 6) / 2 ** 48;
}
