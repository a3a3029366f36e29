import type { FieldErrors } from "../../shared/context.ts";

/**
 * What the pages of the subscription show. Plain data: amounts are text in the owner's format with their currency
 * (`US$99.00`), names are the pharmacy's words, dates are moments that the page shows in the pharmacy's time zone.
 *
 * Every form is `<form method="post" data-once>` with formToken. Which fields it has stands beside what it is for.
 */

export type Interval = "month" | "year";

/** What the pharmacy may do now, and until when. */
export type BillingState =
  | { readonly kind: "trial"; readonly daysLeft: number; readonly endsAt: Date }
  | { readonly kind: "active" }
  /** A payment is overdue; access stays, somewhat less of it, until the end of the grace. */
  | {
      readonly kind: "past_due";
      readonly graceEndsAt: Date;
      readonly daysLeft: number;
      readonly amountDue?: string;
      /** When the card is tried again by itself. */
      readonly nextAttemptAt?: Date;
      /** GET: page on which the open invoice is paid. */
      readonly payHref?: string;
      /** The bank wants the owner to confirm; another card is not needed. */
      readonly needsConfirmation: boolean;
    }
  | { readonly kind: "cancelled"; readonly accessEndsAt: Date }
  | {
      readonly kind: "suspended";
      readonly cause: "trial_ended" | "unpaid" | "subscription_ended" | "operator";
      readonly amountDue?: string;
      /** GET: page on which the open invoice is paid; absent where a plan has to be chosen instead. */
      readonly payHref?: string;
    };

export interface PlanNow {
  readonly name: string;
  /** For the interval; absent in a trial, and for a plan that was never paid. */
  readonly price?: string;
  readonly interval?: Interval;
  /** Agreed with this pharmacy alone. */
  readonly isAgreed: boolean;
  /** Paid by bank or M-Pesa against an invoice, instead of by card. */
  readonly isInvoiced: boolean;
  /** `20% off until 3 March 2027`, `US$10.00 off` */
  readonly discount?: string;
}

/** Something counted, against what the plan and what was bought beside it allow. */
export interface UsageBar {
  /** `Branches`, `People`, `Items`, `API calls this month`, `Storage` */
  readonly label: string;
  /** As people read it: `1,204`, `3.2 GB` */
  readonly used: string;
  /** Absent: unlimited, or nothing that has a limit. */
  readonly max?: string;
  /** Whole percent of the limit, 100 at most; absent without one. */
  readonly percent?: number;
  /** `near` from 80 %, `full` from 100 %. */
  readonly level: "fine" | "near" | "full";
  /** Where one archives some. */
  readonly href?: string;
}

/** What can be bought beside the plan, or was. */
export interface AddOnCard {
  readonly code: string;
  readonly name: string;
  readonly description: string;
  /** Of one, for the interval of the subscription: `US$19.00`. Absent when it is not sold in this currency. */
  readonly price?: string;
  readonly interval: Interval;
  /** How many there are; 0: none. */
  readonly quantity: number;
  /** Whether one may buy several; then the form asks how many there are to be. */
  readonly isCountable: boolean;
  /** Comes with the plan, so that it is not sold beside it. */
  readonly isIncluded: boolean;
  /** It was dropped and works until then. */
  readonly endsAt?: Date;
  /**
   * Whether POST /billing/quote with `addOn` (its code) and `quantity` (as it is to be; 0 drops it) is possible now. Not in
   * a trial, while a payment is overdue, or while another change is under way; `why` says so.
   */
  readonly change: { readonly isPossible: true } | { readonly isPossible: false; readonly why: string };
  /**
   * Of a module: POST /billing/modules/{module}/trial. `offered` can be started, `running` works until then, `used` was
   * there before, `none` is not offered now.
   */
  readonly trial?: {
    readonly module: string;
    readonly state: "offered" | "running" | "used" | "none";
    readonly until?: Date;
  };
}

export interface CardOnFile {
  /** `Visa` */
  readonly brand: string;
  readonly last4: string;
  /** `08/2027` */
  readonly expires: string;
  readonly state: "good" | "expiring" | "expired";
}

