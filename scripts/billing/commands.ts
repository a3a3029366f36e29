import type { Call, Outcome } from "./command.ts";
import * as contracts from "./contracts.ts";
import * as findings from "./findings.ts";
import * as looking from "./looking.ts";
import * as money from "./money.ts";
import * as notices from "./notices.ts";
import * as selling from "./selling.ts";
import * as standing from "./standing.ts";
import type { Command } from "./usage.ts";

/** What carries out each command. */
export const commandRuns: Readonly<Record<Command, (call: Call) => Promise<Outcome>>> = {
  publish: selling.publish,
  prices: selling.prices,
  price: selling.price,
  coupon: selling.coupon,
  explain: looking.explain,
  refetch: looking.refetch,
  offer: contracts.offer,
  "invoice-billing": contracts.invoiceBilling,
  "extend-trial": standing.extendTrial,
  "extend-grace": standing.extendGrace,
  suspend: standing.suspend,
  resume: standing.resume,
  paid: money.paid,
  refund: money.refund,
  notices: notices.list,
  replay: notices.replay,
  discard: notices.discard,
  findings: findings.list,
  reconcile: findings.reconcile,
  repair: findings.repair,
};
