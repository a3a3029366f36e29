import { DomainError } from "@pharmasight/core/kernel/errors";
import { newId } from "@pharmasight/core/kernel/ids";
import type { Log } from "@pharmasight/core/kernel/log";
import { constraintOf, sqlStateOf, UNIQUE_VIOLATION } from "@pharmasight/core/kernel/sqlstate";
import type { OwnerSecret, TenantSetup } from "@pharmasight/core/ports/tenant-setup";
import { documentTypes } from "@pharmasight/core/tenant/numbering/document-types";
import { REQUIRED_SCHEMA_VERSION } from "@pharmasight/core/tenant/schema/capabilities";
import { migrate } from "../migrations/executor.ts";
import { schemaVersions } from "../migrations/schema-versions.generated.ts";
import type { Session } from "./client.ts";
import { scramVerifier } from "./scram.ts";
import { inTransaction, type WithSession, withSession } from "./session.ts";

/** The migrations grant to these; whoever signs in is a member of one. */
const APP_GROUP = "pharmacy_app";
const READER_GROUP = "pharmacy_reader";

/** On the roles, because a transaction pooler refuses settings at connect. Below the gateway's 30 s. */
const ROLE_SETTINGS = {
  statement_timeout: "20s",
  lock_timeout: "5s",
  idle_in_transaction_session_timeout: "30s",
  search_path: "pharmacy",
} as const;

/**
 * Sets a tenant's database up on the owner credential.
 * @param options.connect by default one short connection per call
 */
export function postgresTenantSetup(options: {
  readonly ca?: string | undefined;
  readonly log: Log;
  readonly connect?: WithSession;
}): TenantSetup {
  const { ca, log, connect = withSession } = options;
  const settings = "set statement_timeout = '30s'; set lock_timeout = '10s'";
  const onSession = <T>(owner: OwnerSecret, work: (session: Session) => Promise<T>): Promise<T> =>
    connect({ ...connection(owner, ca), applicationName: "pharmasight-setup", settings }, work);
  const run = <T>(owner: OwnerSecret, work: (session: Session) => Promise<T>): Promise<T> =>
    onSession(owner, (session) => inTransaction(session, () => work(session)));
  /** Statements that go over in one message are one transaction. */
  const runScript = (owner: OwnerSecret, statements: readonly string[]): Promise<void> =>
    onSession(owner, (session) => session.script(statements.join(";\n")));

  return {
    createRoles: (owner, roles) =>
      runScript(owner, [
        creationOf(APP_GROUP),
        creationOf(READER_GROUP),
        ...creationOfMember(roles.app, APP_GROUP),
        ...creationOfMember(roles.reader, READER_GROUP),
        `alter role ${quoteName(roles.reader)} set default_transaction_read_only = on`,
        // The pooler's name for the database need not be the server's own.
        `do $$ begin
          execute format('revoke create, temporary on database %I from public', current_database());
          execute format('grant connect on database %I to ${quoteName(roles.app)}, ${quoteName(roles.reader)}',
            current_database());
        end $$`,
      ]),

    setPasswords: async (owner, roles) => {
      const logins = [roles.app, roles.reader].map(
        async ({ user, password }) => `alter role ${quoteName(user)} login password '${await scramVerifier(password)}'`,
      );
      await runScript(owner, await Promise.all(logins));
    },

    newestSchemaVersion: schemaVersions.tenant,
    requiredSchemaVersion: REQUIRED_SCHEMA_VERSION,

    migrate: (owner, toVersion) =>
      migrate({ ...connection(owner, ca), plane: "tenant", tenantId: owner.tenantId, toVersion, log }),

    claimIdentity: (owner) =>
      run(owner, async (session) => {
        await session.rows("insert into pharmacy.identity (tenant_id) values ($1) on conflict do nothing", [
          owner.tenantId,
        ]);
        const [row] = await session.rows("select tenant_id from pharmacy.identity");
        if (row?.tenant_id === owner.tenantId) return;
        log.alarm("tenant-identity-mismatch", { expected: owner.tenantId, found: row?.tenant_id });
        throw new DomainError("conflict", "This database belongs to another pharmacy already.");
      }),

    seed: (owner, seed) =>
      run(owner, async (session) => {
        await session.rows(
          `insert into pharmacy.companies (name, currency, time_zone, created_at, updated_at)
           values ($1, $2, $3, $4, $4) on conflict do nothing`,
          [seed.companyName, seed.currency, seed.timeZone, seed.at],
        );
        await session.rows(
          `insert into pharmacy.branches (id, code, name, is_headquarters, created_at, updated_at)
           values ($1, 'HQ', 'Main branch', true, $2, $2) on conflict do nothing`,
          [newId({ now: () => seed.at }), seed.at],
        );
        await session.rows(
          `insert into pharmacy.document_series (branch_id, document_type)
           select id, document_type from pharmacy.branches, string_to_table($1, ',') document_type
           where is_headquarters on conflict do nothing`,
          [documentTypes.map(({ type }) => type).join(",")],
        );
      }),

    addOwner: (owner, account) =>
      run(owner, async (session) => {
        // The address was confirmed by the code that was sent to it.
        await refusingDoubles(() =>
          session.rows(
            `insert into pharmacy.users (id, name, email, email_verified, role, created_at, updated_at)
             values ($1, $2, $3, true, 'owner', $4, $4) on conflict (id) do nothing`,
            [account.userId, account.name, account.email, account.at],
          ),
        );
        await session.rows(
          `insert into pharmacy.sign_in_links (token_hash, user_id, expires_at, created_at)
           values ($1, $2, $3, $4) on conflict (token_hash) do nothing`,
          [account.linkHash, account.userId, account.linkExpiresAt, account.at],
        );
      }),

    renewOwnerLink: (owner, renewal) =>
      run(owner, async (session) => {
        // The application's roles have it; triggers go by it.
        await session.script("set local search_path to pharmacy");
        // Whoever signs in by the link that is replaced waits here, and finds it gone.
        const [person] = await session.rows("select role from pharmacy.users where id = $1 for update", [
          renewal.userId,
        ]);
        if (person?.role !== "owner" || (await hasSignedIn(session, renewal.userId))) {
          const message =
            "The owner has signed in: they can have a new link mailed, and change their address, themselves.";
          throw new DomainError("conflict", message);
        }
        await refusingDoubles(() =>
          session.rows("update pharmacy.users set email = $2, updated_at = $3 where id = $1 and email <> $2", [
            renewal.userId,
            renewal.email,
            renewal.at,
          ]),
        );
        await session.rows("delete from pharmacy.sign_in_links where user_id = $1", [renewal.userId]);
        await session.rows(
          `insert into pharmacy.sign_in_links (token_hash, user_id, expires_at, created_at) values ($1, $2, $3, $4)`,
          [renewal.linkHash, renewal.userId, renewal.linkExpiresAt, renewal.at],
        );
      }),

    inspect: async (owner, pooled) => {
      const { facts, place } = await lookAt(connection(owner, ca));
      const throughPooler = await lookAt({ ...connection(owner, ca), endpoint: pooled });
      return { ...facts, isOneDatabase: place === throughPooler.place };
    },
  };
}

