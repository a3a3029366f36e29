import { Decimal } from "decimal.js";
import type { Item } from "./item.ts";

/** So many of one unit; decimal text. */
export interface UnitCount {
  readonly count: string;
  readonly unit: string;
}

/**
 * A quantity of base units as whole larger units and a rest: 205 tablets are 2 boxes and 5 tablets. Empty when it does
 * not fill a single larger unit.
 * @param quantity decimal text, not below zero
 */
export function inLargerUnits(
  quantity: string,
  item: Pick<Item, "baseUnit" | "wholesaleUnit" | "basePerWholesale" | "supplierUnit" | "wholesalePerSupplier">,
): readonly UnitCount[] {
  const counts: UnitCount[] = [];
  let rest = new Exact(quantity);
  for (const { unit, holds } of largerUnits(item)) {
    const whole = rest.dividedToIntegerBy(holds);
    if (whole.isZero()) continue;
    counts.push({ count: whole.toFixed(), unit });
    rest = rest.minus(whole.times(holds));
  }
  if (counts.length > 0 && !rest.isZero()) counts.push({ count: rest.toFixed(), unit: item.baseUnit });
  return counts;
}

/** Quantities have sixteen digits before the point; two factors of twenty digits each multiply to forty. */
const Exact = Decimal.clone({ precision: 60 });

/** The largest first, each with how many base units it holds. */
function largerUnits(item: Parameters<typeof inLargerUnits>[1]): { unit: string; holds: Decimal }[] {
  const { wholesaleUnit, basePerWholesale, supplierUnit, wholesalePerSupplier } = item;
  if (wholesaleUnit === null || basePerWholesale === null) return [];
  const wholesale = { unit: wholesaleUnit, holds: new Exact(basePerWholesale) };
  if (supplierUnit === null || wholesalePerSupplier === null) return [wholesale];
  return [{ unit: supplierUnit, holds: wholesale.holds.times(wholesalePerSupplier) }, wholesale];
}
