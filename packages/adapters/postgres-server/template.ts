import { randomBytes } from "node:crypto";
import type { DatabaseEndpoint } from "@pharmasight/core/ports/database-hosts";
import type { Session } from "../postgres/client.ts";
import { checksum } from "../postgres/migration.ts";
import { migrations } from "../postgres/migrations.generated.ts";
import { migrate } from "../postgres/migrator.ts";
import { scramVerifier } from "../postgres/scram.ts";
import { templateOf } from "./names.ts";

/** Owns what is in the templates, and nothing else on the server. Can sign in only while one is being made. */
export const TEMPLATE_OWNER = "ps_template_owner";
const DRAFT = "ps_template_draft";
/** The migrations grant to these; they have no login, and no right to connect anywhere. */
export const GROUPS = ["pharmacy_app", "pharmacy_reader"] as const;

/**
 * The template of this code's migrations, made when it is missing. It is made under another name and gets its own last,
 * so a worker that dies leaves a draft that the next one throws away. Nobody can connect to a finished one. Workers queue
 * for one lock; the lock ends with the session.
 * @returns its name
 */
export async function ensureTemplate(
  session: Session,
  server: { readonly endpoint: DatabaseEndpoint; readonly ca: string | undefined },
): Promise<string> {
  const name = templateOf(migrations.tenant.map(({ up }) => checksum(up)));
  if (await isThere(session, name)) return name;
  await session.rows("select pg_advisory_lock(hashtextextended('pharmasight template', 0))");
  try {
    if (!(await isThere(session, name))) await build(session, server, name);
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
  { endpoint, ca }: { readonly endpoint: DatabaseEndpoint; readonly ca: string | undefined },
  name: string,
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
  await migrate({
    endpoint: { ...endpoint, database: DRAFT },
    credential: { user: TEMPLATE_OWNER, password },
    plane: "tenant",
    ca,
  });
  await session.script(`alter role ${TEMPLATE_OWNER} nologin password null`);
  await session.script(`alter database ${DRAFT} allow_connections false`);
  await session.rows("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1", [DRAFT]);
  await session.script(`alter database ${DRAFT} rename to ${name}`);
}

/** `create role` has no `if not exists`; two at once may both find it missing. */
async function ensureRole(session: Session, name: string): Promise<void> {
  await session.script(`
    do $$ begin
      if not exists (select from pg_roles where rolname = '${name}') then create role ${name} nologin; end if;
    exception when duplicate_object or unique_violation then null;
    end $$`);
}
