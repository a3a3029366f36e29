import type { DatabaseEndpoint } from "./database-hosts.ts";

/** Credential of one role, as stored in a tenant's secret. */
export interface DatabaseCredential {
  readonly user: string;
  readonly password: string;
}

/** The `owner` secret: provisioning and migrations only. */
export interface OwnerSecret extends DatabaseCredential {
  readonly tenantId: string;
  readonly session: DatabaseEndpoint;
}

/** The `app` secret: what requests are served with. `reader` can only select. */
export interface AppSecret {
  readonly tenantId: string;
  readonly pooled: DatabaseEndpoint;
  readonly app: DatabaseCredential;
  readonly reader: DatabaseCredential;
}

/**
 * What provisioning and migrations may do to a tenant's database, on the owner credential. Every method may be
 * repeated after any failure with the same result.
 */
export interface TenantSetup {
  /** Creates the application and reader roles without a login. Names as in the `app` secret, without its suffix. */
  createRoles(owner: OwnerSecret, roles: { app: string; reader: string }): Promise<void>;
  /** Lets both roles sign in with the passwords of the `app` secret. */
  setPasswords(owner: OwnerSecret, roles: { app: DatabaseCredential; reader: DatabaseCredential }): Promise<void>;
  /** The last version of the schema that this code comes with. */
  readonly newestSchemaVersion: number;
  /** The oldest that this code can serve. */
  readonly requiredSchemaVersion: number;
  /** Leads the schema up or down to a version. @returns the version reached */
  migrate(owner: OwnerSecret, toVersion: number): Promise<{ schemaVersion: number }>;
  /**
   * Writes whose database this is. @throws DomainError `conflict` when it is already another tenant's: never
   * overwritten
   */
  claimIdentity(owner: OwnerSecret): Promise<void>;
  /** Company, first branch and their defaults. */
  seed(owner: OwnerSecret, seed: TenantSeed): Promise<void>;
  /** The owner's account, without a password, and the hash of the one-time link that signs them in. */
  addOwner(owner: OwnerSecret, account: OwnerAccount): Promise<void>;
  /**
   * Replaces the owner's one-time link, and their address where it was wrong. What was sent before no longer works.
   * @throws DomainError `conflict` when somebody has signed in as the owner: the account is theirs now
   */
  renewOwnerLink(owner: OwnerSecret, renewal: OwnerLinkRenewal): Promise<void>;
  /**
   * Looks at a database that a person made, and changes nothing.
   * @param pooled where requests would reach it
   * @throws DomainError `unavailable` when either way does not lead to a database
   */
  inspect(owner: OwnerSecret, pooled: DatabaseEndpoint): Promise<DatabaseFacts>;
}

export type OwnerLinkRenewal = Pick<OwnerAccount, "userId" | "email" | "linkHash" | "linkExpiresAt" | "at">;

export interface DatabaseFacts {
  /** Whose it says it is; undefined while it is nobody's. */
  readonly tenantId: string | undefined;
  /** Of the server, such as 17. */
  readonly majorVersion: number;
  /** Whether the owner may make roles, and schemas in this database. */
  readonly canSetUp: boolean;
  /** Whether both ways lead to the same database. */
  readonly isOneDatabase: boolean;
}

export interface TenantSeed {
  readonly companyName: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly at: Date;
}

export interface OwnerAccount {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly linkHash: string;
  readonly linkExpiresAt: Date;
  readonly at: Date;
}
