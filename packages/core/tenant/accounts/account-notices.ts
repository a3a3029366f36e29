export * as AccountNotices from "./account-notices.ts";

import * as z from "zod";
import { newId } from "../../kernel/ids.ts";
import type { Job, Member, Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

export const factorChanges = ["on", "off", "reset", "recovery_code_used", "recovery_codes_renewed"] as const;
export type FactorChange = (typeof factorChanges)[number];

export const passwordChangedSchema = z.object({
  template: z.literal("password_changed"),
  userId: z.uuid(),
  at: z.iso.datetime(),
});

export const twoFactorChangedSchema = z.object({
  template: z.literal("two_factor_changed"),
  userId: z.uuid(),
  at: z.iso.datetime(),
  change: z.enum(factorChanges),
});

type NoticeRequest = z.infer<typeof passwordChangedSchema> | z.infer<typeof twoFactorChangedSchema>;

/** Tells somebody what was done to their account, so that they notice when it was not them. */
export type NoticeLetter = {
  readonly to: string;
  readonly name: string;
  readonly companyName: string;
  /** IANA name: `at` is told in it. */
  readonly timeZone: string;
  readonly at: Date;
  /** The page where they look after their account. */
  readonly link: string;
} & (
  | { readonly template: "password_changed" }
  | { readonly template: "two_factor_changed"; readonly change: FactorChange }
);

/** Records the notice of a new password, in the transaction that stores it. */
export async function passwordChanged(tx: TenantScope<Visitor | Member>, userId: string): Promise<void> {
  const at = tx.clock.now().toISOString();
  await emit(tx, { template: "password_changed", userId, at });
}

/** Records the notice of a change to the second factor, in the transaction that makes it. */
export async function factorChanged(
  tx: TenantScope<Visitor | Member>,
  userId: string,
  change: FactorChange,
): Promise<void> {
  const at = tx.clock.now().toISOString();
  await emit(tx, { template: "two_factor_changed", userId, at, change });
}

/** @returns undefined for somebody without a mail address */
export async function compose(
  tenant: TenantScope<Job>,
  request: NoticeRequest,
  address: string,
): Promise<NoticeLetter | undefined> {
  const person = await tenant.db
    .selectFrom("users")
    .select(["name", "email"])
    .where("id", "=", request.userId)
    .executeTakeFirst();
  if (person === undefined || person.email === null) return undefined;
  const { companyName, timeZone } = tenant.tenant;
  const link = new URL("/auth/account", address).href;
  const common = { to: person.email, name: person.name, companyName, timeZone, at: new Date(request.at), link };
  if (request.template === "password_changed") return { ...common, template: request.template };
  return { ...common, template: request.template, change: request.change };
}

async function emit(tx: TenantScope<Visitor | Member>, request: NoticeRequest): Promise<void> {
  await tx.emit({ queue: "tenant-mail", payload: request, dedupeKey: `notice:${newId(tx.clock)}` });
}
