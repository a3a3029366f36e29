import type { Member } from "@pharmasight/core/tenant/actors";
import { Imports, type MappingInput } from "@pharmasight/core/tenant/imports/imports";
import { ImportWork } from "@pharmasight/core/tenant/imports/work";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { Pharmacy } from "./pharmacy.ts";

/*
 * What the tests of imports do again and again: to upload a text, to let the queue work, and to go through the steps with
 * what the page would propose.
 */

const worked = new WeakMap<Pharmacy, number>();

/** Works off every message of the queue, each `copies` times, the copies at once. */
export async function work(pharmacy: Pharmacy, copies = 1): Promise<void> {
  for (;;) {
    const done = worked.get(pharmacy) ?? 0;
    const next = pharmacy.jobs.of("item-imports")[done];
    if (next === undefined) return;
    worked.set(pharmacy, done + 1);
    const { importId = "", turn, outboxId = "" } = next.message;
    const run = async () => {
      const job = await pharmacy.job();
      await ImportWork.work(job, importId, Number(turn));
      await job.settle(outboxId);
    };
    await Promise.all(Array.from({ length: copies }, run));
  }
}

/** Works off one message. @returns false when there is none */
export async function workOne(pharmacy: Pharmacy): Promise<boolean> {
  const done = worked.get(pharmacy) ?? 0;
  const next = pharmacy.jobs.of("item-imports")[done];
  if (next === undefined) return false;
  worked.set(pharmacy, done + 1);
  const { importId = "", turn } = next.message;
  await ImportWork.work(await pharmacy.job(), importId, Number(turn));
  return true;
}

export const upload = (owner: TenantScope<Member>, content: string | Uint8Array, fileName = "items.csv") =>
  Imports.upload(owner, {
    fileName,
    content: typeof content === "string" ? new TextEncoder().encode(content) : content,
  });

/** The form as the page proposes it, with what the person changes in it. */
export async function proposal(
  owner: TenantScope<Member>,
  id: string,
  changes: Partial<MappingInput> = {},
): Promise<MappingInput> {
  const { header, mapping, settings } = await Imports.get(owner, id);
  const fieldOf = new Map(Object.entries(mapping ?? {}).map(([field, column]) => [column, field]));
  return {
    columns: (header ?? []).map((_, column) => fieldOf.get(column) ?? ""),
    rate: settings?.rate ?? "",
    taxClass: settings?.taxClass ?? settings?.missingTaxClass ?? "",
    priceUnit: settings?.priceUnit ?? "",
    costUnit: settings?.costUnit ?? "",
    stockUnit: settings?.stockUnit ?? "base",
    dateOrder: settings?.dateOrder ?? "",
    decimalMark: settings?.decimalMark ?? "",
    decimalMarkFor: Imports.decimalMarkFor(mapping ?? {}),
    branchId: settings?.branchId ?? "",
    ...changes,
  };
}

/** Uploads, matches and checks a file. */
export async function checked(
  pharmacy: Pharmacy,
  owner: TenantScope<Member>,
  content: string | Uint8Array,
  changes: Partial<MappingInput> = {},
  copies = 1,
): Promise<string> {
  const id = await upload(owner, content);
  await work(pharmacy, copies);
  await Imports.check(owner, id, await proposal(owner, id, changes));
  await work(pharmacy, copies);
  return id;
}

/** Imports a file from the first step to the last. */
export async function imported(
  pharmacy: Pharmacy,
  owner: TenantScope<Member>,
  content: string | Uint8Array,
  changes: Partial<MappingInput> & { readonly onKnown?: string } = {},
  copies = 1,
): Promise<string> {
  const { onKnown = "skip", ...mapping } = changes;
  const id = await checked(pharmacy, owner, content, mapping, copies);
  await Imports.start(owner, id, onKnown);
  await work(pharmacy, copies);
  return id;
}

/** Every batch in stock as `item branch batch expiry: quantity`, and every difference between ledger and balances. */
export async function stockOf(owner: TenantScope<Member>): Promise<string[]> {
  const rows = await owner.db
    .selectFrom("stockBalances")
    .innerJoin("batches", "batches.id", "stockBalances.batchId")
    .innerJoin("items", "items.id", "stockBalances.itemId")
    .innerJoin("branches", "branches.id", "stockBalances.branchId")
    .select(["items.name", "branches.code", "batches.batchNumber", "batches.expiresOn", "stockBalances.quantity"])
    .where("stockBalances.quantity", ">", "0")
    .execute();
  return rows
    .map((row) => `${row.name} ${row.code} ${row.batchNumber} ${row.expiresOn ?? "-"}: ${Number(row.quantity)}`)
    .toSorted();
}
