// Generated from the migrations by `npm run generate`. Do not edit.
import type { ColumnType, Generated } from "kysely";

export type Json = ColumnType<unknown, NonNullable<unknown>, NonNullable<unknown>>;

export interface AddOnsTable {
  code: string;
  name: string;
  description: string;
  moduleName: "inventory" | "sales" | "purchases" | "reports" | "stock_take" | "multi_branch" | "api_access" | "advanced_reports" | "custom_branding" | null;
  limitName: "branches" | "users" | "items" | "api_requests_per_minute" | null;
  raiseBy: number | null;
  isCountable: boolean;
  place: number;
}

export interface AuditLogTable {
  id: string;
  at: Date;
  actorKind: "visitor" | "operator" | "system" | "member";
  actorId: string | null;
  tenantId: string | null;
  action: string;
  reason: string | null;
  sourceIp: string | null;
  requestId: string | null;
  before: Json | null;
  after: Json | null;
}

export interface BillingFindingsTable {
  id: string;
  kind: "paid_without_tenant" | "tenant_without_payment" | "module_without_item" | "item_without_module" | "database_without_subscription" | "second_subscription" | "row_differs" | "invoice_differs";
  subject: string;
  tenantId: string | null;
  details: Json;
  foundAt: Date;
  seenAt: Date;
  repairedAt: Date | null;
  repair: string | null;
  repairedBy: string | null;
}

export interface CheckoutsTable {
  id: string;
  tenantId: string;
  priceId: string;
  items: Json;
  state: "reserved" | "open" | "completed" | "expired" | "withdrawn";
  stripeSessionId: string | null;
  url: string | null;
  startedBy: string;
  expiresAt: Date;
  createdAt: Date;
  updatedAt: Date;
}

export interface ContractsTable {
  version: number;
  name: string;
  codeKnows: number;
}

export interface DatabaseServersTable {
  name: string;
  migrationsMax: number;
}

export interface DeploymentTargetsTable {
  deploymentId: string;
  tenantId: string;
  wave: number;
  position: number;
  server: string;
  state: Generated<"pending" | "queued" | "running" | "succeeded" | "failed" | "skipped">;
  fromVersion: number;
  toVersion: number | null;
  predictedLockMs: number | null;
  attempts: Generated<number>;
  fence: string | null;
  leaseUntil: Date | null;
  nextRunAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  reachedVersion: number | null;
  fingerprint: string | null;
  rowsDone: Generated<string>;
  error: string | null;
  sqlState: string | null;
  migration: string | null;
  statement: number | null;
  blocker: string | null;
  skipReason: string | null;
  isLockUnknown: Generated<boolean>;
}

export interface DeploymentWavesTable {
  deploymentId: string;
  position: number;
  name: string;
  percent: number | null;
  startedAt: Date | null;
  settledAt: Date | null;
  promotedAt: Date | null;
  promotedBy: string | null;
}

