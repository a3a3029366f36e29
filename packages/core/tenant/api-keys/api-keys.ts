export * as ApiKeys from "./api-keys.ts";

import { sql } from "kysely";
import * as z from "zod";
import { DAY_SECONDS, secondsAfter } from "../../kernel/clock.ts";
import { DomainError, invalidInput, notFound } from "../../kernel/errors.ts";
import { idSchema, newId } from "../../kernel/ids.ts";
import type { Member } from "../actors.ts";
import { requireAct, requireModule } from "../admission.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { type ApiScope, apiScopes, hashKey, newKey } from "./key.ts";

export { type ApiScope, apiScopes } from "./key.ts";

/** Keys that may be alive at once. */
export const LIVE_KEYS_MAX = 20;
const LISTED_MAX = 100;
const NAME_LENGTH_MAX = 100;
const EXPIRES_IN_DAYS_MAX = 3650;

export interface ApiKeyDetails {
  readonly id: string;
  readonly name: string;
  /** The beginning of the key, by which people tell keys apart. */
  readonly prefix: string;
  readonly scopes: readonly ApiScope[];
  /** Null: until it is revoked. */
  readonly expiresAt: Date | null;
  readonly isExpired: boolean;
  readonly lastUsedAt: Date | null;
  readonly useCount: number;
  readonly createdAt: Date;
  readonly createdByName: string;
}

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** Null: until it is revoked. */
  readonly expiresInDays: number | null;
}

/**
 * Issues a key. The text that is returned is nowhere else: only its hash is stored.
 * @throws DomainError `forbidden` for all but owners and admins, `module_required`, `invalid_input` by field, `conflict`
 *   when 20 keys are alive, `payment_required`
 */
export async function issue(tenant: TenantScope<Member>, input: NewApiKey): Promise<{ id: string; key: string }> {
  requireManager(tenant.actor);
  const now = tenant.clock.now();
  requireAct(tenant.tenant, "grow", "Issuing API keys");
  requireModule(tenant.tenant, "api_access", "work", now);
  const { name, scopes, expiresInDays } = checked(input);
  const expiresAt = expiresInDays === null ? null : secondsAfter(now, expiresInDays * DAY_SECONDS);
  const { key, prefix } = newKey();
  const id = newId(tenant.clock);
  await tenant.tx(async (tx) => {
    await requireRoom(tx, now);
    await tx.db
      .insertInto("apiKeys")
      .values({
        id,
        name,
        prefix,
        keyHash: hashKey(tx.tenant.tenantId, key),
        scopes: [...scopes],
        expiresAt,
        createdBy: tx.actor.userId,
        createdAt: now,
      })
      .execute();
    await TenantAudit.append(tx, { action: "api_key.issued", after: { id, name, prefix, scopes, expiresAt } });
  });
  return { id, key };
}

/**
 * The keys that were not revoked: those that work first, the newest of them first, at most 100.
 * @throws DomainError `forbidden`
 */
export async function list(tenant: TenantScope<Member>): Promise<readonly ApiKeyDetails[]> {
  requireManager(tenant.actor);
  const now = tenant.clock.now();
  const rows = await tenant.db
    .selectFrom("apiKeys")
    .innerJoin("users", "users.id", "apiKeys.createdBy")
    .select([
      "apiKeys.id",
      "apiKeys.name",
      "apiKeys.prefix",
      "apiKeys.scopes",
      "apiKeys.expiresAt",
      "apiKeys.lastUsedAt",
      "apiKeys.useCount",
      "apiKeys.createdAt",
      "users.name as createdByName",
      sql<boolean>`coalesce(api_keys.expires_at <= ${now}::timestamptz, false)`.as("isExpired"),
    ])
    .where("apiKeys.revokedAt", "is", null)
    .orderBy("isExpired")
    .orderBy("apiKeys.createdAt", "desc")
    .orderBy("apiKeys.id", "desc")
    .limit(LISTED_MAX)
    .execute();
  return rows.map((row) => ({
    ...row,
    scopes: z.array(z.enum(apiScopes)).parse(row.scopes),
    useCount: Number(row.useCount),
  }));
}

/**
 * Ends a key: here at once, in other processes within ten seconds.
 * @throws DomainError `forbidden`, or `not_found` for one that is unknown or was revoked before
 */
export async function revoke(tenant: TenantScope<Member>, id: string): Promise<void> {
  requireManager(tenant.actor);
  if (!idSchema.safeParse(id).success) throw notFound("API key");
  const revoked = await tenant.tx(async (tx) => {
    const row = await tx.db
      .updateTable("apiKeys")
      .set({ revokedAt: tx.clock.now() })
      .where("id", "=", id)
      .where("revokedAt", "is", null)
      .returning(["name", "prefix", "keyHash"])
      .executeTakeFirst();
    if (row === undefined) throw notFound("API key");
    const { name, prefix } = row;
    await TenantAudit.append(tx, { action: "api_key.revoked", before: { id, name, prefix } });
    return row;
  });
  tenant.forgetApiKey(revoked.keyHash);
}

/** Whether a person may issue and revoke keys. */
export const mayManage = (member: Member): boolean => Permissions.may(member, "api_keys.manage");

function requireManager(member: Member): void {
  Permissions.requireEverywhere(member, "api_keys.manage");
}

function checked(input: NewApiKey): NewApiKey {
  const name = input.name.trim();
  const { expiresInDays } = input;
  const scopes = apiScopes.filter((scope) => input.scopes.includes(scope));
  const fields: { name?: string; scopes?: string; expiresInDays?: string } = {};
  if (name === "") fields.name = "Write what the key is for, like Web shop.";
  if (name.length > NAME_LENGTH_MAX) fields.name = `Use at most ${NAME_LENGTH_MAX} characters.`;
  if (/\p{Cc}/u.test(name)) fields.name = "Use letters, digits and signs in one line.";
  if (scopes.length === 0) fields.scopes = "Choose what programs may do with this key.";
  const isLifetime =
    expiresInDays === null ||
    (Number.isInteger(expiresInDays) && expiresInDays > 0 && expiresInDays <= EXPIRES_IN_DAYS_MAX);
  if (!isLifetime) fields.expiresInDays = "Choose how long the key is to work.";
  if (Object.keys(fields).length > 0) throw invalidInput("Some of the values need a change.", fields);
  return { name, scopes, expiresInDays };
}

/** Counts behind a lock until the end of the transaction, so that two at once cannot both be the twentieth. */
async function requireRoom(tx: TenantScope<Member>, now: Date): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('api_keys'))`.execute(tx.db);
  const { live } = await tx.db
    .selectFrom("apiKeys")
    .select((e) => e.fn.countAll<string>().as("live"))
    .where("revokedAt", "is", null)
    .where((e) => e.or([e("expiresAt", "is", null), e("expiresAt", ">", now)]))
    .executeTakeFirstOrThrow();
  if (Number(live) < LIVE_KEYS_MAX) return;
  const message = `You have ${LIVE_KEYS_MAX} keys. Revoke one that is not needed any more.`;
  throw new DomainError("conflict", message, { fields: { name: message } });
}
