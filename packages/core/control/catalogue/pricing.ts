import { Decimal } from "decimal.js";
import { invalidInput, notFound } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import { Money } from "../../kernel/money.ts";
import type { PriceCatalogue } from "../../ports/price-catalogue.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { publishPrice } from "./publishing.ts";

/** A price for a plan that is sold to everybody, or for an add-on, in one currency and for one interval. */
export interface NewPrice extends Reasoned {
  readonly of: { readonly plan: "starter" | "professional" } | { readonly addOn: string };
  readonly currency: string;
  readonly interval: "month" | "year";
  /** Decimal text. */
  readonly amount: string;
}

const AMOUNT_MAX = 9_999_999;

/**
 * Sells for another amount from now on, or in one more currency. Who has the old price keeps it.
 * @returns our id of the price
 * @throws DomainError `forbidden`, `invalid_input` with `fields`, `not_found`, `unavailable`: then `publish` goes on
 */
export async function changePrice(
  control: ControlScope,
  catalogue: PriceCatalogue,
  wanted: NewPrice,
): Promise<{ readonly priceId: string; readonly isNew: boolean }> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const currency = currencyOf(wanted.currency);
  const amount = amountOf(wanted.amount, currency);
  const changed = await control.tx(async (tx) => {
    const of = await soldThing(tx, wanted.of);
    const column = of.planId === null ? "addOnCode" : "planId";
    const before = await tx.db
      .selectFrom("prices")
      .select(["id", "amount"])
      .where(column, "=", of.planId ?? of.addOnCode)
      .where("currency", "=", currency)
      .where("billingInterval", "=", wanted.interval)
      .where("isCurrent", "=", true)
      .forUpdate()
      .executeTakeFirst();
    if (before !== undefined && amount.eq(before.amount)) return { priceId: before.id, isNew: false };
    if (before !== undefined) {
      await tx.db.updateTable("prices").set({ isCurrent: false }).where("id", "=", before.id).execute();
    }
    const priceId = newId(tx.clock);
    const price = { amount: amount.toFixed(2), currency, billingInterval: wanted.interval };
    await tx.db
      .insertInto("prices")
      .values({ id: priceId, ...of, ...price, createdAt: tx.clock.now() })
      .execute();
    await ControlAudit.append(tx, {
      action: "price.changed",
      reason,
      before: before === undefined ? {} : { priceId: before.id, amount: before.amount },
      after: { priceId, ...wanted.of, ...price },
    });
    return { priceId, isNew: true };
  });
  await publishPrice(control, catalogue, changed.priceId);
  return changed;
}

/**
 * Sells it no longer. Who has the price keeps it.
 * @throws DomainError `forbidden`, `invalid_input`, `not_found`, `unavailable`
 */
export async function withdrawPrice(
  control: ControlScope,
  catalogue: PriceCatalogue,
  priceId: string,
  reasoned: Reasoned,
): Promise<void> {
  requireOperator(control);
  const reason = reasonOfOperator(reasoned);
  const withdrawn = await control.tx(async (tx) => {
    const row = await tx.db
      .updateTable("prices")
      .set({ isCurrent: false })
      .where("id", "=", priceId)
      .returning(["stripePriceId", "amount", "currency"])
      .executeTakeFirst();
    if (row === undefined) throw notFound("price");
    await ControlAudit.append(tx, { action: "price.withdrawn", reason, before: { priceId, ...row } });
    return row;
  });
  if (withdrawn.stripePriceId !== null) await catalogue.withdraw(withdrawn.stripePriceId);
}

/** @throws DomainError `invalid_input` on `amount`, also for one that the provider would charge as another */
export function amountOf(text: string, currency: string): Decimal {
  const message = "Give an amount above zero with at most two decimals, such as 99 or 12900.50.";
  if (!/^\d{1,7}(\.\d{1,2})?$/.test(text)) throw invalidInput(message, { amount: message });
  const amount = new Decimal(text);
  if (amount.lte(0) || amount.gt(AMOUNT_MAX)) throw invalidInput(message, { amount: message });
  if (Money.isChargeable(text, currency)) return amount;
  const whole = `${text} ${currency} cannot be charged: use whole amounts, or a currency of two decimals.`;
  throw invalidInput(whole, { amount: whole });
}

/** @throws DomainError `invalid_input` on `currency` */
export function currencyOf(code: string): string {
  const currency = code.trim().toUpperCase();
  if (Intl.supportedValuesOf("currency").includes(currency)) return currency;
  throw invalidInput(`"${code}" is no currency.`, { currency: "Give a currency's three letters, such as KES." });
}

async function soldThing(tx: ControlScope, of: NewPrice["of"]) {
  if ("plan" in of) {
    const plan = await tx.db
      .selectFrom("subscriptionPlans")
      .select("id")
      .where("code", "=", of.plan)
      .where("tenantId", "is", null)
      .executeTakeFirst();
    if (plan === undefined) throw notFound("plan");
    return { planId: plan.id, addOnCode: null };
  }
  const addOn = await tx.db.selectFrom("addOns").select("code").where("code", "=", of.addOn).executeTakeFirst();
  if (addOn === undefined) throw notFound("add-on");
  return { planId: null, addOnCode: addOn.code };
}