export interface DeploymentsTable {
  id: string;
  kind: "migrate" | "rollback" | "repair";
  toVersion: number | null;
  repair: string | null;
  rollsBack: string | null;
  selector: string;
  state: "running" | "paused" | "halted" | "completed" | "abandoned";
  haltReason: string | null;
  wave: Generated<number>;
  promotion: "automatic" | "operator";
  soakSeconds: number;
  haltRate: string;
  haltSample: number;
  haltFailures: number;
  batchSize: number;
  batchDelayMs: number;
  isQuiet: boolean;
  quietOverride: string | null;
  rehearsalId: string | null;
  reason: string;
  createdBy: string;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface EnterpriseEnquiriesTable {
  id: string;
  tenantId: string;
  askedByName: string;
  email: string;
  phone: string;
  branches: string;
  message: string;
  createdAt: Date;
}

export interface FindRequestsTable {
  id: string;
  email: string;
  createdAt: Date;
}

export interface FleetTable {
  onlyRow: Generated<boolean>;
  settledVersion: number | null;
}

export interface InvoicesTable {
  id: string;
  tenantId: string;
  stripeSubscriptionId: string | null;
  number: string | null;
  status: "draft" | "open" | "paid" | "void" | "uncollectible";
  currency: string;
  total: string;
  amountDue: string;
  amountPaid: string;
  amountRefunded: Generated<string>;
  amountCredited: Generated<string>;
  periodStart: Date | null;
  periodEnd: Date | null;
  dueAt: Date | null;
  paidAt: Date | null;
  nextAttemptAt: Date | null;
  attempts: Generated<number>;
  needsConfirmation: Generated<boolean>;
  hostedUrl: string | null;
  pdfUrl: string | null;
  disputedAt: Date | null;
  paidReference: string | null;
  createdAt: Date;
  fetchedAt: Date;
}

export interface MrrMovementsTable {
  id: string;
  tenantId: string;
  number: number;
  at: Date;
  kind: "new" | "expansion" | "contraction" | "churn" | "reactivation";
  currency: string;
  amount: string;
  mrr: string;
  stripeSubscriptionId: string | null;
}

export interface OutboxTable {
  id: string;
  queue: string;
  payload: Json;
  dedupeKey: string;
  dueAt: Date;
  sentAt: Date | null;
  doneAt: Date | null;
  attempts: Generated<number>;
  lastError: string | null;
  createdAt: Date;
}

export interface PaymentEventsTable {
  id: string;
  type: string;
  apiVersion: string | null;
  stripeCustomerId: string | null;
  createdAt: Date;
  receivedAt: Date;
  state: Generated<"received" | "applied" | "ignored" | "failed" | "discarded">;
  attempts: Generated<number>;
  error: string | null;
  appliedAt: Date | null;
  payload: Json;
}

export interface PlanChangesTable {
  id: string;
  tenantId: string;
  fromItems: Json;
  items: Json;
  kind: "now" | "at_period_end";
  state: "quoted" | "applying" | "waiting" | "applied" | "failed" | "expired";
  currency: string;
  prorationAt: Date;
  dueNow: string;
  dueNext: string;
  nextAt: Date | null;
  lines: Json;
  stripeInvoiceId: string | null;
  invoiced: string | null;
  askedBy: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface PricesTable {
  id: string;
  planId: string | null;
  addOnCode: string | null;
  currency: string;
  billingInterval: "month" | "year";
  amount: string;
  isCurrent: Generated<boolean>;
  stripePriceId: string | null;
  createdAt: Date;
}

export interface ProvisioningAttemptsTable {
  jobId: string;
  fence: string;
  step: string;
  startedAt: Date;
  finishedAt: Date | null;
  outcome: "done" | "waited" | "failed" | null;
  error: string | null;
}

export interface ProvisioningJobsTable {
  id: string;
  tenantId: string;
  state: "queued" | "running" | "done" | "failed" | "rolling_back" | "rolled_back";
  fence: Generated<string>;
  leaseUntil: Date | null;
  nextRunAt: Date;
  createdAt: Date;
  finishedAt: Date | null;
  admittedAt: Date | null;
  linkNumber: Generated<number>;
}

export interface ProvisioningStepsTable {
  jobId: string;
  position: number;
  name: string;
  state: Generated<"waiting" | "running" | "done" | "failed">;
  attempts: Generated<number>;
  startedAt: Date | null;
  finishedAt: Date | null;
  lastError: string | null;
}

export interface RateLimitsTable {
  key: string;
  hits: Date[];
  expiresAt: Date;
}

export interface RefundsTable {
  id: string;
  tenantId: string;
  invoiceId: string;
  amount: string;
  currency: string;
  state: "asked" | "done" | "refused";
  stripeCreditNoteId: string | null;
  stripeRefundId: string | null;
  reason: string;
  askedBy: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface RegistryCounterTable {
  onlyRow: Generated<boolean>;
  version: string;
}

export interface RehearsalsTable {
  id: string;
  tenantId: string;
  fromVersion: number;
  toVersion: number;
  checksums: string[];
  hasPassed: boolean;
  report: Json;
  rehearsedBy: string;
  rehearsedAt: Date;
}

export interface ReleasesTable {
  name: string;
  channel: "stable" | "next";
  schemaKnown: number;
  schemaRequired: number;
  announcedAt: Date;
  retiredAt: Date | null;
}

export interface SignUpsTable {
  id: string;
  browserHash: string;
  companyName: string;
  ownerName: string;
  email: string;
  subdomain: string;
  planId: string;
  termsVersion: string;
  termsAcceptedAt: Date;
  sourceIp: string;
  codeNumber: Generated<number>;
  codeExpiresAt: Date;
  codeAttempts: Generated<number>;
  tenantId: string | null;
  createdAt: Date;
  confirmedAt: Date | null;
  hasOpened: Generated<boolean>;
}

export interface SubscriptionPlansTable {
  id: string;
  code: "starter" | "professional" | "enterprise";
  name: string;
  currency: string;
  priceMonthly: string | null;
  priceYearly: string | null;
  maxBranches: number | null;
  maxUsers: number | null;
  maxItems: number | null;
  apiRequestsPerMinute: number | null;
  includedModules: ("inventory" | "sales" | "purchases" | "reports" | "stock_take" | "multi_branch" | "api_access" | "advanced_reports" | "custom_branding")[];
  features: Json;
  updatedAt: Date;
  tenantId: string | null;
}

export interface TenantAddOnsTable {
  tenantId: string;
  addOnCode: string;
  quantity: number;
  priceId: string;
  stripeItemId: string;
  createdAt: Date;
}

export interface TenantDatabasesTable {
  tenantId: string;
  provider: "supabase" | "postgres";
  projectName: string;
  region: string;
  size: string;
  projectRef: string | null;
  ownerSecretArn: string | null;
  appSecretArn: string | null;
  createdAt: Date;
  isAdopted: Generated<boolean>;
  creationAskedAt: Date | null;
}

export interface TenantHostsTable {
  host: string;
  tenantId: string;
  kind: "primary" | "redirect" | "custom";
  until: Date | null;
  createdAt: Date;
}

export interface TenantModulesTable {
  id: string;
  tenantId: string;
  moduleName: string;
  source: "add_on" | "grant" | "trial" | "custom";
  isEnabled: Generated<boolean>;
  expiresAt: Date | null;
  createdAt: Date;
  title: string | null;
}

export interface TenantPeopleTable {
  tenantId: string;
  emailHash: string;
  isPresent: boolean;
  saidAt: Date;
}

export interface TenantSchemasTable {
  tenantId: string;
  fence: Generated<string>;
  version: number | null;
  fingerprint: string | null;
  drift: Json | null;
  tableSizes: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  lookedAt: Date | null;
  quietFrom: Generated<string>;
  quietUntil: Generated<string>;
  lookTriedAt: Date | null;
  lookError: string | null;
}

export interface TenantSubscriptionsTable {
  id: string;
  tenantId: string;
  planId: string;
  status: "trialing" | "active" | "past_due" | "canceled" | "incomplete" | "incomplete_expired" | "unpaid" | "paused";
  billingInterval: "month" | "year" | null;
  currentPeriodStart: Date | null;
  currentPeriodEnd: Date | null;
  cancelAtPeriodEnd: Generated<boolean>;
  stripeCustomerId: string | null;
  stripeSubscriptionId: string | null;
  createdAt: Date;
  updatedAt: Date;
  priceId: string | null;
  currency: string | null;
  collection: Generated<"automatic" | "invoice">;
  stripePlanItemId: string | null;
  endsAt: Date | null;
  endedAt: Date | null;
  pendingUntil: Date | null;
  pendingPriceId: string | null;
  pendingUrl: string | null;
  stripeScheduleId: string | null;
  scheduledPriceId: string | null;
  scheduledAt: Date | null;
  cardBrand: string | null;
  cardLast4: string | null;
  cardExpiresAt: Date | null;
  discountPercent: string | null;
  discountAmount: string | null;
  discountEndsAt: Date | null;
  fetchedAt: Date | null;
}

export interface TenantUsageTable {
  tenantId: string;
  month: string;
  apiCalls: Generated<string>;
  storageBytes: Generated<string>;
  users: Generated<number>;
  branches: Generated<number>;
  items: Generated<number>;
  moduleDays: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  measuredAt: Date;
}

export interface TenantsTable {
  id: string;
  name: string;
  state: "provisioning" | "provisioning_failed" | "trial" | "active" | "past_due" | "suspended" | "cancelled" | "closed";
  ring: Generated<"staging" | "pilot" | "general">;
  currency: string;
  timeZone: string;
  ownerName: string;
  ownerEmail: string;
  termsVersion: string;
  termsAcceptedAt: Date;
  trialEndsAt: Date | null;
  schemaVersion: number | null;
  flags: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  settings: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  registryVersion: Generated<string>;
  createdAt: Date;
  updatedAt: Date;
  ownerMailbox: string | null;
  trialMailbox: string | null;
  profileVersion: Generated<string>;
  pastDueSince: Date | null;
  graceEndsAt: Date | null;
  accessEndsAt: Date | null;
  suspension: "trial_ended" | "unpaid" | "subscription_ended" | "operator" | null;
  nextChangeAt: Date | null;
  billingCurrency: string | null;
}

export interface ControlTables {
  addOns: AddOnsTable;
  auditLog: AuditLogTable;
  billingFindings: BillingFindingsTable;
  checkouts: CheckoutsTable;
  contracts: ContractsTable;
  databaseServers: DatabaseServersTable;
  deploymentTargets: DeploymentTargetsTable;
  deploymentWaves: DeploymentWavesTable;
  deployments: DeploymentsTable;
  enterpriseEnquiries: EnterpriseEnquiriesTable;
  findRequests: FindRequestsTable;
  fleet: FleetTable;
  invoices: InvoicesTable;
  mrrMovements: MrrMovementsTable;
  outbox: OutboxTable;
  paymentEvents: PaymentEventsTable;
  planChanges: PlanChangesTable;
  prices: PricesTable;
  provisioningAttempts: ProvisioningAttemptsTable;
  provisioningJobs: ProvisioningJobsTable;
  provisioningSteps: ProvisioningStepsTable;
  rateLimits: RateLimitsTable;
  refunds: RefundsTable;
  registryCounter: RegistryCounterTable;
  rehearsals: RehearsalsTable;
  releases: ReleasesTable;
  signUps: SignUpsTable;
  subscriptionPlans: SubscriptionPlansTable;
  tenantAddOns: TenantAddOnsTable;
  tenantDatabases: TenantDatabasesTable;
  tenantHosts: TenantHostsTable;
  tenantModules: TenantModulesTable;
  tenantPeople: TenantPeopleTable;
  tenantSchemas: TenantSchemasTable;
  tenantSubscriptions: TenantSubscriptionsTable;
  tenantUsage: TenantUsageTable;
  tenants: TenantsTable;
}
