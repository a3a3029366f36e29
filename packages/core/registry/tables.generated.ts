// Generated from the migrations by `npm run generate`. Do not edit.
import type { ColumnType } from "kysely";

export type Json = ColumnType<unknown, NonNullable<unknown>, NonNullable<unknown>>;

export interface ChangesTable {
  tenantId: string | null;
  registryVersion: string | null;
}

export interface CounterTable {
  version: string | null;
}

export interface EntriesTable {
  host: string | null;
  hostKind: string | null;
  hostUntil: Date | null;
  primaryHost: string | null;
  tenantId: string | null;
  companyName: string | null;
  state: string | null;
  ring: string | null;
  currency: string | null;
  timeZone: string | null;
  trialEndsAt: Date | null;
  schemaVersion: number | null;
  flags: Json | null;
  settings: Json | null;
  registryVersion: string | null;
  appSecretArn: string | null;
  planCode: string | null;
  includedModules: string[] | null;
  maxBranches: number | null;
  maxUsers: number | null;
  maxItems: number | null;
  grantedModules: Json | null;
  apiRequestsPerMinute: number | null;
  planName: string | null;
  raises: Json | null;
  graceEndsAt: Date | null;
  accessEndsAt: Date | null;
  suspension: string | null;
  modulePrices: Json | null;
}

export interface RegistryTables {
  changes: ChangesTable;
  counter: CounterTable;
  entries: EntriesTable;
}
