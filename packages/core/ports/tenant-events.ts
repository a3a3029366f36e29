export * as TenantEvents from "./tenant-events.ts";

import * as z from "zod";
import type { Effect } from "./effects.ts";

/**
 * What a pharmacy tells the control plane of itself: the one way from a tenant's database to the control database. Each
 * event is complete and numbered or dated, so that the newest wins whatever the order and however often one arrives.
 */
const profileChangedSchema = z.object({
  event: z.literal("profile_changed"),
  companyName: z.string().min(1).max(255),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** IANA name. */
  timeZone: z.string().min(1).max(64),
  ownerName: z.string().min(1).max(255),
  ownerEmail: z.email().max(254),
  /** SHA-256 of the logo, hexadecimal; blank: there is none. */
  logoDigest: z.string().regex(/^(?:[0-9a-f]{64})?$/),
  /** Counts the changes, from 1. */
  version: z.coerce.number().int().positive(),
});
export type ProfileChanged = Omit<z.infer<typeof profileChangedSchema>, "event">;

const personChangedSchema = z.object({
  event: z.literal("person_changed"),
  email: z.email().max(254),
  /** Whether this address signs in at the pharmacy now. */
  isPresent: z.stringbool(),
  at: z.iso.datetime().transform((text) => new Date(text)),
});
export type PersonChanged = Omit<z.infer<typeof personChangedSchema>, "event">;

export const schema = z.intersection(
  z.object({ tenantId: z.uuid(), outboxId: z.uuid() }),
  z.discriminatedUnion("event", [profileChangedSchema, personChangedSchema]),
);
export type TenantEvent = z.infer<typeof schema>;

/** To be emitted in the transaction that changed the company's profile or its owner. */
export function profileChanged(profile: ProfileChanged): Effect {
  const { version, ...texts } = profile;
  return {
    queue: "tenant-events",
    payload: { event: "profile_changed", ...texts, version: String(version) },
    dedupeKey: `profile-changed:${version}`,
  };
}

/** To be emitted in the transaction after which an address signs in here, or no longer does. */
export function personChanged({ email, isPresent, at }: PersonChanged): Effect {
  return {
    queue: "tenant-events",
    payload: { event: "person_changed", email, isPresent: String(isPresent), at: at.toISOString() },
    dedupeKey: `person-changed:${email}:${at.toISOString()}:${isPresent}`,
  };
}
