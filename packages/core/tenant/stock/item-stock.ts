import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { sumOf } from "./quantities.ts";

/** A batch that expires within so many days is sold first and bought no more. */
export const SHORT_EXPIRY_DAYS = 90;

export type Expiry = "none" | "later" | "soon" | "expired";

export interface BatchStock {
  readonly batchId: string;
  /** Blank: the supplier gave none. */
  readonly batchNumber: string;
  /** `YYYY-MM-DD`, the last day of use; null: does not expire. */
  readonly expiresOn: string | null;
  readonly expiry: Expiry;
  /** Decimal text, in base units, above zero. */
  readonly quantity: string;
}

export interface BranchStock {
  readonly branchId: string;
  readonly code: string;
  readonly name: string;
  /** Of all its batches, expired ones too. */
  readonly quantity: string;
  /** Those that expire first come first; those that never do, last. */
  readonly batches: readonly BatchStock[];
}

export interface ItemStock {
  /** Of the branches below, in base units. */
  readonly quantity: string;
  /** The branches that have some and that this person may look into; headquarters first, then by code. */
  readonly branches: readonly BranchStock[];
  /** Whether the person sees some of the pharmacy's branches only. */
  readonly isPartial: boolean;
}

/**
 * What is in stock of an item, by branch and batch. Whether a batch has expired, the day in the pharmacy's time zone
 * says.
 * @throws DomainError `forbidden` for somebody who may see items nowhere, `not_found` for what is no id
 */
export async function ofItem(tenant: TenantScope<Member>, itemId: string): Promise<ItemStock> {
  Permissions.requireSomewhere(tenant.actor, "items.view");
  if (!idSchema.safeParse(itemId).success) throw notFound("item");
  const visible = Permissions.branchesWhere(tenant.actor, "items.view");
  let query = tenant.db
    .selectFrom("stockBalances")
    .innerJoin("batches", "batches.id", "stockBalances.batchId")
    .innerJoin("branches", "branches.id", "stockBalances.branchId")
    .select(["stockBalances.branchId", "branches.code", "branches.name", "stockBalances.quantity"])
    .select(["stockBalances.batchId", "batches.batchNumber", "batches.expiresOn"])
    .where("stockBalances.itemId", "=", itemId)
    .where("stockBalances.quantity", ">", "0")
    .orderBy("branches.isHeadquarters", "desc")
    .orderBy("branches.code")
    .orderBy("batches.expiresOn", (order) => order.asc().nullsLast())
    .orderBy("batches.batchNumber");
  if (visible !== "all") query = query.where("stockBalances.branchId", "in", visible);
  const rows = await query.execute();
  const today = dayIn(tenant.tenant.timeZone, tenant.clock.now());
  const branches = new Map<string, BranchStock & { batches: BatchStock[] }>();
  for (const { branchId, code, name, quantity, batchId, batchNumber, expiresOn } of rows) {
    const branch = branches.get(branchId) ?? { branchId, code, name, quantity: "0", batches: [] };
    branch.batches.push({ batchId, batchNumber, expiresOn, expiry: expiryOf(expiresOn, today), quantity });
    branches.set(branchId, { ...branch, quantity: sumOf([branch.quantity, quantity]) });
  }
  const list = [...branches.values()];
  return { quantity: sumOf(list.map(({ quantity }) => quantity)), branches: list, isPartial: visible !== "all" };
}

/** How near the last day of use is. */
export function expiryOf(expiresOn: string | null, today: string): Expiry {
  if (expiresOn === null) return "none";
  if (expiresOn < today) return "expired";
  return expiresOn <= daysAfter(today, SHORT_EXPIRY_DAYS) ? "soon" : "later";
}

/** The day that it is in a time zone (IANA name), `YYYY-MM-DD`. */
function dayIn(timeZone: string, at: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const part = new Map(parts.formatToParts(at).map(({ type, value }) => [type, value]));
  return [part.get("year"), part.get("month"), part.get("day")].join("-");
}

function daysAfter(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
