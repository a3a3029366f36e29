import type { QueueName } from "@pharmasight/core/ports/jobs";
import { type FunctionSpec, functions, queues } from "@pharmasight/functions/manifest";

/** Secrets of the stage itself, by the last part of their names. */
export type StageSecretName =
  | "control-database"
  | "control-owner"
  | "registry-database"
  | "signing-key"
  | "supabase-token"
  | "stripe-key"
  | "stripe-webhook"
  | "postgres-administrator";

/** Everything that one function may reach. What is not said here, IAM refuses. */
export interface Access {
  /** Which of the parsers in `adapters/config.ts` the function starts with. */
  readonly settings:
    | "control"
    | "control-migration"
    | "provisioning"
    | "billing"
    | "hooks"
    | "tenant"
    | "tenant-billing";
  readonly readsSecrets: readonly StageSecretName[];
  /**
   * `read-app`: the credential that requests are served with. `read-owner`: the one that migrations run with. `make`:
   * create and read both secrets of a tenant.
   */
  readonly tenantSecrets: "none" | "read-app" | "read-owner" | "make";
  readonly sendsTo: readonly QueueName[];
  readonly sendsMail: boolean;
  /** Whether the built assets of the pages are put beside the code. */
  readonly servesAssets: boolean;
}

const control = {
  settings: "control",
  readsSecrets: ["control-database", "signing-key"],
  tenantSecrets: "none",
  // A commit with effects is followed by a relay of the whole outbox, whichever function wrote its rows.
  sendsTo: ["provisioning", "control-mail", "fleet-migrations", "fleet-looks", "billing"],
  sendsMail: false,
  servesAssets: false,
} as const satisfies Access;

const tenant = {
  settings: "tenant",
  readsSecrets: ["registry-database", "signing-key"],
  tenantSecrets: "read-app",
  sendsTo: ["tenant-relay", "tenant-mail", "tenant-events", "item-imports"],
  sendsMail: false,
  servesAssets: false,
} as const satisfies Access;

const accesses: ReadonlyMap<FunctionSpec, Access> = new Map<FunctionSpec, Access>([
  [functions.controlSite, { ...control, servesAssets: true }],
  [functions.sweepControl, { ...control, readsSecrets: ["control-database"] }],
  [functions.scanFleet, { ...control, readsSecrets: ["control-database"] }],
  // It takes notices in and asks the provider nothing.
  [functions.hooks, { ...control, settings: "hooks", readsSecrets: ["control-database", "stripe-webhook"] }],
  // It changes the control plane's own tables, which the other functions' role cannot.
  [
    functions.migrateControl,
    { ...control, settings: "control-migration", readsSecrets: ["control-owner"], sendsTo: [] },
  ],
  [
    queues.provisioning.consumer,
    {
      ...control,
      settings: "provisioning",
      readsSecrets: [...control.readsSecrets, "supabase-token", "stripe-key", "postgres-administrator"],
      tenantSecrets: "make",
    },
  ],
  [queues["control-mail"].consumer, { ...control, sendsTo: [], sendsMail: true }],
  [queues["tenant-events"].consumer, { ...control, sendsTo: [] }],
  [
    queues["fleet-migrations"].consumer,
    { ...control, readsSecrets: ["control-database"], tenantSecrets: "read-owner" },
  ],
  [queues.billing.consumer, { ...control, settings: "billing", readsSecrets: ["control-database", "stripe-key"] }],
  [queues["fleet-looks"].consumer, { ...control, readsSecrets: ["control-database"], tenantSecrets: "read-owner" }],
  [functions.tenantApp, { ...tenant, servesAssets: true }],
  [functions.tenantAuth, { ...tenant, servesAssets: true }],
  // The only one that both planes are open to: a pharmacy's people pay here. It ends no database and makes none.
  [
    functions.tenantBilling,
    {
      ...tenant,
      settings: "tenant-billing",
      readsSecrets: ["registry-database", "control-database", "signing-key", "stripe-key"],
      sendsTo: [...tenant.sendsTo, ...control.sendsTo],
      servesAssets: true,
    },
  ],
  [
    queues["tenant-relay"].consumer,
    { ...tenant, readsSecrets: ["registry-database"], sendsTo: ["tenant-mail", "tenant-events", "item-imports"] },
  ],
  [queues["tenant-mail"].consumer, { ...tenant, sendsTo: [], sendsMail: true }],
  [queues["item-imports"].consumer, { ...tenant, readsSecrets: ["registry-database"] }],
]);

/** @throws Error for a function that is in the manifest and was given no access */
export function accessOf(spec: FunctionSpec): Access {
  const access = accesses.get(spec);
  if (access === undefined) throw new Error(`${spec.entry} has no entry in stacks/access.ts.`);
  return access;
}
