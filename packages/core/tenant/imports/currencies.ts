/** The sum of a cell without the sign or name of its currency, and which currency that is where it tells. */
export function withoutCurrency(text: string): { readonly sum: string; readonly code: string | undefined } {
  let sum = text.trim();
  let code: string | undefined;
  // One before and one behind: Ksh 1,200/=
  for (const pattern of [
    /^(?<name>us\$|[$€£₦₹]|[a-z]{2,9}(?![a-z]))[.:]?\s*/i,
    /\s*(?<name>\/[=-]|us\$|[$€£₦₹]|[a-z]{2,9})\.?$/i,
  ]) {
    const name = pattern.exec(sum)?.groups?.name?.toLowerCase();
    if (name === undefined || !Object.hasOwn(currencies, name)) continue;
    sum = sum.replace(pattern, "");
    code ??= currencies[name] ?? undefined;
  }
  return { sum, code };
}

/** Names and signs of currencies, and which code they stand for; null where several currencies are called so. */
const currencies: Readonly<Record<string, string | null>> = {
  "/=": null,
  "/-": null,
  sh: null,
  shs: null,
  shillings: null,
  ksh: "KES",
  kshs: "KES",
  tsh: "TZS",
  ush: "UGX",
  us$: "USD",
  $: "USD",
  "€": "EUR",
  "£": "GBP",
  "₦": "NGN",
  "₹": "INR",
  ...Object.fromEntries(
    ["KES", "TZS", "UGX", "RWF", "ETB", "NGN", "GHS", "ZMW", "ZAR", "USD", "EUR", "GBP", "INR"].map((code) => [
      code.toLowerCase(),
      code,
    ]),
  ),
};
