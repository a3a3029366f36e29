import * as z from "zod";
import { hashToken, hmac, randomToken } from "../../kernel/tokens.ts";
import type { DatabaseEndpoint, ProjectEndpoints } from "../../ports/database-hosts.ts";
import { parseSecret, type Secrets } from "../../ports/secrets.ts";
import type { AppSecret, OwnerSecret } from "../../ports/tenant-setup.ts";
import type { ControlScope } from "../scope.ts";

const endpointSchema = z.object({ host: z.string(), port: z.number(), database: z.string() });
const credentialSchema = z.object({ user: z.string(), password: z.string() });

/** The owner's password exists before the database does; the rest is added once the provider has told it. */
const ownerDraftSchema = z.object({ tenantId: z.string(), password: z.string() });
const ownerSchema = ownerDraftSchema.extend({ user: z.string(), session: endpointSchema });
/** A database that a person made where no provider of ours tells its endpoints: they stand in its secret. */
const adoptedSchema = ownerSchema.extend({ pooled: endpointSchema, userSuffix: z.string() });
const appSchema = z.object({
  tenantId: z.string(),
  pooled: endpointSchema,
  app: credentialSchema,
  reader: credentialSchema,
});

/** What the names of a tenant's secrets are made from. */
export interface SecretNaming {
  readonly control: ControlScope;
  readonly stage: string;
  readonly tenantId: string;
  readonly jobId: string;
}

/** The owner secret of an adopted database: what a person told us instead of the provider. */
export interface AdoptedSecret extends OwnerSecret {
  readonly pooled: ProjectEndpoints["pooled"];
  readonly userSuffix: string;
}

/**
 * Name of one of the tenant's two secrets. Its end is derived from the job: stable, so that a step run again finds what
 * it made; different for another job, because the name of a deleted secret stays taken for days.
 */
export const secretName = (naming: SecretNaming, kind: "owner" | "app"): Promise<string> => nameOf(naming, kind, kind);

/** Name of the owner secret of a database that a person made. @param number which of the tenant's adoptions, from 1 */
export const adoptedSecretName = (naming: SecretNaming, number: number): Promise<string> =>
  nameOf(naming, "owner", `owner:${number}`);

async function nameOf(
  { control, stage, tenantId, jobId }: SecretNaming,
  kind: "owner" | "app",
  subject: string,
): Promise<string> {
  const key = await control.key("secret-name", jobId);
  const suffix = hashToken(hmac(key, subject)).slice(0, 10);
  return `pharmasight/${stage}/tenants/${tenantId}/${kind}-${suffix}`;
}

/** Names of the tenant's database roles. Opaque: roles of one server can list each other's names. */
export function roleNames(tenantId: string): { readonly app: string; readonly reader: string } {
  const subject = hashToken(tenantId).slice(0, 12);
  return { app: `app_${subject}`, reader: `reader_${subject}` };
}

/** Makes the owner secret with a new password unless it is there already. @returns the password that it holds */
export async function ensureOwnerPassword(secrets: Secrets, name: string, tenantId: string) {
  const draft = JSON.stringify({ tenantId, password: randomToken() });
  const { reference } = await secrets.create(name, draft);
  const { password } = parseSecret(ownerDraftSchema, await secrets.read(reference));
  return { reference, password };
}

/** Adds where the database is to the owner secret. The password stays: writing it again changes nothing. */
export async function completeOwnerSecret(
  secrets: Secrets,
  reference: string,
  endpoints: ProjectEndpoints,
): Promise<OwnerSecret> {
  const { tenantId, password } = parseSecret(ownerDraftSchema, await secrets.read(reference));
  const owner: OwnerSecret = { tenantId, password, user: endpoints.ownerUser, session: endpoints.session };
  await secrets.replace(reference, JSON.stringify(owner));
  return owner;
}

export async function readOwnerSecret(secrets: Secrets, reference: string): Promise<OwnerSecret> {
  return parseSecret(ownerSchema, await secrets.read(reference));
}

/** Keeps what a person told of the database that is adopted, in place of what an adoption that stopped had left. */
export async function keepAdoptedSecret(
  secrets: Secrets,
  name: string,
  adopted: AdoptedSecret,
): Promise<{ reference: string }> {
  const value = JSON.stringify(adopted);
  const { reference, created } = await secrets.create(name, value);
  if (!created) await secrets.replace(reference, value);
  return { reference };
}

export async function readAdoptedEndpoints(secrets: Secrets, reference: string): Promise<ProjectEndpoints> {
  const { user, session, pooled, userSuffix } = parseSecret(adoptedSchema, await secrets.read(reference));
  return { session, pooled, userSuffix, ownerUser: user };
}

/**
 * Makes the app secret with new passwords unless it is there already. One that was made for another database keeps its
 * passwords and leads to this one.
 * @returns what it holds
 */
export async function ensureAppSecret(
  secrets: Secrets,
  name: string,
  tenantId: string,
  endpoints: ProjectEndpoints,
): Promise<{ reference: string; secret: AppSecret }> {
  const roles = roleNames(tenantId);
  const draft: AppSecret = {
    tenantId,
    pooled: endpoints.pooled,
    app: { user: roles.app + endpoints.userSuffix, password: randomToken() },
    reader: { user: roles.reader + endpoints.userSuffix, password: randomToken() },
  };
  const { reference } = await secrets.create(name, JSON.stringify(draft));
  const kept = parseSecret(appSchema, await secrets.read(reference));
  if (kept.app.user === draft.app.user && isSame(kept.pooled, draft.pooled)) return { reference, secret: kept };
  const secret: AppSecret = {
    ...draft,
    app: { user: draft.app.user, password: kept.app.password },
    reader: { user: draft.reader.user, password: kept.reader.password },
  };
  await secrets.replace(reference, JSON.stringify(secret));
  return { reference, secret };
}

const isSame = (one: DatabaseEndpoint, other: DatabaseEndpoint): boolean =>
  one.host === other.host && one.port === other.port && one.database === other.database;
