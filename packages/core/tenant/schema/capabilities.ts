/**
 * Which shapes of the database this code can work with. While a change of the schema travels through the fleet, the
 * same code serves pharmacies that have it and pharmacies that have not.
 */

/** The oldest schema that this code can work with: a pharmacy below it waits for its update. */
export const REQUIRED_SCHEMA_VERSION = 13;

/** What the schema allows from a version on: code asks `tenant.supports(…)` and has a way for both answers. */
const capabilities = {
  /** Items keep the words that a search looks in, strength and form included, filled and indexed. */
  itemSearchWords: 16,
  /** What was used is counted by day. */
  usageDays: 18,
} as const satisfies Readonly<Record<string, number>>;

export type Capability = keyof typeof capabilities;

/** What a release of the code says of itself. */
export interface CodeSchema {
  /** The oldest version that it works with. */
  readonly required: number;
  /** The newest version that it knows; what came later it leaves alone. */
  readonly known: number;
}

/** Whether code that knows `known` may use a capability in a database of this version. */
export function isSupported(capability: Capability, version: number, { known }: CodeSchema): boolean {
  return Math.min(version, known) >= capabilities[capability];
}
