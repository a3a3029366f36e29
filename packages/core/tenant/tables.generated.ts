// Generated from the migrations by `npm run generate`. Do not edit.
import type { ColumnType, Generated, GeneratedAlways } from "kysely";

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

export interface BranchesTable {
  id: string;
  code: string;
  name: string;
  isHeadquarters: Generated<boolean>;
  createdAt: Date;
  updatedAt: Date;
}

export interface CompaniesTable {
  onlyRow: Generated<boolean>;
  name: string;
  currency: string;
  timeZone: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface IdentityTable {
  onlyRow: Generated<boolean>;
  tenantId: string;
}

export interface ItemImportRejectionsTable {
  importId: string;
  rowNumber: number;
  reason: string;
  cells: Json;
}

export interface ItemImportsTable {
  id: string;
  fileName: string;
  content: Uint8Array | null;
  options: Json;
  state: "waiting" | "running" | "done" | "failed";
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
  searchText: GeneratedAlways<string>;
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

export interface SessionsTable {
  id: string;
  userId: string;
  token: string;
  expiresAt: Date;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface SignInLinksTable {
  tokenHash: string;
  userId: string;
  expiresAt: Date;
  usedAt: Date | null;
  createdAt: Date;
}

export interface UsersTable {
  id: string;
  name: string;
  email: string;
  emailVerified: Generated<boolean>;
  image: string | null;
  role: "owner" | "admin" | "pharmacist" | "cashier" | "procurement" | "viewer";
  createdAt: Date;
  updatedAt: Date;
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
  branches: BranchesTable;
  companies: CompaniesTable;
  identity: IdentityTable;
  itemImportRejections: ItemImportRejectionsTable;
  itemImports: ItemImportsTable;
  items: ItemsTable;
  outbox: OutboxTable;
  sessions: SessionsTable;
  signInLinks: SignInLinksTable;
  users: UsersTable;
  verifications: VerificationsTable;
}
