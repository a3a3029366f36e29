import type postgres from "postgres";

/** What sessions leave behind on a backend for whoever gets it next. */
export interface Residue {
  readonly pid: number;
  /** Settings for the session, without those that PgBouncer keeps for each client by itself. */
  readonly settings: readonly string[];
  readonly role: string;
  readonly preparedStatements: number;
  readonly advisoryLocks: number;
  readonly cursors: number;
  readonly channels: number;
  readonly temporaryTables: boolean;
  /** Whether this very question is asked inside a transaction that somebody began before. */
  readonly insideTransaction: boolean;
}

/** What the next client of a backend finds on it, asked without leaving anything. */
export async function residueOf(client: postgres.Sql): Promise<Residue> {
  const [row] = await client
    .unsafe(
      `select pg_backend_pid() as pid,
        array(select name || '=' || setting from pg_settings where source = 'session' and name not in
          ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')
          order by name) as settings,
        case when current_user = session_user then 'own' else current_user end as role,
        (select count(*)::integer from pg_prepared_statements) as prepared_statements,
        (select count(*)::integer from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as advisory_locks,
        (select count(*)::integer from pg_cursors) as cursors,
        (select count(*)::integer from pg_listening_channels()) as channels,
        pg_my_temp_schema() <> 0 as temporary_tables,
        now() <> statement_timestamp() as inside_transaction`,
    )
    .simple();
  if (row === undefined) throw new Error("The backend does not answer.");
  return {
    pid: Number(row["pid"]),
    // The simple protocol answers in text: {a=1,b=2}
    settings: String(row["settings"])
      .replaceAll(/^\{|\}$|"/g, "")
      .split(",")
      .filter((setting) => setting !== ""),
    role: String(row["role"]),
    preparedStatements: Number(row["prepared_statements"]),
    advisoryLocks: Number(row["advisory_locks"]),
    cursors: Number(row["cursors"]),
    channels: Number(row["channels"]),
    temporaryTables: row["temporary_tables"] === true || row["temporary_tables"] === "t",
    insideTransaction: row["inside_transaction"] === true || row["inside_transaction"] === "t",
  };
}

export const nothing: Omit<Residue, "pid"> = {
  settings: [],
  role: "own",
  preparedStatements: 0,
  advisoryLocks: 0,
  cursors: 0,
  channels: 0,
  temporaryTables: false,
  insideTransaction: false,
};
