import postgres from "postgres";

/** The one Postgres that all projects share here. */
export interface SharedCluster {
  readonly host: string;
  readonly port: number;
  readonly superuser: { readonly user: string; readonly password: string };
}

/** Cluster-wide names of a project's owner and database. The pooler maps `postgres.<ref>` and `postgres` to them. */
export const ownerOf = (ref: string): string => `postgres_${ref}`;
export const databaseOf = (ref: string): string => `project_${ref}`;

/** The roles that Supabase's Data API serves visitors, users and servers with. */
const dataApiRoles = ["anon", "authenticated", "service_role"] as const;

/** The databases behind the projects. Every method may be repeated after a crash. */
export class ProjectDatabases {
  readonly #cluster: SharedCluster;
  readonly #sharedRoles: readonly string[];
  /** Roles seen before: asking costs a connection, and a role that was dropped since cannot sign in anyway. */
  readonly #seenRoles = new Set<string>();

  /**
   * @param sharedRoles group roles without login that the product makes in every project. On Supabase each project is a
   * cluster of its own, so their names never meet; here they exist once, and each owner may grant them.
   */
  constructor(cluster: SharedCluster, sharedRoles: readonly string[]) {
    this.#cluster = cluster;
    this.#sharedRoles = sharedRoles;
  }

  /** Makes the roles that no project owns. */
  async prepareCluster(): Promise<void> {
    await this.#asSuperuser("postgres", async (sql) => {
      for (const role of dataApiRoles) await createRole(sql, role, role === "service_role" ? "bypassrls" : "");
      for (const role of this.#sharedRoles) await createRole(sql, role, "");
    });
  }

  /** Makes the owner, with the attributes of Supabase's `postgres`: no superuser. */
  async createOwner(ref: string, password: string): Promise<void> {
    await this.#asSuperuser("postgres", async (sql) => {
      const owner = ownerOf(ref);
      const attributes = `login nosuperuser createdb createrole replication bypassrls password ${literal(password)}`;
      await sql.unsafe(`create role ${owner} ${attributes}`);
      await sql.unsafe(`grant ${dataApiRoles.join(", ")} to ${owner}`);
      // As the maker of a role gets it: may grant it, but has none of its rights.
      const options = "admin true, inherit false, set false";
      for (const role of this.#sharedRoles) await sql.unsafe(`grant ${quoted(role)} to ${owner} with ${options}`);
    });
  }

  /** Makes the database, with Supabase's default grants on the schema `public`. */
  async createDatabase(ref: string): Promise<void> {
    const owner = ownerOf(ref);
    const database = databaseOf(ref);
    await this.#asSuperuser("postgres", async (sql) => {
      const [existing] = await sql`select 1 from pg_database where datname = ${database}`;
      if (existing === undefined) await sql.unsafe(`create database ${database} owner ${owner}`);
      // Elsewhere the wall between projects is the cluster; here it is the right to connect.
      await sql.unsafe(`revoke connect on database ${database} from public`);
      await sql.unsafe(`grant connect on database ${database} to ${owner} with grant option`);
    });
    await this.#asSuperuser(database, async (sql) => {
      const roles = dataApiRoles.join(", ");
      await sql.unsafe(`grant usage on schema public to ${roles}`);
      for (const objects of ["tables", "sequences", "functions"]) {
        await sql.unsafe(
          `alter default privileges for role ${owner} in schema public grant all on ${objects} to ${roles}`,
        );
      }
    });
  }

  /** Drops the database, the owner and every role that the owner made. */
  async drop(ref: string): Promise<void> {
    await this.#asSuperuser("postgres", async (sql) => {
      await sql.unsafe(`drop database if exists ${databaseOf(ref)} with (force)`);
      for (const role of [...(await this.#rolesMadeBy(sql, ref)), ownerOf(ref)]) {
        await sql.unsafe(`drop role if exists ${quoted(role)}`);
      }
    });
  }

  /** Whether the role would exist in the project's own cluster: its owner made it there. */
  async hasRole(ref: string, role: string): Promise<boolean> {
    if (this.#seenRoles.has(`${role}.${ref}`)) return true;
    const roles = await this.#asSuperuser("postgres", (sql) => this.#rolesMadeBy(sql, ref));
    for (const name of roles) this.#seenRoles.add(`${name}.${ref}`);
    return roles.includes(role);
  }

  /** Postgres gives the maker of a role the admin option on it. */
  async #rolesMadeBy(sql: postgres.Sql, ref: string): Promise<string[]> {
    const rows = await sql<{ name: string }[]>`
      select made.rolname as name
      from pg_auth_members
      join pg_roles made on made.oid = roleid
      join pg_roles maker on maker.oid = member
      where admin_option and maker.rolname = ${ownerOf(ref)}`;
    return rows.map(({ name }) => name).filter((name) => !this.#sharedRoles.includes(name));
  }

  async #asSuperuser<T>(database: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const { host, port, superuser } = this.#cluster;
    // A connection per task: a cluster that was restarted in between is no concern then.
    const sql = postgres({
      host,
      port,
      database,
      username: superuser.user,
      password: superuser.password,
      max: 1,
      connect_timeout: 10,
      onnotice: () => undefined,
    });
    try {
      return await run(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

/** Several stand-ins may start on one cluster at once, and `create role` has no `if not exists`. */
async function createRole(sql: postgres.Sql, role: string, attributes: string): Promise<void> {
  try {
    const [existing] = await sql`select 1 from pg_roles where rolname = ${role}`;
    if (existing === undefined) await sql.unsafe(`create role ${quoted(role)} nologin ${attributes}`);
  } catch (error) {
    const code = error instanceof postgres.PostgresError ? error.code : "";
    if (code !== "23505" && code !== "42710") throw error;
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
