import { type CommandUsage, commandPage, type Manual, manualPage, requireOwnOf } from "../operators/manual.ts";
import type { Options } from "../operators/options.ts";

const PHARMACY = { name: "pharmacy", least: 1 } as const;
const INVOICE = { name: "invoice", least: 1 } as const;
const NOTICE = { name: "notice", least: 1 } as const;

const commands = {
  publish: {
    takes: "",
    does: "make the payment provider know all prices, the portal and our endpoint. Again at any time",
    options: [],
    words: undefined,
    changes: false,
  },
  prices: {
    takes: "[--currency USD]",
    does: "what is sold to everybody",
    options: ["currency"],
    words: undefined,
    changes: false,
  },
  price: {
    takes: '--plan <plan> | --add-on <add-on>  --interval month|year --amount <amount> [--currency USD] --reason "…"',
    does: "sell for another amount, or in one more currency. Who has the old price keeps it",
    options: ["plan", "add-on", "interval", "amount", "currency", "reason"],
    words: undefined,
    changes: true,
  },
  coupon: {
    takes: '<code> --percent <n> | --amount <amount> [--currency USD]  [--months <n>] [--expires <day>] --reason "…"',
    does: "a code that takes something off, for people to type on the payment page",
    options: ["percent", "amount", "currency", "months", "expires", "redemptions", "reason"],
    words: { name: "code", least: 1 },
    changes: true,
  },
  explain: {
    takes: "<pharmacy> [--at <time>]",
    does: "why it may or may not do what it wants: every module, limit and act, and what paying changes",
    options: ["at"],
    words: PHARMACY,
    changes: false,
  },
  refetch: {
    takes: "<pharmacy>",
    does: "bring our rows to what the payment provider says now",
    options: [],
    words: PHARMACY,
    changes: false,
  },
  offer: {
    takes: '<pharmacy> --amount <amount> --interval month|year [--term 12] [--branches …] --reason "…"',
    does: "an Enterprise plan of their own: made, published, and mailed to the owner",
    options: ["amount", "currency", "interval", "term", "branches", "users", "items", "requests", "modules", "reason"],
    words: PHARMACY,
    changes: true,
  },
  "invoice-billing": {
    takes: '<pharmacy> --plan <plan>|own --interval month|year [--add-on …] [--days 14] --reason "…"',
    does: "start a subscription whose invoices are mailed, and paid by bank or M-Pesa",
    options: ["plan", "interval", "currency", "add-on", "days", "reason"],
    words: PHARMACY,
    changes: true,
  },
  "extend-trial": {
    takes: '<pharmacy> --until <day> --reason "…"',
    does: "let the trial last longer; one that has ended opens again",
    options: ["until", "reason"],
    words: PHARMACY,
    changes: true,
  },
  "extend-grace": {
    takes: '<pharmacy> --until <day> --reason "…"',
    does: "give more time to pay; one that is suspended for it opens again",
    options: ["until", "reason"],
    words: PHARMACY,
    changes: true,
  },
  suspend: {
    takes: '<pharmacy> --reason "…" [--yes]',
    does: "shut it, whatever it has paid",
    options: ["reason", "yes"],
    words: PHARMACY,
    changes: true,
  },
  resume: {
    takes: '<pharmacy> --reason "…"',
    does: "open one that an operator shut",
    options: ["reason"],
    words: PHARMACY,
    changes: true,
  },
  paid: {
    takes: '<invoice> --reference <reference> --reason "…" [--yes]',
    does: "record that an invoice was paid by bank or M-Pesa",
    options: ["reference", "reason", "yes"],
    words: INVOICE,
    changes: true,
  },
  refund: {
    takes: '<invoice> [--amount <amount>] --memo "…" [--end-subscription] --reason "…" [--yes]',
    does: "give money back by a credit note: all that is left of the invoice, or a part",
    options: ["amount", "memo", "end-subscription", "reason", "yes"],
    words: INVOICE,
    changes: true,
  },
  notices: {
    takes: "[--state received|applied|ignored|failed|discarded] [--customer <id>] [--limit 50]",
    does: "what the payment provider told us, the newest first",
    options: ["state", "customer", "limit"],
    words: undefined,
    changes: false,
  },
  replay: {
    takes: '<notice> --reason "…"',
    does: "look into a notice again. Harmless however often",
    options: ["reason"],
    words: NOTICE,
    changes: true,
  },
  discard: {
    takes: '<notice> --reason "…"',
    does: "give a notice up that cannot be applied",
    options: ["reason"],
    words: NOTICE,
    changes: true,
  },
  findings: {
    takes: "",
    does: "where we and the payment provider differ, and what nobody pays for. Code 3 while there are any",
    options: [],
    words: undefined,
    changes: false,
  },
  reconcile: {
    takes: "",
    does: "begin today's comparison now instead of at night, in the background",
    options: [],
    words: undefined,
    changes: false,
  },
  repair: {
    takes: '<finding> --reason "…"',
    does: "do what mends a finding: look again, or note that it was looked after",
    options: ["reason"],
    words: { name: "finding", least: 1 },
    changes: true,
  },
} as const satisfies Readonly<Record<string, CommandUsage>>;