export interface InvoiceRow {
  readonly id: string;
  /** Absent while it is a draft. */
  readonly number?: string;
  readonly at: Date;
  readonly total: string;
  readonly status: "draft" | "paid" | "open" | "overdue" | "void" | "uncollectible";
  readonly dueAt?: Date;
  /** Of it, given back. */
  readonly refunded?: string;
  /** GET: the PDF. */
  readonly pdfHref?: string;
  /** GET: page on which it is paid. */
  readonly payHref?: string;
  readonly needsConfirmation: boolean;
}

/** What has just happened, to be said at the top of the page once. */
export type BillingNews =
  | "changed"
  | "scheduled"
  | "unscheduled"
  | "cancelled"
  | "resumed"
  | "trial_started"
  | "checkout_left";

/** GET /billing */
export interface BillingProps {
  readonly state: BillingState;
  readonly plan?: PlanNow;
  readonly nextPayment?: { readonly amount: string; readonly at: Date };
  readonly usage: readonly UsageBar[];
  /** `November 2026`: what the usage of a month is of. */
  readonly usageMonth: string;
  /** Modules in use this month, with the number of days. */
  readonly moduleDays: readonly { readonly title: string; readonly days: number }[];
  readonly addOns: readonly AddOnCard[];
  /** Modules that were given or made for this pharmacy. */
  readonly grants: readonly { readonly title: string; readonly source: "grant" | "custom"; readonly until?: Date }[];
  /** POST /billing/scheduled/cancel gives it up. */
  readonly scheduled?: { readonly items: readonly string[]; readonly at: Date };
  /** A change that waits for the confirmation of its payment with the bank: GET confirmHref. */
  readonly pending?: { readonly items: readonly string[]; readonly until: Date; readonly confirmHref?: string };
  /** A page for paying is open in another window. GET resumeHref goes on there. */
  readonly openCheckout?: { readonly planName: string; readonly expiresAt: Date; readonly resumeHref: string };
  readonly card?: CardOnFile;
  /** POST /billing/portal with `purpose` = `overview` | `payment_method`. False before there is anything to see. */
  readonly hasPortal: boolean;
  /** The newest few; GET /billing/invoices has all. */
  readonly invoices: readonly InvoiceRow[];
  /** POST /billing/cancel (field `reason`, optional, at most 500 characters), which says until when access stays. */
  readonly cancellable?: { readonly accessEndsAt: Date };
  /** POST /billing/cancel/undo */
  readonly isCancelUndoable: boolean;
  readonly news?: BillingNews;
  /** Why the last thing asked for did not happen, in a sentence. */
  readonly problem?: string;
}

/** GET /billing for people who may not manage the subscription: `AskOwnerPage` in overview.tsx. */
export interface AskOwnerProps {
  readonly state: BillingState;
  readonly planName?: string;
  /** Absent when the pharmacy has none, which only lasts while it is handed over. */
  readonly ownerName?: string;
}

/** What one can do with a plan on the page of plans. */
export type PlanAction =
  /** POST /billing/checkout with `price` = priceId */
  | { readonly kind: "checkout"; readonly priceId: string }
  /** POST /billing/quote with `price` = priceId: shows what it costs before anything happens */
  | {
      readonly kind: "quote";
      readonly priceId: string;
      readonly direction: "upgrade" | "downgrade" | "interval";
    }
  | { readonly kind: "current" }
  /** It begins at the end of the period. */
  | { readonly kind: "scheduled"; readonly at: Date }
  /** GET /billing/enterprise */
  | { readonly kind: "enquire" }
  | { readonly kind: "unavailable"; readonly why: string };

export interface PlanCard {
  readonly code: string;
  readonly name: string;
  /** For the chosen interval; absent for a plan whose price is agreed. */
  readonly price?: string;
  /** A twelfth of a year's price. */
  readonly priceAMonth?: string;
  /** What a year costs less than twelve months. */
  readonly yearlySaving?: string;
  /** Agreed with this pharmacy alone, and waiting to be paid. */
  readonly isAgreed: boolean;
  /** `1 branch`, `5 people`, `10,000 items`, `60 API requests a minute`, `Unlimited branches` */
  readonly limits: readonly string[];
  readonly action: PlanAction;
}

