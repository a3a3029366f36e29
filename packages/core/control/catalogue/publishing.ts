import { notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { PriceCatalogue, PublishedPrice } from "../../ports/price-catalogue.ts";
import { ControlAudit } from "../audit/audit.ts";
import { announceOffer } from "../contracts/offers.ts";
import type { ControlScope } from "../scope.ts";
import { nameOf, pricesSold, type SoldPrice } from "./sold-prices.ts";

/** What publishing did, price by price. */
export interface Publication {
  readonly prices: readonly { readonly key: string; readonly outcome: "made" | "found" | "replaced" }[];
}

/**
 * Makes the payment provider know every price that is sold now, and remembers what it calls each. Running it again
 * changes nothing, and goes on where a run before broke off.
 * @throws DomainError `unavailable`, `invalid_input`
 */
export async function publish(control: ControlScope, catalogue: PriceCatalogue): Promise<Publication> {
  const current = await pricesSold(control).where("prices.isCurrent", "=", true).orderBy("prices.id").execute();
  const prices: Publication["prices"][number][] = [];
  for (const price of current) prices.push(await publishOne(control, catalogue, price));
  await catalogue.ensurePortal();
  return { prices };
}

/**
 * As `publish`, for one price.
 * @throws DomainError `not_found` for one that is not sold any more
 */
export async function publishPrice(control: ControlScope, catalogue: PriceCatalogue, priceId: string): Promise<void> {
  const price = await pricesSold(control)
    .where("prices.id", "=", priceId)
    .where("prices.isCurrent", "=", true)
    .executeTakeFirst();
  if (price === undefined) throw notFound("price");
  await publishOne(control, catalogue, price);
}

async function publishOne(control: ControlScope, catalogue: PriceCatalogue, price: SoldPrice) {
  const wanted = publishedPrice(price);
  const { priceId: stripePriceId, outcome } = await catalogue.publish(wanted);
  if (stripePriceId !== price.stripePriceId) await control.tx((tx) => remember(tx, price, stripePriceId));
  return { key: wanted.key, outcome };
}

/**
 * Notes the provider's id. Where there was another one, as after a price was archived at the provider or the account
 * changed, a new price takes the place of ours: who has the old one has it under its old id.
 */
async function remember(tx: ControlScope, price: SoldPrice, stripePriceId: string): Promise<void> {
  const row = await tx.db
    .selectFrom("prices")
    .selectAll()
    .where("id", "=", price.priceId)
    .where("isCurrent", "=", true)
    .forUpdate()
    .executeTakeFirst();
  // Somebody was faster, with the same id, or the price was replaced meanwhile.
  if (row === undefined || row.stripePriceId === stripePriceId) return;
  if (row.stripePriceId === null) {
    await tx.db.updateTable("prices").set({ stripePriceId }).where("id", "=", row.id).execute();
  } else {
    await tx.db.updateTable("prices").set({ isCurrent: false }).where("id", "=", row.id).execute();
    await tx.db
      .insertInto("prices")
      .values({ ...row, id: newId(tx.clock), stripePriceId, createdAt: tx.clock.now() })
      .execute();
  }
  const about = price.tenantId === null ? {} : { tenantId: price.tenantId };
  await ControlAudit.append(tx, {
    action: "price.published",
    ...about,
    before: { stripePriceId: row.stripePriceId },
    after: { stripePriceId, amount: row.amount, currency: row.currency, for: nameOf(price) },
  });
  if (price.tenantId !== null && price.planId !== null && row.stripePriceId === null) {
    await announceOffer(tx, price.tenantId, price.planId);
  }
}

/** A price in the words of the port. Its key is what stays while amounts change. */
export function publishedPrice(price: SoldPrice): PublishedPrice {
  const { amount, currency, interval, planCode, planId, addOnCode } = price;
  const rhythm = `${interval}_${currency.toLowerCase()}`;
  if (planCode === null) {
    return {
      product: `add_on:${addOnCode}`,
      name: `PharmaSight ${price.addOnName}`,
      description: price.addOnDescription ?? "",
      key: `add_on_${addOnCode}_${rhythm}`,
      ...{ amount, currency, interval },
    };
  }
  const isAgreed = price.tenantId !== null;
  return {
    product: isAgreed ? `plan:${planCode}:${planId}` : `plan:${planCode}`,
    name: `PharmaSight ${price.planName}`,
    description: roomOf(price),
    key: isAgreed ? `${planCode}_${planId}_${rhythm}` : `${planCode}_${rhythm}`,
    ...{ amount, currency, interval },
  };
}

/** Such as `1 branch, 5 people, 10,000 items`: it stands on the provider's page and on invoices. */
function roomOf({ maxBranches, maxUsers, maxItems }: SoldPrice): string {
  const count = (max: number | null, one: string, many: string) =>
    max === null ? `any number of ${many}` : `${max.toLocaleString("en")} ${max === 1 ? one : many}`;
  return [
    count(maxBranches, "branch", "branches"),
    count(maxUsers, "person", "people"),
    count(maxItems, "item", "items"),
  ].join(", ");
}