export type Command = keyof typeof commands;
export const isCommand = (name: string): name is Command => Object.hasOwn(commands, name);

const manual: Manual<Command> = {
  script: "billing",
  commands,
  sections: [
    ["Looking", ["prices", "explain", "notices", "findings"]],
    ["Putting right, as often as you like", ["publish", "refetch", "reconcile"]],
    [
      'Changing: each needs --reason "…", which the audit log keeps with your name',
      [
        "price",
        "coupon",
        "offer",
        "invoice-billing",
        "paid",
        "refund",
        "extend-trial",
        "extend-grace",
        "suspend",
        "resume",
        "replay",
        "discard",
        "repair",
      ],
    ],
  ],
  lines: {
    plan: "--plan <plan>              starter, professional, or own: the one that was offered to the pharmacy",
    "add-on":
      "--add-on <add-on>          such as reports or extra_branch; several, or with extra_branch:3 a number of them",
    currency: "--currency <code>          three letters, by default USD",
    interval: "--interval <interval>      month or year",
    amount: "--amount <amount>          such as 99 or 12900.50",
    percent: "--percent <number>         above 0, up to 100",
    months: "--months <count>           how long it is taken off; without it, for ever",
    redemptions: "--redemptions <count>      how many may use it; without it, everybody",
    expires: "--expires <day>            the last day on which it may be typed, such as 2026-12-31",
    term: "--term <months>            for how long it is agreed, by default 12",
    branches: "--branches <count>         or unlimited, as by default",
    users: "--users <count>            or unlimited, as by default",
    items: "--items <count>            or unlimited, as by default",
    requests: "--requests <count>         of the API in a minute, by default 600",
    modules: "--modules <list>           such as inventory,sales,reports; by default all",
    days: "--days <count>             until an invoice is due, by default 14",
    reference: "--reference <text>         of the bank or M-Pesa, as the statement shows it",
    memo: '--memo "<text>"            stands on the credit note, for the customer to read',
    "end-subscription": "--end-subscription         end it at once; without this it goes on",
    until: "--until <day>              the last day, on the pharmacy's calendar, such as 2026-12-31",
    at: "--at <time>                such as 2026-12-31T09:00:00Z, by default now",
    state: "--state <state>            received, applied, ignored, failed or discarded",
    customer: "--customer <id>            the payment provider's",
    limit: "--limit <count>            by default 50",
    reason: '--reason "<why>"           the audit log keeps it',
    yes: "--yes                      do not ask",
  },
  notes: "<pharmacy> is a subdomain or a tenant's id, <invoice> and <notice> are the payment provider's ids.",
  exitCodes: "Exit codes: 0 done, 1 refused or failed, 2 called wrongly, 3 findings are open.",
  page: "docs/billing.md",
};

/** All commands in a page. */
export const usage = (): string => manualPage(manual);

/** One command. */
export const usageOfCommand = (command: Command): string => commandPage(manual, command);

/** @throws UsageError for an option or a word that the command does not take, or that it lacks */
export const requireOwn = (command: Command, words: readonly string[], options: Options): void =>
  requireOwnOf(manual, command, words, options);
