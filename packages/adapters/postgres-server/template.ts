import { randomBytes } from "node:crypto";
import { sqlStateOf } from "@pharmasight/core/kernel/sqlstate";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { DatabaseCredential } from "@pharmasight/core/ports/tenant-setup";
import { migrate } from "../migrations/executor.ts";
import { migrations } from "../migrations/migrations.generated.ts";
import { schemaVersions } from "../migrations/schema-versions.generated.ts";
import type { Session } from "../postgres/client.ts";
import { scramVerifier } from "../postgres/scram.ts";
import { withSession } from "../postgres/session.ts";
import { TEMPLATE, templateOf, templatePrefix } from "./names.ts";

/** Owns what is in the templates, and nothing else on the server. Can sign in only while one is being made. */
export const TEMPLATE_OWNER = "ps_template_owner";
const DRAFT = "ps_template_draft";
/** The migrations grant to these; they have no login, and no right to connect anywhere. */
export const GROUPS = ["pharmacy_app", "pharmacy_reader"] as const;
/** Somebody is at it. */
const OBJECT_IN_USE = "55006";

/** How the administrator reaches the server. */
export interface TemplateServer {
  readonly endpoint: DatabaseEndpoint;
  readonly credential: DatabaseCredential;
  readonly ca: string | undefined;
}

/**
 * The template of a version of this code's migrations, made when it is missing. It is made under another name and gets its own last,
 * so a worker that dies leaves a draft that the next one throws away. Nobody can connect to a finished one. Workers queue
 * for one lock; the lock ends with the session. Whoever makes one drops those before it.
 * @returns its name
 */
export async function ensureTemplate(
  session: Session,
  server: TemplateServer,
  version = schemaVersions.tenant,
): Promise<string> {
  const checksums = migrations.tenant.filter((one) => one.version <= version).map(({ checksum }) => checksum);
  const name = templateOf(version, checksums);
  if (await isThere(session, name)) return name;
  await session.rows("select pg_advisory_lock(hashtextextended('pharmasight template', 0))");
  try {
    if (!(await isThere(session, name))) {
      await build(session, server, { name, version });
      await dropEarlier(session, version);
    }
  } finally {
    await session.rows("select pg_advisory_unlock(hashtextextended('pharmasight template', 0))");
  }
  return name;
}

async function isThere(session: Session, name: string): Promise<boolean> {
  const rows = await session.rows("select from pg_database where datname = $1", [name]);
  return rows.length > 0;
}

async function build(
  session: Session,
  { endpoint, credential, ca }: TemplateServer,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<void> {
  const password = randomBytes(24).toString("base64url");
  for (const role of [TEMPLATE_OWNER, ...GROUPS]) await ensureRole(session, role);
  await session.script(`alter role ${TEMPLATE_OWNER} login password '${await scramVerifier(password)}'`);
  await session.script(`drop database if exists ${DRAFT} with (force)`);
  await session.script(`create database ${DRAFT} template template0 allow_connections false`);
  // Its owner stays the administrator: what is reassigned in a clone must not take the template along.
  await session.script(`revoke all on database ${DRAFT} from public`);
  await session.script(`grant connect, create on database ${DRAFT} to ${TEMPLATE_OWNER}`);
  await session.script(`alter database ${DRAFT} allow_connections true`);
  const draft = { ...endpoint, database: DRAFT };
  await withSession({ endpoint: draft, credential, ca, applicationName: "pharmasight-hosts" }, makeAdmission);
  await migrate({
    endpoint: draft,
    credential: { user: TEMPLATE_OWNER, password },
    plane: "tenant",
    toVersion: version,
    ca,
  });
  await session.script(`alter role ${TEMPLATE_OWNER} nologin password null`);
  await session.script(`alter database ${DRAFT} allow_connections false`);
  await session.rows("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1", [DRAFT]);
  await session.script(`alter database ${DRAFT} rename to ${name}`);
}

/**
 * By which an owner puts the roles that it made into the groups. An owner who had the admin option on a group could
 * rename it, or let it sign in, for every tenant of the server.
 */
async function makeAdmission(session: Session): Promise<void> {
  await session.script(`
    create schema pharmasight;
    create function pharmasight.admit(who name, into_group name) returns void
    language plpgsql security definer set search_path = pg_catalog as $$
    begin
      if into_group not in ('${GROUPS.join("', '")}') or not exists (
        select from pg_auth_members m join pg_roles made on made.oid = m.roleid join pg_roles maker on maker.oid = m.member
        where m.admin_option and made.rolname = who and maker.rolname = session_user)
      then
        raise insufficient_privilege using message = 'only roles that you made, into the groups of the application';
      end if;
      execute format('grant %I to %I', into_group, who);
    end $$;
    revoke all on function pharmasight.admit from public`);
}

/**
 * A worker of the code before may still clone the last of them, and makes it anew when it is gone; one that it is at is
 * left to the next migration.
 */
async function dropEarlier(session: Session, version: number): Promise<void> {
  const earlier = await session.rows("select datname from pg_database where datname ~ $1 and datname < $2", [
    TEMPLATE,
    templatePrefix(version),
  ]);
  for (const { datname } of earlier) {
    try {
      await session.script(`drop database if exists ${String(datname)}`);
    } catch (error) {
      if (sqlStateOf(error) !== OBJECT_IN_USE) throw error;
    }
  }
}

/** `create role` has no `if not exists`; two at once may both find it missing. */
async function ensureRole(session: Session, name: string): Promise<void> {
  await session.script(`
    do $$ begin
      if not exists (select from pg_roles where rolname = '${name}') then create role ${name} nologin; end if;
    exception when duplicate_object or unique_violation then null;
    end $$`);
}
