import { Decimal } from "decimal.js";
import { invalidInput } from "../../kernel/errors.ts";
import type { NewCoupon, PriceCatalogue } from "../../ports/price-catalogue.ts";
import { ControlAudit } from "../audit/audit.ts";
import { type Reasoned, reasonOfOperator, requireOperator } from "../provisioning/operators.ts";
import type { ControlScope } from "../scope.ts";
import { amountOf, currencyOf } from "./pricing.ts";

const MONTHS_MAX = 120;

/**
 * A code that takes something off, for whoever types it on the payment page. The same again is the same code.
 * @throws DomainError `forbidden`, `invalid_input` with `fields`, `conflict` for a code that exists with other terms,
 * `unavailable`
 */
export async function offerCoupon(
  control: ControlScope,
  catalogue: PriceCatalogue,
  wanted: NewCoupon & Reasoned,
): Promise<{ readonly outcome: "made" | "found" }> {
  requireOperator(control);
  const reason = reasonOfOperator(wanted);
  const coupon = couponOf(wanted, control.clock.now());
  const { outcome } = await catalogue.ensureCoupon(coupon);
  if (outcome === "made") {
    await ControlAudit.append(control, { action: "coupon.offered", reason, after: { ...coupon } });
  }
  return { outcome };
}

/** The coupon with its amounts as they are counted. */
function couponOf({ code, percentOff, amountOff, months, expiresAt, redemptionsMax }: NewCoupon, now: Date): NewCoupon {
  requireField(/^[A-Z0-9]{3,40}$/.test(code), "code", "Give 3 to 40 capital letters and digits, such as WELCOME25.");
  requireField(
    (percentOff === null) !== (amountOff === null),
    "percentOff",
    "Give what it takes off: a percentage or an amount.",
  );
  if (percentOff !== null) {
    const percent = /^\d{1,3}(\.\d{1,2})?$/.test(percentOff) ? new Decimal(percentOff) : new Decimal(0);
    requireField(percent.gt(0) && percent.lte(100), "percentOff", "Give a percentage above 0, up to 100.");
  }
  const isWhole = (count: number | null, most: number) =>
    count === null || (Number.isInteger(count) && count >= 1 && count <= most);
  requireField(isWhole(months, MONTHS_MAX), "months", `Give from 1 to ${MONTHS_MAX} months.`);
  requireField(isWhole(redemptionsMax, 1_000_000), "redemptionsMax", "Give how many times, from 1.");
  requireField(expiresAt === null || expiresAt > now, "expiresAt", "Give a day to come.");
  return {
    code,
    percentOff,
    amountOff: amountOff === null ? null : takenOff(amountOff.amount, currencyOf(amountOff.currency)),
    months,
    expiresAt,
    redemptionsMax,
  };
}

function requireField(isRight: boolean, field: keyof NewCoupon, message: string): void {
  if (!isRight) throw invalidInput(message, { [field]: message });
}

const takenOff = (amount: string, currency: string) => ({ amount: amountOf(amount, currency).toFixed(2), currency });
