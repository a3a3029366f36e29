/** Where a tenant's database can be reached: parts, never a string to be sliced. */
export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

export interface DatabaseProject {
  /** The provider's own reference. */
  readonly ref: string;
  readonly status: "creating" | "ready" | "failed" | "removed";
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

/** A provider of databases. One adapter per provider, the same contract suite for each. */
export interface DatabaseHosts {
  /**
   * The project of this name, if the provider has one. Looked up before `create`, which has no idempotency key: a
   * reply that was lost leaves a project behind. The oldest one when there are several.
   */
  find(name: string): Promise<DatabaseProject | undefined>;
  /** @throws DomainError `unavailable` (with `retryAfterSeconds` on 429), `invalid_input` when refused for good */
  create(project: NewDatabaseProject): Promise<DatabaseProject>;
  /** `ready` only when both the database and the pooler are healthy. */
  inspect(ref: string): Promise<DatabaseProject>;
  endpoints(ref: string): Promise<ProjectEndpoints>;
  /** Deletes the project and its backups. Deleting what is not there succeeds. */
  delete(ref: string): Promise<void>;
}

export interface NewDatabaseProject {
  readonly name: string;
  readonly ownerPassword: string;
  readonly region: string;
  readonly size: string;
}
