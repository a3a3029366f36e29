import type { AddOnCard, BillingProps, BillingState, InvoiceRow } from "@pharmasight/views/tenant/billing/props";
import { at } from "./shared.ts";

export const later = new Date("2026-12-24T00:59:00Z");
export const soon = new Date("2026-11-27T00:59:00Z");

export const usage: BillingProps["usage"] = [
  { label: "Branches", used: "1", max: "1", percent: 100, level: "full", href: "/settings/branches" },
  { label: "People", used: "5", max: "5", percent: 100, level: "full", href: "/settings/people" },
  { label: "Items", used: "8,204", max: "10,000", percent: 82, level: "near", href: "/items" },
  { label: "API calls this month", used: "12,481", level: "fine" },
  { label: "Storage", used: "3.2 GB", level: "fine" },
];

const moduleDays: BillingProps["moduleDays"] = [
  { title: "Inventory", days: 24 },
  { title: "Sales", days: 22 },
  { title: "Purchases", days: 9 },
  { title: "API access", days: 1 },
];

const addOn = (code: string, name: string, description: string, price: string): AddOnCard => ({
  code,
  name,
  description,
  price,
  interval: "month",
  quantity: 0,
  isCountable: false,
  isIncluded: false,
  change: { isPossible: true },
  trial: { module: code, state: "offered" },
});

const room = (code: string, name: string, description: string, price: string, quantity = 0): AddOnCard => {
  const { trial: _, ...plain } = addOn(code, name, description, price);
  return { ...plain, isCountable: true, quantity };
};

const api = addOn("api_access", "API access", "Keys for your own programs, 60 requests a minute.", "US$29.00");
const stockTake = addOn("stock_take", "Stock take", "Blind counts, approval, and sales while you count.", "US$15.00");
const advanced = addOn(
  "advanced_reports",
  "Advanced reports",
  "Forecasts, slow sellers and reports of your own.",
  "US$29.00",
);
export const addOns: readonly AddOnCard[] = [
  { ...addOn("reports", "Reports", "Sales, margins and what to order.", "US$19.00"), isIncluded: true },
  { ...stockTake, trial: { module: "stock_take", state: "running", until: new Date("2026-12-03T00:59:00Z") } },
  { ...api, quantity: 1, trial: { module: "api_access", state: "none" } },
  { ...advanced, trial: { module: "advanced_reports", state: "used" } },
  addOn("custom_branding", "Your branding", "Your colours and logo on receipts and mails.", "US$9.00"),
  room("extra_branch", "One more branch", "Room for one branch beyond your plan.", "US$25.00", 2),
  room("five_users", "Five more people", "Room for five people beyond your plan.", "US$15.00"),
];

const inTrial = addOns.map(({ endsAt: _, ...one }) => ({
  ...one,
  quantity: 0,
  change: { isPossible: false, why: "Choose a plan first." } as const,
}));

export const invoices: readonly InvoiceRow[] = [
  {
    id: "i4",
    number: "ACACIA-0004",
    at,
    total: "US$99.00",
    status: "paid",
    pdfHref: "/billing/invoices/i4/pdf",
    needsConfirmation: false,
  },
  {
    id: "i3",
    number: "ACACIA-0003",
    at: new Date("2026-10-24T00:59:00Z"),
    total: "US$1,210.40",
    refunded: "US$10.00",
    status: "paid",
    pdfHref: "/billing/invoices/i3/pdf",
    needsConfirmation: false,
  },
  {
    id: "i2",
    number: "ACACIA-0002",
    at: new Date("2026-09-24T00:59:00Z"),
    total: "US$0.00",
    status: "void",
    needsConfirmation: false,
  },
];

export const openInvoice: InvoiceRow = {
  id: "i5",
  number: "ACACIA-0005",
  at,
  total: "US$99.00",
  status: "overdue",
  dueAt: at,
  pdfHref: "/billing/invoices/i5/pdf",
  payHref: "/billing/invoices/i5/pay",
  needsConfirmation: false,
};

export const card = { brand: "Visa", last4: "4242", expires: "08/2027", state: "good" } as const;

export const active: BillingProps = {
  state: { kind: "active" },
  plan: { name: "Starter", price: "US$99.00", interval: "month", isAgreed: false, isInvoiced: false },
  nextPayment: { amount: "US$178.00", at: later },
  usage,
  usageMonth: "November 2026",
  moduleDays,
  addOns,
  grants: [],
  card,
  hasPortal: true,
  invoices,
  cancellable: { accessEndsAt: later },
  isCancelUndoable: false,
};

const bare = {
  usage: usage.map(({ label, ...bar }) => ({ label, ...bar })),
  usageMonth: "November 2026",
  grants: [],
  isCancelUndoable: false,
  invoices: [],
};

export const trial: BillingProps = {
  ...bare,
  state: { kind: "trial", daysLeft: 12, endsAt: new Date("2026-12-06T00:00:00Z") },
  plan: { name: "Professional", isAgreed: false, isInvoiced: false },
  moduleDays: [],
  addOns: inTrial,
  hasPortal: false,
};

export const pastDue: Extract<BillingState, { kind: "past_due" }> = {
  kind: "past_due",
  graceEndsAt: new Date("2026-11-29T00:00:00Z"),
  daysLeft: 5,
  amountDue: "US$178.00",
  nextAttemptAt: soon,
  payHref: "/billing/invoices/i5/pay",
  needsConfirmation: false,
};

export const unchangeable = addOns.map(({ trial, ...one }) => ({
  ...one,
  ...(trial?.state === "offered" ? {} : { trial }),
  change: { isPossible: false, why: "A payment is overdue. Pay the open invoice first." } as const,
}));

export const overdue: BillingProps = {
  ...active,
  state: pastDue,
  addOns: unchangeable,
  card: { ...card, state: "expired", expires: "10/2026" },
  invoices: [openInvoice, ...invoices],
};
