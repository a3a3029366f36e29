export { settledVersion } from "./baseline.ts";
export type { Changed } from "./commands.ts";
export { deploy } from "./deploying.ts";
export type { StateCounts, TargetState } from "./deployments.ts";
export * as Fleet from "./fleet.ts";
export { type Inventory, type InventoryCounts, inventory, type PharmacySchema } from "./inventory.ts";
export { type LeadHint, lead } from "./leading.ts";
export {
  type DeploymentStatus,
  type HistoryEntry,
  history,
  type ListedDeployment,
  list,
  type ShownTarget,
  type ShownWave,
  status,
  targets,
} from "./listing.ts";
export { type DriftedTenant, type DriftReport, drift, look, lookOnSchedule, scan } from "./looks.ts";
export { abandon, pace, pause, promote, resume } from "./operations.ts";
export { type DeploymentPlan, plan } from "./planning.ts";
export type { FleetPorts } from "./ports.ts";
export type { FailureGroup } from "./progress.ts";
export { type Rehearsal, rehearsal, rehearse } from "./rehearsing.ts";
export { announceRelease, type Release, releases, retireRelease } from "./releases.ts";
export { repair } from "./repairs.ts";
export { type DeploymentRequest, defaults } from "./requests.ts";
export { planRollback, type RollbackPlan, type RollbackRequest, rollback } from "./rollbacks.ts";
export type { Selection } from "./selection.ts";
export { serverOf } from "./servers.ts";
export { type Ring, rings, setMigrationsMax, setQuietHours, setRing } from "./settings.ts";
export { sweep } from "./sweeping.ts";
export { type ChangedTargets, retry, skip } from "./target-operations.ts";
