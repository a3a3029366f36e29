import { HOUR_SECONDS } from "@pharmasight/core/kernel/clock";
import { cancelNow, planCancellation } from "./cancellation.ts";
import { messageOf } from "./charges.ts";
import { challenge, typedCard, wordsOf } from "./page.tsx";
import { attach, behaviourOf, createCard, markSetUp } from "./payment-methods.ts";
import { NOT_CONFIRMED } from "./payments.ts";
import { cancelPage, cardPage, expiredPage, portalPage } from "./portal-page.tsx";
import type { PortalSession } from "./portal-sessions.ts";
import { missing } from "./replies.ts";
import type { Page, PageRoute } from "./routes.ts";
import { release } from "./schedules.ts";
import { periodOf, type Subscription } from "./subscription-items.ts";
import { hasEnded } from "./subscription-status.ts";
import { createTaxId } from "./tax-ids.ts";
import type { World } from "./world.ts";

/** How long the address of a portal session works. */
const LIFE_HOURS = 1;

/** The portal as the customer sees it: its own page, or with a flow only that. Posted to itself, with `act`. */
export const portalPages: readonly PageRoute[] = [
  {
    method: "GET",
    path: "/portal/:id",
    answer: ({ world, id, form }) => whileValid(world, id, (session) => show(world, session, form)),
  },
  {
    method: "POST",
    path: "/portal/:id",
    answer: ({ world, id, form }) => whileValid(world, id, (session) => act(world, session, form)),
  },
];

function whileValid(world: World, id: string, then: (session: PortalSession) => Page): Page {
  const session = world.get("portalSessions", id);
  return session.created + LIFE_HOURS * HOUR_SECONDS > world.now() ? then(session) : expiredPage(session);
}

function show(world: World, session: PortalSession, form: URLSearchParams, problem?: string): Page {
  const { flow } = session;
  const { features } = world.get("portalConfigurations", session.configuration);
  const wanted = flow?.type ?? form.get("page");
  if (wanted === "payment_method_update" && features.payment_method_update.enabled) return cardPage(session, problem);
  if (wanted === "subscription_cancel" && features.subscription_cancel.enabled) {
    const id = flow?.subscription_cancel?.subscription ?? form.get("subscription") ?? "";
    return cancelPage(session, ownSubscription(world, session, id), features.subscription_cancel.mode);
  }
  return portalPage({ world, session, features, problem });
}

function act(world: World, session: PortalSession, form: URLSearchParams): Page {
  const { features } = world.get("portalConfigurations", session.configuration);
  const allowed = features.customer_update.enabled ? features.customer_update.allowed_updates : [];
  const name = form.get("act") ?? "";
  if (name === "cancel" && features.subscription_cancel.enabled) return cancel(world, session, form);
  if (name === "renew" && features.subscription_cancel.enabled) {
    planCancellation(world, ownSubscription(world, session, form.get("subscription") ?? ""), null);
    return done(session);
  }
  if (features.payment_method_update.enabled) {
    if (name === "card") return addCard(world, session, form);
    if (name === "confirm") return useCard(world, session, form.get("payment_method") ?? "");
    if (name === "refuse") return show(world, session, form, NOT_CONFIRMED);
  }
  if (name === "details" && allowed.includes("name")) {
    const customer = world.get("customers", session.customer);
    world.change("customers", { ...customer, name: form.get("name") ?? null }, "customer.updated");
    return done(session);
  }
  if (name === "tax_id" && allowed.includes("tax_id")) {
    try {
      createTaxId(world, session.customer, { type: form.get("tax_id_type") ?? "", value: form.get("tax_id") ?? "" });
    } catch (error) {
      return show(world, session, form, wordsOf(error));
    }
    return done(session);
  }
  return show(world, session, form, "This is not possible here.");
}

/** With flexible billing the portal plans the end by a moment, and leaves the flag for the period's end alone. */
function cancel(world: World, session: PortalSession, form: URLSearchParams): Page {
  const id = session.flow?.subscription_cancel?.subscription ?? form.get("subscription") ?? "";
  const subscription = ownSubscription(world, session, id);
  const words = { comment: form.get("comment") || null, feedback: form.get("feedback") || null };
  const { mode } = world.get("portalConfigurations", session.configuration).features.subscription_cancel;
  if (mode === "immediately") cancelNow(world, id, { words, reason: "cancellation_requested" });
  else {
    if (subscription.schedule !== null) release(world, world.get("schedules", subscription.schedule));
    const current = world.get("subscriptions", id);
    planCancellation(world, current, periodOf(current).end, words);
  }
  return done(session);
}

function addCard(world: World, session: PortalSession, form: URLSearchParams): Page {
  let card: { readonly id: string };
  try {
    card = createCard(world, typedCard(form));
  } catch (error) {
    return show(world, session, form, wordsOf(error));
  }
  const { asks, attaches, declineCode } = behaviourOf(world, card.id);
  if (!attaches || declineCode === "expired_card") {
    return show(world, session, form, messageOf(declineCode ?? "generic_decline"));
  }
  world.keepSecret(session.id, { paymentMethod: card.id });
  return asks ? challenge(card.id) : useCard(world, session, card.id);
}

/** The customer's default from now on. A subscription that has a method of its own keeps paying with that. */
function useCard(world: World, session: PortalSession, id: string): Page {
  if (world.secretOf(session.id).paymentMethod !== id) throw missing("PaymentMethod", id, "payment_method");
  markSetUp(world, id);
  attach(world, id, session.customer);
  const customer = world.get("customers", session.customer);
  const settings = { ...customer.invoice_settings, default_payment_method: id };
  world.change("customers", { ...customer, invoice_settings: settings }, "customer.updated");
  return done(session);
}

function ownSubscription(world: World, session: PortalSession, id: string): Subscription {
  const subscription = world.get("subscriptions", id);
  if (subscription.customer !== session.customer || hasEnded(subscription)) throw missing("subscription", id, "id");
  return subscription;
}

/** After a flow back to where it says, else to the portal. */
const done = ({ flow, url, return_url: back }: PortalSession): Page => ({
  redirect: flow === null ? url : (flow.after_completion.redirect?.return_url ?? back ?? url),
});