/** GET /billing/plans?interval=month|year&currency=USD */
export interface PlansProps {
  readonly state: BillingState;
  readonly interval: Interval;
  readonly currency: string;
  /** More than one only before the first payment, whose currency stays. */
  readonly currencies: readonly string[];
  readonly plans: readonly PlanCard[];
  /** Rows of the comparison: which plans (by code) have it. */
  readonly modules: readonly {
    readonly title: string;
    readonly description: string;
    readonly plans: readonly string[];
  }[];
  /** What can be bought beside a plan, for the interval. */
  readonly addOns: readonly {
    readonly name: string;
    readonly description: string;
    readonly price: string;
    /** Plans (by code) that it comes with. */
    readonly includedIn: readonly string[];
  }[];
  readonly problem?: string;
}

/** What is too much for the plan that was asked for. */
export interface ExcessRow {
  /** `branches`, `people`, `items` */
  readonly what: string;
  readonly used: string;
  readonly max: string;
  /** What to do: `Archive 2 branches` */
  readonly remedy: string;
  readonly href: string;
}

/** GET /billing/changes/{id}, and the answer to POST /billing/quote when it is blocked. */
export type ChangeProps =
  /** The plan has less room than the pharmacy uses. */
  | {
      readonly kind: "blocked";
      /** `Starter, by the month` */
      readonly wanted: string;
      readonly excesses: readonly ExcessRow[];
    }
  | {
      readonly kind: "change";
      readonly id: string;
      readonly state: "quoted" | "applying" | "waiting" | "applied" | "failed" | "expired";
      /** `now`: paid for and there at once. `at_period_end`: nothing changes before. */
      readonly when: "now" | "at_period_end";
      /** In sentences: `Professional instead of Starter`, `One more branch: 2 instead of 1`. */
      readonly changes: readonly string[];
      /** An add-on that is dropped because the new plan has it, and such; in sentences. */
      readonly notes: readonly string[];
      /** What the payment now is made of. Negative amounts give back what was not used. */
      readonly lines: readonly { readonly description: string; readonly amount: string; readonly isCredit: boolean }[];
      readonly dueNow: string;
      /** Nothing is paid now, and `dueNow` is taken off the next invoices. */
      readonly isCredit: boolean;
      readonly dueNext: string;
      readonly nextAt?: Date;
      readonly card?: CardOnFile;
      /** Until when the amounts hold; then it has to be asked again. */
      readonly holdsUntil: Date;
      /** What to post again for fresh amounts, to POST /billing/quote. */
      readonly again: { readonly price: string } | { readonly addOn: string; readonly quantity: number };
      /** Of one that waits: GET, page of the bank's confirmation. */
      readonly confirmHref?: string;
      /** Of one that failed, in a sentence: `The card was declined.` */
      readonly problem?: string;
    };

/** GET /billing/return: where the page for paying leads back to. */
export type ReturnProps =
  | { readonly kind: "done"; readonly planName: string; readonly nextPayment?: { amount: string; at: Date } }
  /** Paid, as it seems; what follows goes on by itself. The page looks again by itself after a few seconds. */
  | { readonly kind: "waiting" }
  /** The page for paying was left, or ran out, before it was paid. */
  | { readonly kind: "not_paid" };

export interface EnterpriseValues {
  readonly phone: string;
  readonly branches: string;
  readonly message: string;
}

/** GET and POST /billing/enterprise with `phone`, `branches`, `message`. */
export interface EnterpriseProps {
  readonly values: EnterpriseValues;
  readonly errors: FieldErrors;
  /** It was sent: we answer to this address. */
  readonly sentFor?: string;
}

/** GET /billing/invoices?after= */
export interface InvoicesProps {
  readonly invoices: readonly InvoiceRow[];
  /** GET: the next page, older ones. */
  readonly olderHref?: string;
  /** GET: back to the newest; absent on the first page. */
  readonly newestHref?: string;
}
