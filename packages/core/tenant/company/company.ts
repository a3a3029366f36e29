export * as Company from "./company.ts";

import { sql } from "kysely";
import { DomainError } from "../../kernel/errors.ts";
import { TenantEvents } from "../../ports/tenant-events.ts";
import type { Job, Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { checkedLogo, type Logo } from "./logos.ts";
import { type CompanyInput, type CompanyProfile, checkedProfile } from "./profile.ts";

export { currencies, timeZones } from "./places.ts";
export type { CompanyInput, CompanyProfile } from "./profile.ts";

/** The profile as it is kept. */
export interface CompanyDetails extends CompanyProfile {
  /** When it was last changed: whoever changes it says which state they saw. */
  readonly updatedAt: Date;
  /** Whether the currency stays, because amounts are written in it. */
  readonly isCurrencyFixed: boolean;
  /** SHA-256 of the logo, hexadecimal: the end of its address. Null: there is none. */
  readonly logoDigest: string | null;
}

export interface CompanyChange {
  readonly profile: CompanyInput;
  /** A new logo; without one it stays as it is. */
  readonly logo?: Uint8Array | undefined;
  /** `updatedAt` of the profile that the person saw. */
  readonly seenAt: Date;
}

const columns = [
  "name",
  "legalName",
  "taxId",
  "currency",
  "timeZone",
  "phone",
  "email",
  "address",
  "updatedAt",
] as const;

/** @throws DomainError `forbidden` */
export async function get(tenant: TenantScope<Member>): Promise<CompanyDetails> {
  requireManager(tenant.actor);
  const row = await tenant.db.selectFrom("companies").select(columns).executeTakeFirstOrThrow();
  return { ...row, isCurrencyFixed: await hasAmounts(tenant), logoDigest: await logoDigest(tenant) };
}

/**
 * Changes the profile, and the logo if one comes along. The control plane is told of it.
 * @throws DomainError `forbidden`, `invalid_input` by field, `conflict` on `currency` when amounts are written in the
 *   present one, `conflict` without a field when somebody else changed the profile since `seenAt`
 */
export async function change(tenant: TenantScope<Member>, { profile, logo, seenAt }: CompanyChange): Promise<void> {
  requireManager(tenant.actor);
  const wanted = checkedProfile(profile);
  const picture = logo === undefined ? undefined : checkedLogo(logo);
  await tenant.tx(async (tx) => {
    const { updatedAt, ...before } = await tx.db
      .selectFrom("companies")
      .select(columns)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (updatedAt.getTime() !== seenAt.getTime()) {
      throw new DomainError("conflict", "Somebody else changed the profile while you were at it.");
    }
    if (before.currency !== wanted.currency) await requireNoAmounts(tx, before.currency);
    // Later than before, even within one millisecond: the stamp tells states apart.
    const now = new Date(Math.max(tx.clock.now().getTime(), updatedAt.getTime() + 1));
    await tx.db
      .updateTable("companies")
      .set({ ...wanted, updatedAt: now })
      .execute();
    if (picture !== undefined) await writeLogo(tx, picture);
    await TenantAudit.append(tx, { action: "company.changed", before, after: { ...wanted } });
    await tellControlPlane(tx);
  });
}

/**
 * Takes the logo away.
 * @throws DomainError `forbidden`
 */
export async function removeLogo(tenant: TenantScope<Member>): Promise<void> {
  requireManager(tenant.actor);
  await tenant.tx(async (tx) => {
    const removed = await tx.db.deleteFrom("companyLogos").returning("digest").executeTakeFirst();
    if (removed === undefined) return;
    await TenantAudit.append(tx, { action: "company.logo_removed", before: { digest: removed.digest } });
    await tellControlPlane(tx);
  });
}

/** The logo of this address, for any member; undefined when the company has another one or none. */
export async function findLogo(
  tenant: TenantScope<Member>,
  digest: string,
): Promise<{ readonly content: Uint8Array; readonly contentType: string } | undefined> {
  return tenant.db
    .selectFrom("companyLogos")
    .select(["content", "contentType"])
    .where("digest", "=", digest)
    .executeTakeFirst();
}

/**
 * Tells the control plane the company's name, currency, time zone, logo and owner as they are in this transaction. To be
 * called in `tx` after anything of that was changed. Its number counts up under the lock of the company's row, so that
 * the newest word wins whatever the order of arrival.
 */
export async function tellControlPlane(tx: TenantScope<Member | Job>): Promise<void> {
  const company = await tx.db
    .updateTable("companies")
    .set({ profileVersion: sql<string>`profile_version + 1` })
    .returning(["name", "currency", "timeZone", "profileVersion"])
    .executeTakeFirstOrThrow();
  const owner = await tx.db
    .selectFrom("users")
    .select(["name", "email"])
    .where("role", "=", "owner")
    .executeTakeFirstOrThrow();
  if (owner.email === null) throw new Error("an owner has a mail address");
  await tx.emit(
    TenantEvents.profileChanged({
      companyName: company.name,
      currency: company.currency,
      timeZone: company.timeZone,
      ownerName: owner.name,
      ownerEmail: owner.email,
      logoDigest: (await logoDigest(tx)) ?? "",
      version: Number(company.profileVersion),
    }),
  );
}

function requireManager(member: Member): void {
  Permissions.requireEverywhere(member, "company.manage");
}

async function logoDigest(tenant: TenantScope<Member | Job>): Promise<string | null> {
  const logo = await tenant.db.selectFrom("companyLogos").select("digest").executeTakeFirst();
  return logo?.digest ?? null;
}

async function writeLogo(tx: TenantScope<Member>, { content, contentType, digest, ...size }: Logo): Promise<void> {
  const row = { content: Buffer.from(content), contentType, digest, updatedAt: tx.clock.now() };
  await tx.db
    .insertInto("companyLogos")
    .values(row)
    .onConflict((conflict) => conflict.column("onlyRow").doUpdateSet(row))
    .execute();
  await TenantAudit.append(tx, {
    action: "company.logo_changed",
    after: { digest, contentType, bytes: content.byteLength, ...size },
  });
}

/** Whether any amount is written in the company's currency, also of an item that was archived. */
async function hasAmounts(tenant: TenantScope<Member>): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from items where retail_price is not null or cost_price is not null)
        or exists (select from stock_movements where unit_cost is not null) as found
  `.execute(tenant.db);
  return rows[0]?.found ?? false;
}

/** Items cannot be written until the transaction ends: a price that somebody is adding would be missed otherwise. */
async function requireNoAmounts(tx: TenantScope<Member>, currency: string): Promise<void> {
  await sql`lock table items in share mode`.execute(tx.db);
  if (!(await hasAmounts(tx))) return;
  const message = `The currency stays ${currency}: items have prices or costs in it, and those would silently mean something else.`;
  throw new DomainError("conflict", message, { fields: { currency: message } });
}
