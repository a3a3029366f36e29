import { type ModuleTrial, ModuleTrials } from "@pharmasight/core/control/module-trials/module-trials";
import { type CurrentSubscription, planOf, whyUnchangeable } from "@pharmasight/core/control/plan-changes/current";
import { isIncluded } from "@pharmasight/core/control/plan-changes/planning";
import type { Item, Sold, SoldAddOn } from "@pharmasight/core/control/prices/prices";
import type { AddOnCard } from "@pharmasight/views/tenant/billing/props";
import type { WriteAmount } from "./words.ts";

interface Shelf {
  readonly current: CurrentSubscription;
  readonly offered: readonly Sold[];
  readonly trials: readonly ModuleTrial[];
  /** The items that begin when the period ends; undefined when nothing is to change then. */
  readonly scheduled: readonly Item[] | undefined;
  readonly now: Date;
  readonly write: WriteAmount;
}

/** Everything that can be had beside the plan, at the interval and in the currency of the subscription. */
export function addOnCards(shelf: Shelf): AddOnCard[] {
  const { current, offered } = shelf;
  const plan = planOf(current.items);
  const interval = plan?.interval ?? "month";
  const currency = plan?.currency ?? shownCurrency(current, offered);
  const addOns = offered.flatMap((sold) => (sold.kind === "add_on" ? [sold] : []));
  const byCode = new Map(addOns.map((sold) => [sold.code, sold]));
  return [...byCode.keys()].flatMap((code) => {
    const had = current.items.find(({ sold }) => sold.kind === "add_on" && sold.code === code);
    const priced =
      had?.sold.kind === "add_on"
        ? had.sold
        : addOns.find((sold) => sold.code === code && sold.interval === interval && sold.currency === currency);
    const any = priced ?? byCode.get(code);
    return any === undefined ? [] : [addOnCard(shelf, any, priced, had?.quantity ?? 0)];
  });
}

/** The currency of prices before anything was paid: the pharmacy's own where plans are sold in it. */
export function shownCurrency({ billingCurrency, currency }: CurrentSubscription, offered: readonly Sold[]): string {
  if (billingCurrency !== null) return billingCurrency;
  const sold = offered.filter(({ kind }) => kind === "plan").map((plan) => plan.currency);
  return sold.includes(currency) ? currency : (sold[0] ?? "USD");
}

function addOnCard(shelf: Shelf, sold: SoldAddOn, priced: SoldAddOn | undefined, quantity: number): AddOnCard {
  const { current, scheduled, write } = shelf;
  const later = scheduled?.find((item) => item.sold.kind === "add_on" && item.sold.code === sold.code)?.quantity ?? 0;
  const endsAt = scheduled !== undefined && later < quantity ? (current.scheduled?.at ?? current.periodEnd) : null;
  const trial = trialOf(shelf, sold, quantity);
  return {
    code: sold.code,
    name: sold.name,
    description: sold.description,
    interval: priced?.interval ?? sold.interval,
    quantity,
    isCountable: sold.isCountable,
    isIncluded: isIncluded(sold, current.plan),
    change: changeOf(current, quantity),
    ...(priced === undefined ? {} : { price: write(priced.amount, priced.currency) }),
    ...(endsAt === null ? {} : { endsAt }),
    ...(trial === undefined ? {} : { trial }),
  };
}

/** What is had can be dropped beside another change that is planned for the same day; buying begins before that. */
function changeOf(current: CurrentSubscription, quantity: number): AddOnCard["change"] {
  const isBehind = current.scheduled !== null && quantity === 0;
  const why =
    whyUnchangeable(current) ??
    (isBehind ? "Another change is planned. Give that one up before you make this one." : undefined);
  return why === undefined ? { isPossible: true } : { isPossible: false, why };
}

function trialOf({ current, trials, now }: Shelf, { module }: SoldAddOn, quantity: number): AddOnCard["trial"] {
  if (module === null) return undefined;
  const begun = trials.find((trial) => trial.module === module);
  const isThere = quantity > 0 || current.plan.modules.includes(module);
  if (begun !== undefined && begun.endsAt > now && !isThere) return { module, state: "running", until: begun.endsAt };
  if (isThere || !ModuleTrials.mayStart(current.state)) return { module, state: "none" };
  return { module, state: begun === undefined ? "offered" : "used" };
}
