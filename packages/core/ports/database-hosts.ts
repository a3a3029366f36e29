/** Where a tenant's database can be reached: parts, never a string to be sliced. */
export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

export interface DatabaseProject {
  /** The provider's own reference. */
  readonly ref: string;
  /** Undefined for one that is gone. */
  readonly name: string | undefined;
  readonly status: "creating" | "ready" | "failed" | "removed";
}

/** A project as a list shows it: `up` says nothing of its pooler. */
export interface ListedProject {
  readonly ref: string;
  readonly name: string;
  readonly status: "creating" | "up" | "failed" | "removed";
  readonly createdAt: Date;
}

export interface ProjectEndpoints {
  /** Transaction pooling: requests. */
  readonly pooled: DatabaseEndpoint;
  /** One session per connection: provisioning and migrations. */
  readonly session: DatabaseEndpoint;
  /** Who owns the database, as the endpoint above wants to hear it. */
  readonly ownerUser: string;
  /** How the endpoint wants to hear the name of any other role (Supabase's pooler: `role.ref`). */
  readonly userSuffix: string;
}

/** Those that there is an adapter for, by the names in a tenant's record. */
export const databaseProviders = ["supabase", "postgres"] as const;
export type DatabaseProvider = (typeof databaseProviders)[number];

/** A provider of databases. One adapter per provider, the same contract suite for each. */
export interface DatabaseHosts {
  /**
   * The project of this name, if the provider has one. Looked up before `create`, which has no idempotency key: a
   * reply that was lost leaves a project behind. The oldest one when there are several; one that failed only when
   * there is no other.
   */
  find(name: string): Promise<DatabaseProject | undefined>;
  /**
   * Projects whose name contains a text, oldest first, those included that are being removed.
   * @param after where the page before ended
   */
  list(namePart: string, after?: string): Promise<{ projects: readonly ListedProject[]; next: string | undefined }>;
  /**
   * @throws DomainError `rate_limited` (with `retryAfterSeconds`) and `invalid_input` when refused: nothing is made;
   * `unavailable` when it may have been
   */
  create(project: NewDatabaseProject): Promise<DatabaseProject>;
  /** `ready` only when both the database and the pooler are healthy. */
  inspect(ref: string): Promise<DatabaseProject>;
  endpoints(ref: string): Promise<ProjectEndpoints>;
  /**
   * Deletes the project and its backups. Deleting what is not there succeeds.
   * @returns `isAccepted` false while the provider is not ready to delete it, such as while it is being made
   */
  delete(ref: string): Promise<{ isAccepted: boolean }>;
  /**
   * A second database with all that is in a project's, for trying something out; not every provider can. Connections to
   * the project end while it is made, and new ones wait. Its application roles cannot connect to the copy. One that is
   * not discarded goes after a day, when another is made.
   * @param name what it is for: the same name replaces the copy that has it
   * @throws DomainError `not_found`, `unavailable`
   */
  copy?(ref: string, name: string): Promise<DatabaseCopy>;
}

export interface DatabaseCopy {
  /** With the owner and the password of the project. */
  readonly endpoints: ProjectEndpoints;
  /** Drops it, whoever is connected. A second call succeeds. */
  discard(): Promise<void>;
}

export interface NewDatabaseProject {
  readonly name: string;
  readonly ownerPassword: string;
  readonly region: string;
  readonly size: string;
  /** Of the template that it is made from, where there are templates; default the newest. */
  readonly schemaVersion?: number;
}