/** By a link, a password or a session: from then on the account is a person's. */
async function hasSignedIn(session: Session, userId: string): Promise<boolean> {
  const [row] = await session.rows(
    `select exists (select from pharmacy.sign_in_links where user_id = $1 and used_at is not null)
       or exists (select from pharmacy.sessions where user_id = $1)
       or exists (select from pharmacy.accounts where user_id = $1) as yes`,
    [userId],
  );
  return row?.yes === true;
}

/** What a database says of itself, and by which marks it is told from every other. */
async function lookAt(options: ReturnType<typeof connection>) {
  return withSession({ ...options, applicationName: "pharmasight-setup", timeoutMs: 15_000 }, async (session) => {
    const [row] = await session.rows(`
      select current_setting('server_version_num')::integer / 10000 as version,
        (select rolcreaterole or rolsuper from pg_roles where rolname = current_user)
          and has_database_privilege(current_database(), 'create') as can_set_up,
        (select system_identifier from pg_control_system())::text || ' ' ||
          (select oid from pg_database where datname = current_database()) as place,
        to_regclass('pharmacy.identity') is not null as has_identity`);
    const [identity] =
      row?.has_identity === true ? await session.rows("select tenant_id::text from pharmacy.identity") : [];
    const tenantId = typeof identity?.tenant_id === "string" ? identity.tenant_id : undefined;
    const facts = { tenantId, majorVersion: Number(row?.version), canSetUp: row?.can_set_up === true };
    return { facts, place: String(row?.place) };
  });
}

const connection = (owner: OwnerSecret, ca: string | undefined) => ({
  endpoint: owner.session,
  credential: { user: owner.user, password: owner.password },
  ca,
});

/** A role without a login, unless it is there. Two at once may both find it missing, hence the exception. */
const creationOf = (name: string): string => `
  do $$ begin
    if not exists (select from pg_roles where rolname = ${quoteText(name)}) then
      create role ${quoteName(name)} nologin;
    end if;
  exception when duplicate_object or unique_violation then null;
  end $$`;

/** A role that will sign in with the rights of `group`, and with limits of its own: settings are not inherited. */
const creationOfMember = (name: string, group: string): readonly string[] => [
  creationOf(name),
  ...Object.entries(ROLE_SETTINGS).map(
    ([setting, value]) => `alter role ${quoteName(name)} set ${setting} = '${value}'`,
  ),
  // On a server that tenants share, no owner may do as it likes with the groups: the server's own function admits.
  `do $$ begin
    if to_regproc('pharmasight.admit') is null then grant ${group} to ${quoteName(name)};
    else perform pharmasight.admit(${quoteText(name)}, ${quoteText(group)});
    end if;
  end $$`,
];

async function refusingDoubles(insert: () => Promise<unknown>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (sqlStateOf(error) !== UNIQUE_VIOLATION || constraintOf(error) !== "users_email_key") throw error;
    throw new DomainError("conflict", "Somebody with this email address is in this pharmacy already.", {
      cause: error,
    });
  }
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
