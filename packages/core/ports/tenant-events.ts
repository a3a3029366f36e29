export * as TenantEvents from "./tenant-events.ts";

import * as z from "zod";
import { parseJson } from "../kernel/json.ts";
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

const count = z.coerce.number().int().min(0);

const usageMeasuredSchema = z.object({
  event: z.literal("usage_measured"),
  /** Its first day. */
  month: z.iso.date(),
  apiCalls: count,
  storageBytes: count,
  users: count,
  branches: count,
  items: count,
  /** Days of the month on which each module was used. */
  moduleDays: z
    .string()
    .transform(parseJson)
    .pipe(z.record(z.string().max(63), z.number().int().min(1).max(31))),
  at: z.iso.datetime().transform((text) => new Date(text)),
});
export type UsageMeasured = Omit<z.infer<typeof usageMeasuredSchema>, "event">;

export const schema = z.intersection(
  z.object({ tenantId: z.uuid(), outboxId: z.uuid() }),
  z.discriminatedUnion("event", [profileChangedSchema, personChangedSchema, usageMeasuredSchema]),
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

/** By what it is known that this month was told of in this hour (`2026-11-24T09`). */
export const usageKey = (month: string, hour: string): string => `usage-measured:${month}:${hour}`;

/** What a month has used until now: the newest that was said of it holds. */
export function usageMeasured(hour: string, use: UsageMeasured): Effect {
  const { month, apiCalls, storageBytes, users, branches, items, moduleDays, at } = use;
  const counts = Object.entries({ apiCalls, storageBytes, users, branches, items });
  return {
    queue: "tenant-events",
    payload: {
      event: "usage_measured",
      month,
      ...Object.fromEntries(counts.map(([name, value]) => [name, String(value)])),
      moduleDays: JSON.stringify(moduleDays),
      at: at.toISOString(),
    },
    dedupeKey: usageKey(month, hour),
  };
}
