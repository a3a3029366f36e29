import { dayOf, money } from "./invoice-lines.ts";
import { CardFields, Field, Problem, page } from "./page.tsx";
import type { PortalSession } from "./portal-sessions.ts";
import type { Page } from "./routes.ts";
import { fullAmount, periodOf, type Subscription } from "./subscription-items.ts";
import { hasEnded } from "./subscription-status.ts";
import type { Stored, World } from "./world.ts";

interface PortalProps {
  readonly world: World;
  readonly session: PortalSession;
  readonly features: Stored["portalConfigurations"]["features"];
  readonly problem: string | undefined;
}

/** Everything that the configuration lets the customer see and do. */
export function portalPage({ world, session, features, problem }: PortalProps): Page {
  const customer = world.get("customers", session.customer);
  const own = world.all("subscriptions").filter((one) => one.customer === customer.id && !hasEnded(one));
  const allowed = features.customer_update.enabled ? features.customer_update.allowed_updates : [];
  return page(
    "Billing",
    <>
      <Problem text={problem} />
      <Back session={session} />
      <h2>Current subscription</h2>
      {own.length === 0 ? <p>There is none.</p> : null}
      {own.map((one) => (
        <SubscriptionSummary world={world} subscription={one} mayCancel={features.subscription_cancel.enabled} />
      ))}
      <h2>Payment methods</h2>
      <Methods world={world} customer={customer} />
      {features.payment_method_update.enabled ? <a href="?page=payment_method_update">Add payment method</a> : null}
      {allowed.includes("name") ? <DetailsForm name={customer.name ?? ""} /> : null}
      {allowed.includes("tax_id") ? <TaxIdForm /> : null}
      {features.invoice_history.enabled ? <Invoices world={world} customer={customer.id} /> : null}
    </>,
  );
}

export const cardPage = (session: PortalSession, problem: string | undefined): Page =>
  page(
    "Add payment method",
    <>
      <Problem text={problem} />
      <form method="post">
        <CardFields />
        <button type="submit" name="act" value="card">
          Add
        </button>
      </form>
      <Back session={session} />
    </>,
  );

export const cancelPage = (session: PortalSession, subscription: Subscription, mode: string): Page =>
  page(
    "Cancel subscription",
    <>
      <p>
        {mode === "immediately"
          ? "The subscription ends at once."
          : `The subscription ends on ${dayOf(periodOf(subscription).end)}. You can use it until then.`}
      </p>
      <form method="post">
        <input type="hidden" name="subscription" value={subscription.id} />
        <label for="feedback">Why do you cancel?</label>
        <select id="feedback" name="feedback">
          <option value="">I prefer not to say</option>
          <option value="too_expensive">It is too expensive</option>
          <option value="missing_features">Something is missing</option>
          <option value="switched_service">I found another service</option>
          <option value="unused">I do not use it</option>
        </select>
        <Field name="comment" label="Anything else?" />
        <button type="submit" name="act" value="cancel">
          Cancel subscription
        </button>
      </form>
      <Back session={session} />
    </>,
  );

export const expiredPage = (session: PortalSession): Page =>
  page(
    "This link has expired",
    <>
      <p>Go back and open billing again.</p>
      <Back session={session} />
    </>,
    410,
  );

const Back = ({ session: { return_url: back } }: { readonly session: PortalSession }) =>
  back === null ? null : (
    <p>
      <a href={back}>Return to PharmaSight</a>
    </p>
  );

interface SummaryProps {
  readonly world: World;
  readonly subscription: Subscription;
  readonly mayCancel: boolean;
}

const SubscriptionSummary = ({ world, subscription, mayCancel }: SummaryProps) => (
  <>
    <table>
      {subscription.items.data.map((item) => (
        <tr>
          <td>{world.find("products", item.price.product)?.name}</td>
          <td>
            {money(fullAmount(item), subscription.currency)} / {item.price.recurring?.interval}
          </td>
        </tr>
      ))}
    </table>
    <p>
      <span class="badge">{subscription.status}</span>{" "}
      {subscription.cancel_at === null
        ? `Renews on ${dayOf(periodOf(subscription).end)}.`
        : `Ends on ${dayOf(subscription.cancel_at)}.`}
    </p>
    {mayCancel && subscription.cancel_at === null ? (
      <a href={`?page=subscription_cancel&subscription=${subscription.id}`}>Cancel subscription</a>
    ) : null}
    {mayCancel && subscription.cancel_at !== null ? (
      <form method="post">
        <input type="hidden" name="subscription" value={subscription.id} />
        <button type="submit" name="act" value="renew">
          Don't cancel subscription
        </button>
      </form>
    ) : null}
  </>
);

const Methods = ({ world, customer }: { readonly world: World; readonly customer: Stored["customers"] }) => (
  <ul>
    {world
      .all("paymentMethods")
      .filter((method) => method.customer === customer.id)
      .map(({ id, card }) => (
        <li>
          {card?.brand} •••• {card?.last4}, good until {card?.exp_month}/{card?.exp_year}
          {customer.invoice_settings.default_payment_method === id ? " (default)" : ""}
        </li>
      ))}
  </ul>
);

const DetailsForm = ({ name }: { readonly name: string }) => (
  <form method="post">
    <h2>Billing information</h2>
    <Field name="name" label="Name" value={name} />
    <button type="submit" name="act" value="details" class="plain">
      Save
    </button>
  </form>
);

const TaxIdForm = () => (
  <form method="post">
    <Field name="tax_id_type" label="Kind of tax ID" value="ke_pin" />
    <Field name="tax_id" label="Tax ID" />
    <button type="submit" name="act" value="tax_id" class="plain">
      Add tax ID
    </button>
  </form>
);

const Invoices = ({ world, customer }: { readonly world: World; readonly customer: string }) => (
  <>
    <h2>Invoice history</h2>
    <table>
      {world
        .all("invoices")
        .filter((invoice) => invoice.customer === customer && invoice.status !== "draft")
        .map((invoice) => (
          <tr>
            <td>
              <a href={invoice.hosted_invoice_url ?? ""}>{dayOf(invoice.created)}</a>{" "}
              <span class="badge">{invoice.status}</span>
            </td>
            <td>{money(invoice.total, invoice.currency)}</td>
          </tr>
        ))}
    </table>
  </>
);
