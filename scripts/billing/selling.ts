import { Catalogue, type NewPrice } from "@pharmasight/core/control/catalogue/catalogue";
import { numberOf, type Options, reasonOf, textOf } from "../operators/options.ts";
import { table } from "../operators/tables.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, done, type Outcome } from "./command.ts";
import { addOnsOf, currencyOf, endOfDayOf, intervalOf, requiredOf } from "./options.ts";

/** What is sold, and what it costs. */

export async function publish({ operator, platform }: Call): Promise<Outcome> {
  const { prices } = await Catalogue.publish(operator, platform.catalogue);
  const endpoint = await Catalogue.announceEndpoint(operator, platform, platform.endpoint);
  const made = prices.filter(({ outcome }) => outcome !== "found");
  const rows = made.map(({ key, outcome }) => [key, outcome]);
  const text = [
    `${prices.length} prices are published, ${made.length} of them now.`,
    ...(rows.length === 0 ? [] : [table(["PRICE", "WHAT"], rows)]),
    `Notices go to ${platform.endpoint.url}${endpoint.isNew ? ": the endpoint was made, and its secret kept." : "."}`,
  ].join("\n");
  return done({ prices, endpoint }, text);
}

export async function prices({ operator, options }: Call): Promise<Outcome> {
  const sold = await Catalogue.listSold(operator, currencyOf(options));
  if (sold.length === 0) return done([], `Nothing is sold in ${currencyOf(options)}.`);
  const rows = sold.map((one) => [
    one.planCode ?? one.addOnCode,
    one.planCode === null ? "add-on" : "plan",
    one.interval,
    `${one.amount} ${one.currency}`,
    one.stripePriceId ?? "not published",
  ]);
  return done(sold, table(["WHAT", "KIND", "INTERVAL", "AMOUNT", "AT THE PROVIDER"], rows));
}

export async function price({ operator, platform, options }: Call): Promise<Outcome> {
  const currency = currencyOf(options);
  const amount = requiredOf(options, "amount", "how much");
  const reason = reasonOf(options);
  const wanted = { of: soldThingOf(options), currency, interval: intervalOf(options), amount, reason };
  const changed = await Catalogue.changePrice(operator, platform.catalogue, wanted);
  const text = changed.isNew
    ? `From now on it costs ${amount} ${currency}. Who has the old price keeps it.`
    : "Nothing to do: that is its price.";
  return done(changed, text);
}

function soldThingOf(options: Options): NewPrice["of"] {
  const [addOn, ...more] = addOnsOf(options);
  const plan = textOf(options, "plan");
  if (plan === undefined && addOn !== undefined && more.length === 0) return { addOn };
  if (addOn === undefined && (plan === "starter" || plan === "professional")) return { plan };
  throw new UsageError("Say what is sold: --plan starter, --plan professional, or one --add-on.");
}

export async function coupon({ operator, platform, word = "", options }: Call): Promise<Outcome> {
  const amount = textOf(options, "amount");
  const wanted = {
    code: word,
    percentOff: textOf(options, "percent") ?? null,
    amountOff: amount === undefined ? null : { amount, currency: currencyOf(options) },
    months: numberOf(options, "months") ?? null,
    expiresAt: textOf(options, "expires") === undefined ? null : endOfDayOf(options, "expires", "UTC"),
    redemptionsMax: numberOf(options, "redemptions") ?? null,
    reason: reasonOf(options),
  };
  const offered = await Catalogue.offerCoupon(operator, platform.catalogue, wanted);
  const text =
    offered.outcome === "made" ? `${word} can be typed on the payment page now.` : "Nothing to do: it is there.";
  return done(offered, text);
}
