import { invalidInput, notFound } from "@pharmasight/core/kernel/errors";
import type {
  DatabaseHosts,
  DatabaseProject,
  ListedProject,
  ProjectEndpoints,
} from "@pharmasight/core/ports/database-hosts";
import type { Session } from "../postgres/client.ts";
import { scramVerifier } from "../postgres/scram.ts";
import { type WithSession, withSession } from "../postgres/session.ts";
import { dropCopiesOf, dropCopy, makeCopy } from "./copies.ts";
import { isRef, ownerOf, refOf } from "./names.ts";
import { ensureTemplate, GROUPS, TEMPLATE_OWNER } from "./template.ts";

/** How the administrator of a server reaches it. The database is one that no tenant's role may connect to. */
export interface ServerAdministrator {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

const PAGE_SIZE = 100;
const NAME_LENGTH_MAX = 200;
const TIMEOUT_MS = 45_000;
/** A copy takes as long as its files take. */
const COPY_TIMEOUT_MS = 600_000;

/**
 * One database and its roles for each tenant, on a Postgres server of ours: cloned from a template that has the tenant
 * migrations already. Making one is done when `create` returns. What was made is kept in a table of the administrator's
 * database, which is closed to everybody else.
 */
export function postgresServerHosts(options: {
  readonly administrator: () => Promise<ServerAdministrator>;
  /** The one region that this server is in. */
  readonly region: string;
  /** A transaction pooler in front of the server; without it requests connect to the server itself. */
  readonly pooler?: { readonly host: string; readonly port: number };
  readonly ca?: string;
  /** How the administrator connects; by default one short connection per call. */
  readonly connect?: WithSession;
}): DatabaseHosts {
  const { administrator, region, pooler, ca, connect = withSession } = options;

  const sessionOf = (admin: ServerAdministrator, database?: string, timeoutMs = TIMEOUT_MS) => ({
    ...reached(admin, database),
    ca,
    applicationName: "pharmasight-hosts",
    settings: `set statement_timeout = ${timeoutMs}`,
    timeoutMs: timeoutMs + 5000,
  });
  /** With the server's own list, which is made when it is missing. */
  const withList = async <T>(
    session: Session,
    admin: ServerAdministrator,
    work: (session: Session, admin: ServerAdministrator) => Promise<T>,
  ): Promise<T> => {
    const [row] = await session.rows("select to_regclass('pharmasight.databases') is not null as made");
    if (row?.made !== true) await makeList(session);
    return work(session, admin);
  };
  const onList = async <T>(work: (session: Session, admin: ServerAdministrator) => Promise<T>): Promise<T> => {
    const admin = await administrator();
    return connect(sessionOf(admin), (session) => withList(session, admin, work));
  };

  const inspect = async (ref: string): Promise<DatabaseProject> =>
    onList(async (session) => {
      const [row] = await session.rows("select name, is_ready from pharmasight.databases where ref = $1", [ref]);
      if (row === undefined) return { ref, name: undefined, status: "removed" };
      return { ref, name: String(row.name), status: row.is_ready === true ? "ready" : "creating" };
    });

  const endpointsOf = ({ host, port }: ServerAdministrator, ref: string, database = ref): ProjectEndpoints => {
    const session = { host, port, database };
    return { session, pooled: { ...session, ...pooler }, ownerUser: ownerOf(ref), userSuffix: "" };
  };

  return {
    inspect,

    // One that was begun and not finished is not found: `create` is what finishes it.
    find: async (name) => {
      const project = await inspect(refOf(name));
      return project.status === "ready" ? project : undefined;
    },

    list: (namePart, after = "0") =>
      onList(async (session) => {
        const rows = await session.rows(
          `select position::text, ref, name, is_ready, created_at from pharmasight.databases
           where position > $1::bigint and strpos(name, $2) > 0 order by position limit ${PAGE_SIZE + 1}`,
          [after, namePart],
        );
        const page = rows.slice(0, PAGE_SIZE);
        return {
          projects: page.map(listed),
          next: rows.length > PAGE_SIZE ? String(page.at(-1)?.position) : undefined,
        };
      }),

    create: async (project) => {
      if (project.region !== region) throw invalidInput(`No server of ours is in the region ${project.region}.`, {});
      if (project.name.length > NAME_LENGTH_MAX) throw invalidInput("The name of the database is too long.", {});
      const ref = refOf(project.name);
      await onList((session, admin) =>
        alone(session, ref, async () => {
          const [row] = await session.rows(
            `insert into pharmasight.databases (ref, name) values ($1, $2)
             on conflict (ref) do update set name = excluded.name returning is_ready`,
            [ref, project.name],
          );
          if (row?.is_ready === true) return;
          const template = await ensureTemplate(session, { ...reached(admin), ca }, project.schemaVersion);
          await drop(session, ref);
          await makeOwner(session, ref, project.ownerPassword);
          await session.script(
            `create database ${ref} template ${template} owner ${ownerOf(ref)} allow_connections false`,
          );
          // Shut before it is opened: by default every role of the server may connect.
          await session.script(
            `revoke all on database ${ref} from public; alter database ${ref} allow_connections true`,
          );
          // Asked once, and no tenant's: not a connection to keep.
          await withSession(sessionOf(admin, ref), (inside) => handOver(inside, ownerOf(ref)));
          await session.rows("update pharmasight.databases set is_ready = true where ref = $1", [ref]);
        }),
      );
      return { ref, name: project.name, status: "ready" };
    },

    endpoints: async (ref) => {
      if ((await inspect(ref)).status === "removed") throw notFound("database project");
      return endpointsOf(await administrator(), ref);
    },

    copy: async (ref, name) => {
      const project = await inspect(ref);
      if (!isRef(ref) || project.status !== "ready") throw notFound("database project");
      const admin = await administrator();
      // Longer than any other call: not connections to keep.
      const patient = sessionOf(admin, undefined, COPY_TIMEOUT_MS);
      const copy = await withSession(patient, (session) =>
        withList(session, admin, () =>
          alone(session, ref, () => makeCopy(session, (work) => withSession(patient, work), { ref, name })),
        ),
      );
      return {
        endpoints: endpointsOf(admin, ref, copy),
        discard: () => onList((session) => dropCopy(session, copy)),
      };
    },

    delete: (ref) =>
      onList(async (session) => {
        if (!isRef(ref)) return { isAccepted: true };
        await alone(session, ref, async () => {
          await dropCopiesOf(session, ref);
          await drop(session, ref);
          await session.rows("delete from pharmasight.databases where ref = $1", [ref]);
        });
        return { isAccepted: true };
      }),
  };
}

const reached = ({ host, port, user, password, ...admin }: ServerAdministrator, database = admin.database) => ({
  endpoint: { host, port, database },
  credential: { user, password },
});

async function makeList(session: Session): Promise<void> {
  // One statement after another in one implicit transaction; whoever comes second waits and finds it made.
  await session.script(`
    select pg_advisory_xact_lock(hashtextextended('pharmasight databases', 0));
    do $$ begin
      execute format('revoke all on database %I from public', current_database());
    end $$;
    create schema if not exists pharmasight;
    create table if not exists pharmasight.databases (
      ref text primary key,
      name text not null unique,
      position bigint not null unique generated always as identity,
      is_ready boolean not null default false,
      created_at timestamptz not null default now()
    )`);
}

/** Whoever makes or deletes one database goes alone. When that fails, the lock ends with the session. */
async function alone<T>(session: Session, ref: string, work: () => Promise<T>): Promise<T> {
  const lock = [`pharmasight database ${ref}`];
  await session.rows("select pg_advisory_lock(hashtextextended($1, 0))", lock);
  const result = await work();
  await session.rows("select pg_advisory_unlock(hashtextextended($1, 0))", lock);
  return result;
}

/** May make the roles of its own tenant, and no database. Into the groups it gets them by `pharmasight.admit` only. */
async function makeOwner(session: Session, ref: string, password: string): Promise<void> {
  const owner = ownerOf(ref);
  const attributes = "login createrole nocreatedb nosuperuser nobypassrls noreplication";
  // An administrator who is no superuser has to be a member to make somebody the owner of anything.
  await session.script(`
    create role ${owner} ${attributes} password '${await scramVerifier(password)}';
    grant ${owner}, ${TEMPLATE_OWNER} to current_user with inherit true, set true`);
}

/**
 * Makes the owner the owner of all that the template brought. Default rights belong to the role that makes objects, so
 * they are granted anew: later migrations run as this owner.
 */
async function handOver(session: Session, owner: string): Promise<void> {
  await session.script(`
    grant usage on schema pharmasight to ${owner};
    grant execute on function pharmasight.admit to ${owner};
    reassign owned by ${TEMPLATE_OWNER} to ${owner};
    do $$
    declare given record;
    begin
      for given in
        select n.nspname as schema, e.privilege_type as privilege, e.grantee::regrole::text as grantee,
          case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
            when 'T' then 'types' end as kind
        from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) e
        where d.defaclrole = '${TEMPLATE_OWNER}'::regrole and e.grantee <> 0
      loop
        execute format('alter default privileges for role ${owner} in schema %I grant %s on %s to %s',
          given.schema, given.privilege, given.kind, given.grantee);
      end loop;
    end $$`);
}

/** The database, whoever is connected, and its roles: the owner's, and those that the owner made. */
async function drop(session: Session, ref: string): Promise<void> {
  await session.script(`drop database if exists ${ref} with (force)`);
  const made = await session.rows(
    `select quote_ident(made.rolname) as name
     from pg_auth_members join pg_roles made on made.oid = roleid join pg_roles maker on maker.oid = member
     where admin_option and maker.rolname = $1 and made.rolname not in ('${GROUPS.join("', '")}')`,
    [ownerOf(ref)],
  );
  for (const { name } of made) await session.script(`drop role if exists ${String(name)}`);
  await session.script(`drop role if exists ${ownerOf(ref)}`);
}

function listed(row: Readonly<Record<string, unknown>>): ListedProject {
  return {
    ref: String(row.ref),
    name: String(row.name),
    status: row.is_ready === true ? "up" : "creating",
    createdAt: row.created_at instanceof Date ? row.created_at : new Date(String(row.created_at)),
  };
}
