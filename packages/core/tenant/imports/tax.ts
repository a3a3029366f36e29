import type { TaxClass } from "../items/new-item.ts";
import { isBlank, quote, type Reading, read, unreadable } from "./cells.ts";

/** VAT rates of the world lie between these, in percent; 0.16 is taken for 16. */
const PERCENT_MIN = 2;
const PERCENT_MAX = 40;

const classesByWords: Readonly<Record<string, TaxClass>> = {
  standard: "standard",
  "standard rated": "standard",
  "standard rate": "standard",
  vatable: "standard",
  taxable: "standard",
  yes: "standard",
  s: "standard",
  zero: "zero_rated",
  "zero rated": "zero_rated",
  "zero rate": "zero_rated",
  z: "zero_rated",
  exempt: "exempt",
  exempted: "exempt",
  "out of scope": "out_of_scope",
  non: "out_of_scope",
};

/** That no tax is charged, but not why. */
const untaxedWords = new Set(["no", "non vatable", "non taxable", "not vatable", "not taxable", "untaxed"]);

/**
 * A tax class by its word or its rate: 16, 16% and 0.16 all say standard. A rate of 0 does not tell zero-rated from
 * exempt, which differ in the tax that a pharmacy may claim back: it takes the class that is given for items without
 * one if that charges no tax either, else the pharmacist decides. Letters alone but S and Z are codes whose meaning differs
 * between countries (E is 8% in Kenya and exempt in Tanzania), and are refused; 0.16% is a slip, and refused too.
 */
export function readTaxClass(text: string, fallback: TaxClass | null): Reading<TaxClass | null> {
  if (isBlank(text)) return read(fallback);
  const wrong = unreadable(
    `${quote(text)} is not a tax class or rate. Write standard, zero-rated, exempt or out of scope, or a rate like 16%.`,
  );
  const rateText = /\d+(?:[.,]\d+)?/.exec(text)?.[0];
  const wording = text
    .toLowerCase()
    .replace(/\d+(?:[.,]\d+)?\s*%?/, " ")
    .replaceAll(/[^\p{L}0-9-]+/gu, " ")
    .replaceAll(/\b(vat|tax|rate of|at)\b/g, " ")
    .replaceAll(/[-\s]+/g, " ")
    .trim();
  if (/\d/.test(wording) || /^\s*[-−(]/.test(text)) return wrong;
  const byWords = Object.hasOwn(classesByWords, wording) ? classesByWords[wording] : undefined;
  const isUntaxed = untaxedWords.has(wording);
  if (wording !== "" && wording !== "rate" && byWords === undefined && !isUntaxed) return wrong;
  if (rateText === undefined) {
    if (byWords !== undefined) return read(byWords);
    return isUntaxed ? read(untaxed(fallback)) : wrong;
  }
  const number = Number(rateText.replace(",", "."));
  const isShare = number < 1 && !text.includes("%");
  const percent = isShare ? number * 100 : number;
  if (percent === 0) return byWords === "standard" ? wrong : read(byWords ?? untaxed(fallback));
  const isRate = percent >= PERCENT_MIN && percent <= PERCENT_MAX;
  return isRate && !isUntaxed && (byWords ?? "standard") === "standard" ? read("standard") : wrong;
}

const untaxed = (fallback: TaxClass | null): TaxClass | null => (fallback === "standard" ? null : fallback);
