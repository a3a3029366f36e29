import { type Kysely, sql } from "kysely";
import * as z from "zod";
import { UNCOMPILED } from "../kernel/parsing.ts";
import type { RegistryTables } from "./tables.generated.ts";

const states = [
  "provisioning",
  "provisioning_failed",
  "trial",
  "active",
  "past_due",
  "suspended",
  "cancelled",
  "closed",
] as const;
export type LifecycleState = (typeof states)[number];

/** What the registry says of one host and its tenant. This is all that the tenant plane knows of the control plane. */
const entrySchema = z.object({
  host: z.string(),
  hostKind: z.enum(["primary", "redirect", "custom"]),
  hostUntil: z.date().nullable(),
  /** Label of the address that the pharmacy is known by. */
  primaryHost: z.string(),
  tenantId: z.string(),
  companyName: z.string(),
  state: z.enum(states),
  currency: z.string(),
  timeZone: z.string(),
  trialEndsAt: z.date().nullable(),
  schemaVersion: z.number().nullable(),
  flags: z.looseObject({
    /** What was agreed with this pharmacy, instead of what its plan allows. One that is no number is none. */
    requestsPerMinute: z.number().int().positive().optional().catch(undefined),
  }),
  /** What the pharmacy says of itself beyond its name. A digest that is none is no logo. */
  settings: z.looseObject({
    logoDigest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .catch(undefined),
  }),
  /** Grows with every change of what stands here. */
  registryVersion: z.coerce.bigint(),
  appSecretArn: z.string().nullable(),
  planCode: z.string().nullable(),
  includedModules: z
    .array(z.string())
    .nullable()
    .transform((modules) => modules ?? []),
  grantedModules: z.array(
    z.object({
      module: z.string(),
      source: z.enum(["add_on", "grant", "trial", "custom"]),
      /** Of one that was made for this pharmacy. */
      title: z.string().nullable(),
      expiresAt: z.coerce.date().nullable(),
    }),
  ),
  /** Room that was bought beyond the plan's. */
  raises: z.array(
    z.object({
      limit: z.enum(["branches", "users", "items", "api_requests_per_minute"]),
      by: z.number().int().positive(),
    }),
  ),
  /** What a module costs beside the plan, for a month, in the currency that this pharmacy pays in. */
  modulePrices: z.array(z.object({ module: z.string(), amount: z.string(), currency: z.string() })),
  planName: z.string().nullable(),
  /** Until when access stays although a payment is overdue. */
  graceEndsAt: z.date().nullable(),
  /** Until when a cancelled subscription is paid for. */
  accessEndsAt: z.date().nullable(),
  /** Null where it was suspended before causes were recorded, and wherever it is not suspended. */
  suspension: z.enum(["trial_ended", "unpaid", "subscription_ended", "operator"]).nullable(),
  maxBranches: z.number().nullable(),
  maxUsers: z.number().nullable(),
  maxItems: z.number().nullable(),
  /** Of the pharmacy's programs. */
  apiRequestsPerMinute: z.number().nullable(),
});
export type RegistryEntry = Readonly<z.infer<typeof entrySchema>>;

export interface RegistryReader {
  findByHost(host: string): Promise<RegistryEntry | undefined>;
  /** The entry of the tenant's primary host. */
  findByTenant(tenantId: string): Promise<RegistryEntry | undefined>;
  /** The counter now and, of tenants changed after `version`, the ids. Without a version: the counter alone. */
  changesSince(version: bigint | undefined): Promise<{ version: bigint; tenantIds: readonly string[] }>;
}

/** Reads the registry's view, on a connection of the role that may read nothing else. */
export function registryReader(db: Kysely<RegistryTables>): RegistryReader {
  return {
    async findByHost(host) {
      const row = await db.selectFrom("entries").selectAll().where("host", "=", host).executeTakeFirst();
      return row === undefined ? undefined : entrySchema.parse(row, UNCOMPILED);
    },
    async findByTenant(tenantId) {
      const row = await db
        .selectFrom("entries")
        .selectAll()
        .where("tenantId", "=", tenantId)
        .where("hostKind", "=", "primary")
        .executeTakeFirst();
      return row === undefined ? undefined : entrySchema.parse(row, UNCOMPILED);
    },
    async changesSince(version) {
      // The counter is read first: a change between the two queries is seen twice rather than never.
      const counter = await db
        .selectFrom("counter")
        .select(sql<string>`version::text`.as("version"))
        .executeTakeFirstOrThrow();
      const now = BigInt(counter.version);
      if (version === undefined || now === version) return { version: now, tenantIds: [] };
      const changed = await db
        .selectFrom("changes")
        .select("tenantId")
        .where("registryVersion", ">", version.toString())
        .execute();
      return { version: now, tenantIds: changed.flatMap((row) => (row.tenantId === null ? [] : [row.tenantId])) };
    },
  };
}
