import { catalogueRoutes } from "./catalogue.ts";
import { checkoutPages } from "./checkout.ts";
import { checkoutIncludables, checkoutRoutes } from "./checkout-sessions.ts";
import { couponRoutes } from "./coupons.ts";
import { creditNoteRoutes } from "./credit-notes.ts";
import { customerIncludables, customerRoutes } from "./customers.ts";
import { disputeRoutes } from "./disputes.ts";
import { eventRoutes } from "./events.ts";
import type { Includables } from "./expand.ts";
import { invoicePages } from "./invoice-pages.tsx";
import { invoiceRoutes } from "./invoices.ts";
import { paymentMethodRoutes } from "./payment-methods.ts";
import { invoiceIncludables, paymentRoutes } from "./payments.ts";
import { portalPages } from "./portal.ts";
import { portalConfigurationRoutes } from "./portal-configurations.ts";
import { portalRoutes } from "./portal-sessions.ts";
import { refundRoutes } from "./refunds.ts";
import type { ApiRoute, PageRoute } from "./routes.ts";
import { scheduleRoutes } from "./schedules.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { taxIdRoutes } from "./tax-ids.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints.ts";

/** Every call that the stand-in answers: those that the product makes. */
export const apiRoutes = (options: { readonly searchLagSeconds: number }): readonly ApiRoute[] => [
  ...customerRoutes(options.searchLagSeconds),
  ...taxIdRoutes,
  ...paymentMethodRoutes,
  ...catalogueRoutes,
  ...couponRoutes,
  ...subscriptionRoutes,
  ...scheduleRoutes,
  ...invoiceRoutes,
  ...paymentRoutes,
  ...refundRoutes,
  ...creditNoteRoutes,
  ...disputeRoutes,
  ...checkoutRoutes,
  ...webhookEndpointRoutes,
  ...portalConfigurationRoutes,
  ...portalRoutes,
  ...eventRoutes,
];

/** Every page that a customer is sent to. */
export const pageRoutes: readonly PageRoute[] = [...checkoutPages, ...portalPages, ...invoicePages];

export const includables: Includables = { ...customerIncludables, ...invoiceIncludables, ...checkoutIncludables };
