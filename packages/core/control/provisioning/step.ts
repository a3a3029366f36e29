import type { DatabaseProvider } from "../../ports/database-hosts.ts";
import type { Payments } from "../../ports/payments.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { TenantSetup } from "../../ports/tenant-setup.ts";
import type { ControlScope } from "../scope.ts";
import type { ConfiguredHosts, Places } from "./places.ts";

export interface ProvisioningPorts {
  readonly hosts: ConfiguredHosts;
  readonly setup: TenantSetup;
  readonly secrets: Secrets;
  readonly payments: Payments;
}

export interface ProvisioningSettings {
  readonly stage: string;
  /** Where new databases are made. */
  readonly places: Places;
  /** Seconds between two looks at a database that is being made or deleted. */
  readonly databasePollSeconds: number;
  /** New databases within any 24 hours; a sign-up beyond them waits. */
  readonly dailyDatabasesMax: number;
  /** For so long one message goes on with the steps that follow; 0: one step a message. */
  readonly runSeconds: number;
}

export interface StepContext {
  readonly control: ControlScope;
  readonly ports: ProvisioningPorts;
  readonly settings: ProvisioningSettings;
  readonly jobId: string;
  /** When this step ran first. */
  readonly stepStartedAt: Date;
  readonly tenant: {
    readonly id: string;
    readonly name: string;
    readonly ownerName: string;
    readonly ownerEmail: string;
    readonly currency: string;
    readonly timeZone: string;
  };
  /** Absent until the tenant's place is reserved. */
  readonly database: TenantDatabase | undefined;
}

export interface TenantDatabase {
  readonly provider: DatabaseProvider;
  readonly projectName: string;
  readonly region: string;
  readonly size: string;
  /** Null until it is made, and for an adopted one that is at no provider of ours. */
  readonly projectRef: string | null;
  readonly ownerSecretArn: string | null;
  readonly appSecretArn: string | null;
  /** A person made it: never deleted by us. */
  readonly isAdopted: boolean;
}

/**
 * `record` writes what the step found out. It runs in the transaction that marks the step done, and only while this
 * worker holds the job: a crash before it repeats the step, and a worker that was overtaken writes nothing. `restart`
 * goes back to an earlier step, because what that one made turned out to be no good.
 */
export type StepOutcome =
  | { readonly kind: "done"; readonly record?: Recording }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "restart"; readonly from: string; readonly reason: string; readonly record: Recording };

export type Recording = (tx: ControlScope) => Promise<void>;

export interface Step {
  readonly name: string;
  /** For the visitor who watches, or the operator. */
  readonly title: string;
  /** May be repeated after any failure, at any point of it, with the same result. */
  run(context: StepContext): Promise<StepOutcome>;
}

export const done = (record?: Recording): StepOutcome =>
  record === undefined ? { kind: "done" } : { kind: "done", record };

/** Under which name a tenant's project is made and looked for. */
export const PROJECT_PREFIX = "pharmasight-";
export const projectNameOf = (tenantId: string): string => PROJECT_PREFIX + tenantId;

/** @throws Error when an earlier step has not done its part, which is a fault of ours */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined)
    throw new Error(`The ${what} is missing: an earlier step did not record it.`);
  return value;
}
