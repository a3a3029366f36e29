import { migrate } from "@pharmasight/adapters/migrations/executor";
import postgres from "postgres";
import type { Cluster } from "./postgres/cluster.ts";
import type { StateFolder } from "./state.ts";

export interface DatabaseConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export interface ControlDatabase {
  /** DDL: the migrations. */
  readonly owner: DatabaseConnection;
  /** The control plane's functions. */
  readonly app: DatabaseConnection;
  /** The tenant plane's functions: the registry view only. */
  readonly registryReader: DatabaseConnection;
}

const DATABASE = "pharmasight_control";

/** Makes the control database, brings it to the newest migration, and gives its roles logins. May be run again. */
export async function prepareControlDatabase(cluster: Cluster, state: StateFolder): Promise<ControlDatabase> {
  const { host, port, superuser } = cluster;
  const connection = async (user: string): Promise<DatabaseConnection> => {
    return { host, port, database: DATABASE, user, password: await state.secret(user) };
  };
  const control = {
    owner: await connection("control_owner"),
    app: await connection("control_app_login"),
    registryReader: await connection("registry_reader_login"),
  };
  const sql = postgres({ host, port, database: "postgres", ...superuser, max: 1, onnotice: () => {} });
  try {
    await ensureRole(sql, control.owner, "createrole");
    await ensureDatabase(sql, control.owner);
    await migrate({
      endpoint: { host, port, database: DATABASE },
      credential: { user: control.owner.user, password: control.owner.password },
      plane: "control",
    });
    // The migrations make the roles that hold the rights; a login of each is made outside of them, as at the provider.
    await ensureRole(sql, control.app, "in role control_app");
    await ensureRole(sql, control.registryReader, "in role registry_reader");
    await sql.unsafe(`grant connect on database ${DATABASE} to control_app, registry_reader`);
  } finally {
    await sql.end();
  }
  return control;
}

async function ensureRole(sql: postgres.Sql, { user, password }: DatabaseConnection, options: string): Promise<void> {
  const known = await sql`select 1 from pg_roles where rolname = ${user}`;
  if (known.length === 0) await sql.unsafe(`create role ${user} login ${options}`);
  // Role commands take no parameters. The password is base64url, so there is nothing in it to quote.
  await sql.unsafe(`alter role ${user} password '${password}'`);
}

async function ensureDatabase(sql: postgres.Sql, { user, database }: DatabaseConnection): Promise<void> {
  const known = await sql`select 1 from pg_database where datname = ${database}`;
  if (known.length === 0) await sql.unsafe(`create database ${database} owner ${user}`);
  // Every tenant's database is in the same cluster here: none of their roles may connect.
  await sql.unsafe(`revoke all on database ${database} from public`);
}
