// Generated from the migrations by `npm run generate`. Do not edit.
import type { ColumnType, Generated } from "kysely";

export type Json = ColumnType<unknown, NonNullable<unknown>, NonNullable<unknown>>;

export interface AccountsTable {
  id: string;
  userId: string;
  accountId: string;
  providerId: string;
  password: string | null;
  accessToken: string | null;
  refreshToken: string | null;
  idToken: string | null;
  accessTokenExpiresAt: Date | null;
  refreshTokenExpiresAt: Date | null;
  scope: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface ApiKeysTable {
  id: string;
  name: string;
  prefix: string;
  keyHash: string;
  scopes: string[];
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  useCount: Generated<string>;
  createdBy: string;
  createdAt: Date;
}

export interface AuditLogTable {
  id: string;
  at: Date;
  actorKind: "visitor" | "member" | "api_key" | "job" | "operator";
  actorId: string | null;
  action: string;
  reason: string | null;
  sourceIp: string | null;
  requestId: string | null;
  before: Json | null;
  after: Json | null;
}

export interface BatchesTable {
  id: string;
  itemId: string;
  batchNumber: string;
  expiresOn: string | null;
  createdAt: Date;
}

export interface BranchesTable {
  id: string;
  code: string;
  name: string;
  isHeadquarters: Generated<boolean>;
  createdAt: Date;
  updatedAt: Date;
  address: string | null;
  phone: string | null;
  archivedAt: Date | null;
}

export interface CompaniesTable {
  onlyRow: Generated<boolean>;
  name: string;
  currency: string;
  timeZone: string;
  createdAt: Date;
  updatedAt: Date;
  legalName: string | null;
  taxId: string | null;
  phone: string | null;
  email: string | null;
  address: string | null;
  profileVersion: Generated<string>;
}

export interface CompanyLogosTable {
  onlyRow: Generated<boolean>;
  content: Uint8Array;
  contentType: "image/png" | "image/jpeg" | "image/webp";
  digest: string;
  updatedAt: Date;
}

export interface DocumentSeriesTable {
  branchId: string;
  documentType: string;
  nextNumber: Generated<string>;
  usedAt: Date | null;
}

export interface IdentityTable {
  onlyRow: Generated<boolean>;
  tenantId: string;
}

export interface ImportHeadingsTable {
  heading: string;
  field: string | null;
  changedAt: Date;
}

export interface InvitationsTable {
  id: string;
  name: string;
  email: string | null;
  username: string | null;
  role: "admin" | "pharmacist" | "cashier" | "procurement" | "viewer" | null;
  branchRoles: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  linkNumber: Generated<number>;
  expiresAt: Date;
  invitedBy: string;
  createdAt: Date;
  sentAt: Date;
  acceptedAt: Date | null;
  revokedAt: Date | null;
  userId: string | null;
}

export interface ItemImportChangesTable {
  importId: string;
  rowNumber: number;
  itemId: string;
  change: "added" | "updated" | "stocked";
  before: Json | null;
  itemChangedAt: Date | null;
  undoneAt: Date | null;
  keptReason: string | null;
}

export interface ItemImportKeysTable {
  importId: string;
  key: string;
  rowNumber: number;
}

export interface ItemImportRejectionsTable {
  importId: string;
  rowNumber: number;
  reason: string;
  cells: Json;
  kind: Generated<"rejected" | "stock_left">;
}

export interface ItemImportRowsTable {
  importId: string;
  rowNumber: number;
  cells: Json;
}

export interface ItemImportsTable {
  id: string;
  fileName: string;
  content: Uint8Array | null;
  options: Json;
  state: "waiting" | "reading" | "mapping" | "checking" | "checked" | "running" | "paused" | "done" | "undoing" | "undone" | "cancelled" | "failed";
  rowsTotal: number | null;
  rowsRead: Generated<number>;
  rowsAdded: Generated<number>;
  rowsSkipped: Generated<number>;
  rowsRejected: Generated<number>;
  error: string | null;
  createdBy: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  turn: Generated<number>;
  position: Generated<number>;
  hintedAt: Date | null;
  stageStartedAt: Date | null;
  stageRows: Generated<number>;
  fileDigest: string | null;
  format: "csv" | "xlsx" | null;
  sheets: Json | null;
  sheet: string | null;
  headerRow: number | null;
  header: Json | null;
  mapping: Json | null;
  rowsUpdated: Generated<number>;
  checkedAt: Date | null;
  rowsChecked: Generated<number>;
  rowsNew: Generated<number>;
  rowsKnown: Generated<number>;
  rowsBad: Generated<number>;
  rowsParked: Generated<number>;
  rowsStocked: Generated<number>;
  rowsStockLeft: Generated<number>;
  rowsUndone: Generated<number>;
  rowsKept: Generated<number>;
  documentNumbers: ColumnType<unknown, NonNullable<unknown> | undefined, NonNullable<unknown>>;
  undoneAt: Date | null;
}

export interface ItemsTable {
  id: string;
  sku: string;
  name: string;
  genericName: string | null;
  brandNames: string | null;
  strength: string | null;
  form: string | null;
  barcode: string | null;
  baseUnit: string;
  wholesaleUnit: string | null;
  supplierUnit: string | null;
  basePerWholesale: string | null;
  wholesalePerSupplier: string | null;
  retailPrice: string | null;
  taxClass: "standard" | "zero_rated" | "exempt" | "out_of_scope" | null;
  isControlled: Generated<boolean>;
  isPrescriptionOnly: Generated<boolean>;
  isColdChain: Generated<boolean>;
  archivedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  costPrice: string | null;
  searchWords: string | null;
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

export interface PasswordResetsTable {
  id: string;
  userId: string;
  createdBy: string | null;
  expiresAt: Date;
  usedAt: Date | null;
  createdAt: Date;
}

export interface RateLimitsTable {
  key: string;
  hits: Date[];
  expiresAt: Date;
}

export interface RecoveryCodesTable {
  codeHash: string;
  userId: string;
  usedAt: Date | null;
  createdAt: Date;
}

export interface RequestQuotasTable {
  key: string;
  windowStart: Date;
  taken: string;
}

export interface RolePermissionsTable {
  role: "admin" | "pharmacist" | "cashier" | "procurement" | "viewer";
  permission: string;
  isAllowed: boolean;
  changedBy: string;
  changedAt: Date;
}

export interface SessionsTable {
  id: string;
  userId: string;
  token: string;
  expiresAt: Date;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: Date;
  updatedAt: Date;
  lastSeenAt: Date | null;
}

export interface SetupStepsTable {
  step: "welcome" | "company" | "branches" | "people" | "items" | "checklist";
  state: "done" | "skipped";
  changedBy: string;
  changedAt: Date;
}

export interface SignInLinksTable {
  tokenHash: string;
  userId: string;
  expiresAt: Date;
  usedAt: Date | null;
  createdAt: Date;
}

export interface StockBalancesTable {
  branchId: string;
  itemId: string;
  batchId: string;
  quantity: string;
}

export interface StockMovementsTable {
  id: string;
  branchId: string;
  itemId: string;
  batchId: string;
  kind: "opening_balance" | "opening_balance_undone";
  quantity: string;
  unitCost: string | null;
  documentNumber: string;
  sourceId: string;
  actorKind: "member" | "api_key" | "job";
  actorId: string;
  at: Date;
}

export interface TwoFactorsTable {
  userId: string;
  sealedSecret: string;
  confirmedAt: Date | null;
  lastStep: string | null;
  createdAt: Date;
}

export interface UsageDaysTable {
  day: string;
  apiCalls: Generated<string>;
  modules: Generated<string[]>;
}

export interface UserBranchRolesTable {
  userId: string;
  branchId: string;
  role: "admin" | "pharmacist" | "cashier" | "procurement" | "viewer";
}

export interface UsersTable {
  id: string;
  name: string;
  email: string | null;
  emailVerified: Generated<boolean>;
  image: string | null;
  role: "owner" | "admin" | "pharmacist" | "cashier" | "procurement" | "viewer" | null;
  createdAt: Date;
  updatedAt: Date;
  username: string | null;
  deactivatedAt: Date | null;
  lastSeenAt: Date | null;
}

export interface VerificationsTable {
  id: string;
  identifier: string;
  value: string;
  expiresAt: Date;
  createdAt: Date;
  updatedAt: Date;
}

export interface TenantTables {
  accounts: AccountsTable;
  apiKeys: ApiKeysTable;
  auditLog: AuditLogTable;
  batches: BatchesTable;
  branches: BranchesTable;
  companies: CompaniesTable;
  companyLogos: CompanyLogosTable;
  documentSeries: DocumentSeriesTable;
  identity: IdentityTable;
  importHeadings: ImportHeadingsTable;
  invitations: InvitationsTable;
  itemImportChanges: ItemImportChangesTable;
  itemImportKeys: ItemImportKeysTable;
  itemImportRejections: ItemImportRejectionsTable;
  itemImportRows: ItemImportRowsTable;
  itemImports: ItemImportsTable;
  items: ItemsTable;
  outbox: OutboxTable;
  passwordResets: PasswordResetsTable;
  rateLimits: RateLimitsTable;
  recoveryCodes: RecoveryCodesTable;
  requestQuotas: RequestQuotasTable;
  rolePermissions: RolePermissionsTable;
  sessions: SessionsTable;
  setupSteps: SetupStepsTable;
  signInLinks: SignInLinksTable;
  stockBalances: StockBalancesTable;
  stockMovements: StockMovementsTable;
  twoFactors: TwoFactorsTable;
  usageDays: UsageDaysTable;
  userBranchRoles: UserBranchRolesTable;
  users: UsersTable;
  verifications: VerificationsTable;
}
