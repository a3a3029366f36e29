import { Contracts } from "@pharmasight/core/control/contracts/contracts";
import { type Item, Prices, type Sold, type SoldPlan } from "@pharmasight/core/control/prices/prices";
import { TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import { numberOf, type Options, reasonOf, textOf } from "../operators/options.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, done, type Outcome, tenantIdOf } from "./command.ts";
import { addOnsOf, currencyOf, intervalOf, requiredOf, roomOf } from "./options.ts";

/** What is agreed with one pharmacy. */

const TERM_MONTHS = 12;
const REQUESTS_PER_MINUTE = 600;
const DAYS_UNTIL_DUE = 14;

export async function offer(call: Call): Promise<Outcome> {
  const { operator, platform, options, word } = call;
  const terms = {
    amount: requiredOf(options, "amount", "how much"),
    currency: currencyOf(options),
    interval: intervalOf(options),
    termMonths: numberOf(options, "term") ?? TERM_MONTHS,
    branches: roomOf(options, "branches"),
    users: roomOf(options, "users"),
    items: roomOf(options, "items"),
    requestsPerMinute: numberOf(options, "requests") ?? REQUESTS_PER_MINUTE,
    modules: modulesOf(options),
    reason: reasonOf(options),
  };
  const tenantId = await tenantIdOf(call);
  const made = await Contracts.offer(operator, platform.catalogue, { tenantId, ...terms });
  const text = `Offered to ${word}: ${terms.amount} ${terms.currency} a ${terms.interval}. The owner is mailed the page where it is bought.`;
  return done({ tenantId, ...made }, text);
}

function modulesOf(options: Options): readonly Contracts.OfferModule[] {
  const text = textOf(options, "modules");
  if (text === undefined) return Contracts.OFFER_MODULES;
  return text.split(",").map((name) => {
    const module = Contracts.OFFER_MODULES.find((one) => one === name.trim());
    if (module !== undefined) return module;
    throw new UsageError(`There is no module "${name}". Known are ${Contracts.OFFER_MODULES.join(", ")}.`);
  });
}

export async function invoiceBilling(call: Call): Promise<Outcome> {
  const { operator, platform, options, word } = call;
  const reason = reasonOf(options);
  const daysUntilDue = numberOf(options, "days") ?? DAYS_UNTIL_DUE;
  const wantedPlan = requiredOf(options, "plan", "which plan: starter, professional or own");
  const tenantId = await tenantIdOf(call);
  const { billingCurrency } = await TenantSubscriptions.find(operator, tenantId);
  const currency = textOf(options, "currency") === undefined ? (billingCurrency ?? "USD") : currencyOf(options);
  const interval = intervalOf(options);
  const sold = (await Prices.offered(operator, tenantId)).filter(
    (one) => one.currency === currency && one.interval === interval,
  );
  const plan = planOf(sold, wantedPlan);
  if (plan === undefined) {
    throw new UsageError(`No plan "${wantedPlan}" is sold to ${word} in ${currency} for a ${interval}.`);
  }
  const items = [{ sold: plan, quantity: 1 }, ...addOnsOf(options).map((text) => addOnOf(sold, text))];
  const started = await Contracts.startInvoiceBilling(operator, platform.subscriptions, {
    tenantId,
    items: Prices.stored(items),
    daysUntilDue,
    reason,
  });
  const text = `${word} has ${plan.name} for ${Prices.sumOf(items).toFixed(2)} ${currency} a ${interval}. Invoices are mailed, due after ${daysUntilDue} days; record a payment with: npm run billing -- paid <invoice>`;
  return done({ tenantId, ...started }, text);
}

const planOf = (sold: readonly Sold[], wanted: string): SoldPlan | undefined =>
  sold
    .filter((one) => one.kind === "plan")
    .find((plan) => (wanted === "own" ? plan.tenantId !== null : plan.tenantId === null && plan.code === wanted));

/** `reports`, or `extra_branch:3`. */
function addOnOf(sold: readonly Sold[], text: string): Item {
  const [code, count = "1"] = text.split(":");
  const found = sold.find((one) => one.kind === "add_on" && one.code === code);
  if (found === undefined) throw new UsageError(`No add-on "${code}" is sold in that currency and for that interval.`);
  if (!/^[1-9]\d{0,2}$/.test(count)) throw new UsageError(`--add-on ${code}:<count> has to be from 1 to 999.`);
  return { sold: found, quantity: Number(count) };
}
