import { type Explanation, TenantSubscriptions } from "@pharmasight/core/control/subscriptions/subscriptions";
import type { Because } from "@pharmasight/core/registry/entitlements/entitlements";
import { textOf } from "../operators/options.ts";
import { type Cell, facts, table } from "../operators/tables.ts";
import { UsageError } from "../operators/usage.ts";
import { type Call, done, type Outcome, tenantIdOf } from "./command.ts";

export async function explain(call: Call): Promise<Outcome> {
  const { operator, options } = call;
  const at = momentOf(textOf(options, "at"), operator.clock.now());
  const data = await TenantSubscriptions.explain(operator, await tenantIdOf(call), at);
  return done(data, explained(data));
}

/** A look is harmless, and tells at once whether the payment provider answers. */
export async function refetch(call: Call): Promise<Outcome> {
  const tenantId = await tenantIdOf(call);
  await TenantSubscriptions.converge(call.operator, call.platform.subscriptions, tenantId);
  const { state, status, plan } = await TenantSubscriptions.find(call.operator, tenantId);
  return done(
    { tenantId, state, status },
    `${call.word} is ${state}, with ${plan.name}; its subscription is ${status}.`,
  );
}

function momentOf(text: string | undefined, now: Date): Date {
  if (text === undefined) return now;
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new UsageError(`--at is a time such as 2026-12-31T09:00:00Z, not "${text}".`);
}

function explained({ subscription, modules, limits, acts, openInvoices, nextChange, nextLookAt }: Explanation): string {
  const { price, card } = subscription;
  const lines: readonly (readonly [string, Cell])[] = [
    ["pharmacy", subscription.companyName],
    ["state", stateOf(subscription)],
    ["plan", subscription.plan.name],
    ["price", price && `${price.amount} ${price.currency} a ${price.interval}`],
    ["subscription", subscription.subscriptionId && `${subscription.subscriptionId}, ${subscription.status}`],
    ["customer", subscription.customerId],
    ["paid until", subscription.period?.end.toISOString()],
    ["ends", subscription.endsAt?.toISOString()],
    ["card", card && `${card.brand} ${card.last4}, until ${card.expiresAt?.toISOString().slice(0, 7)}`],
    ["waits", waitsFor(subscription)],
    ["next", nextChange && `${nextChange.to} on ${nextChange.at.toISOString()} unless something happens`],
    ["next look", nextLookAt?.toISOString()],
    ["last asked", subscription.fetchedAt?.toISOString()],
  ];
  const answer = (isAllowed: boolean) => (isAllowed ? "yes" : "no");
  const moduleRows = modules.map(({ module, isAllowed, because, ifPaid, stripeItemId }) => [
    module,
    answer(isAllowed),
    reasonFor(because),
    answer(ifPaid.isAllowed),
    stripeItemId,
  ]);
  const limitRows = limits.map(({ limit, max, ofPlan, raisedBy }) => [
    limit,
    max ?? "unlimited",
    ofPlan ?? "unlimited",
    raisedBy,
  ]);
  const actRows = acts.map(({ act, isAllowed, because, ifPaid }) => [
    act,
    answer(isAllowed),
    reasonFor(because),
    answer(ifPaid.isAllowed),
  ]);
  const invoiceRows = openInvoices.map(({ id, number, amountDue, currency, createdAt, nextAttemptAt }) => [
    number ?? id,
    `${amountDue} ${currency}`,
    createdAt.toISOString(),
    nextAttemptAt?.toISOString(),
  ]);
  return [
    facts(lines),
    table(["MODULE", "MAY", "BECAUSE", "IF PAID", "ITEM"], moduleRows),
    table(["LIMIT", "MAX", "OF THE PLAN", "BOUGHT"], limitRows),
    table(["ACT", "MAY", "BECAUSE", "IF PAID"], actRows),
    ...(invoiceRows.length === 0 ? [] : [table(["OPEN INVOICE", "DUE", "MADE", "NEXT TRY"], invoiceRows)]),
  ].join("\n\n");
}

function stateOf({ state, suspension, graceEndsAt, accessEndsAt, trialEndsAt }: Explanation["subscription"]): string {
  const until = state === "trial" ? trialEndsAt : (graceEndsAt ?? accessEndsAt);
  const why = suspension === null ? "" : `, because of ${suspension}`;
  return `${state}${why}${until === null ? "" : `, until ${until.toISOString()}`}`;
}

function waitsFor({ pending, scheduled }: Explanation["subscription"]): string | null {
  if (pending !== null) return `for a payment to be confirmed, until ${pending.until.toISOString()}`;
  return scheduled === null ? null : `for another plan on ${scheduled.at.toISOString()}`;
}

/** A rule in words. */
function reasonFor(because: Because): string {
  switch (because.rule) {
    case "plan":
      return `part of ${because.plan}`;
    case "add_on":
      return "bought";
    case "grant":
    case "trial":
    case "custom":
      return `${because.rule}${because.until === null ? "" : ` until ${because.until.toISOString()}`}`;
    case "expired":
      return `${because.source} ended ${because.at.toISOString()}`;
    case "not_included":
      return because.plan === undefined ? "no plan" : `not part of ${because.plan}`;
    case "payment_overdue":
      return "a payment is overdue";
    case "suspended":
      return "suspended";
    case "not_open":
      return "not open";
    case "open":
      return "open";
  }
}
