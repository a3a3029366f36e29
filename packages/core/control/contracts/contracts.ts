export * as Contracts from "./contracts.ts";

export { type InvoiceBilling, startInvoiceBilling } from "./invoice-billing.ts";
export { OFFER_MODULES, type Offer, type OfferModule, type OfferTerms, offer } from "./offers.ts";
export { type PaymentMade, recordPayment } from "./payments.ts";
