/** What a cell says, or why nobody can tell: a sentence with the cell's text and what to write instead. */
export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

export const read = <Value>(value: Value): Reading<Value> => ({ ok: true, value });
export const unreadable = (reason: string): Reading<never> => ({ ok: false, reason });

/** Ways to leave a cell blank: dashes, and what programs write for a value that is not there. */
export const isBlank = (text: string): boolean =>
  /^(|[-–—_.]+|nan|nil|null|none|n\/a|n\.a\.|#n\/a|not applicable|not available)$/i.test(text.trim());

const QUOTED_CHARACTERS_MAX = 40;

/** A cell's text as a reason names it. */
export function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return `“${line.length > QUOTED_CHARACTERS_MAX ? `${line.slice(0, QUOTED_CHARACTERS_MAX)}…` : line}”`;
}

/** The text with digits of Arabic and Persian (٠ to ٩, ۰ to ۹) as those that numbers and dates are read from. */
export const westernDigits = (text: string): string =>
  text.replaceAll(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf));

/** Results that a formula could not give. */
export const isFormulaError = (text: string): boolean =>
  /^#(ref!|value!|div\/0!|name\?|num!|null!|spill!|calc!|getting_data)$/i.test(text.trim());

/** Yes or no in the ways that people tick; blank is no. */
export function readYesNo(text: string, what: string): Reading<boolean> {
  const word = text.trim().toLowerCase();
  if (isBlank(word) || falseWords.has(word)) return read(false);
  if (trueWords.has(word)) return read(true);
  return unreadable(`${quote(text)} does not say whether the item ${what}. Write yes or no.`);
}

const trueWords = new Set(["yes", "y", "true", "t", "1", "1.0", "x", "✓", "✔", "☑", "✅", "on", "ndio"]);
const falseWords = new Set(["no", "n", "false", "f", "0", "0.0", "✗", "✘", "☐", "❌", "off", "hapana"]);
