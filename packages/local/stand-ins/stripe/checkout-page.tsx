import type { Quote, Session } from "./checkout-quote.ts";
import { netOf } from "./discounts.ts";
import { dayOf, money } from "./invoice-lines.ts";
import { CardFields, Field, Problem, page } from "./page.tsx";
import type { Page } from "./routes.ts";
import { firstItem, rhythmOf } from "./subscription-items.ts";
import type { World } from "./world.ts";

interface CheckoutProps {
  readonly world: World;
  readonly session: Session;
  readonly quote: Quote;
  /** What was typed before, by field. */
  readonly typed: Readonly<Record<string, string | undefined>>;
  readonly problem: string | undefined;
}

/** What is bought, what it costs now and later, and how to pay. */
export function checkoutPage({ world, session, quote, typed, problem }: CheckoutProps): Page {
  const customer = world.get("customers", session.customer ?? "");
  const isTrial = quote.subscription.status === "trialing";
  return page(
    isTrial ? "Start your subscription" : "Subscribe",
    <>
      <Problem text={problem} />
      <Summary session={session} quote={quote} />
      {session.allow_promotion_codes === true ? <CodeForm /> : null}
      <form method="post">
        <h2>Contact</h2>
        <p>{customer.email}</p>
        <h2>Payment</h2>
        <CardFields />
        <Field name="name" label="Name on card" value={typed.name} autocomplete="cc-name" />
        {session.billing_address_collection === "required" ? <AddressFields typed={typed} /> : null}
        {session.tax_id_collection?.enabled === true ? (
          <BusinessFields typed={{ business_name: customer.name ?? undefined, ...typed }} />
        ) : null}
        <button type="submit" name="act" value="pay">
          {isTrial ? "Start trial" : "Subscribe"}
        </button>
      </form>
      {session.cancel_url === null ? null : (
        <p>
          <a href={session.cancel_url}>Back without paying</a>
        </p>
      )}
    </>,
  );
}

/** A session that is over. */
export const endedPage = (session: Session): Page =>
  page(
    session.status === "complete" ? "All done" : "This checkout has ended",
    <>
      <p>
        {session.status === "complete"
          ? "This checkout was completed. Nothing more will be charged here."
          : "It timed out or was closed. Nothing was charged."}
      </p>
      {session.cancel_url === null ? null : <a href={session.cancel_url}>Back</a>}
    </>,
  );

const Summary = ({ session, quote }: Pick<CheckoutProps, "session" | "quote">) => {
  const currency = session.currency ?? "usd";
  const { interval } = rhythmOf(firstItem(quote.subscription.items.data));
  const { trial_end: trialEnd } = quote.subscription;
  return (
    <table>
      {quote.lines.map((line) => (
        <tr>
          <td>{line.description}</td>
          <td>{money(line.amount, currency)}</td>
        </tr>
      ))}
      {quote.total === quote.subtotal ? null : (
        <tr>
          <td>Discount</td>
          <td>
            {money(
              quote.lines.reduce((sum, line) => sum + netOf(line) - line.amount, 0),
              currency,
            )}
          </td>
        </tr>
      )}
      <tr class="total">
        <td>Due today</td>
        <td>{money(quote.total, currency)}</td>
      </tr>
      <tr>
        <td class="note">{trialEnd === null ? "Then" : `From ${dayOf(trialEnd)}`}</td>
        <td class="note">
          {money(quote.perPeriod, currency)} / {interval}
        </td>
      </tr>
    </table>
  );
};

const CodeForm = () => (
  <form method="post">
    <Field name="promotion_code" label="Promotion code" />
    <button type="submit" name="act" value="code" class="plain">
      Apply
    </button>
  </form>
);

type Typed = Pick<CheckoutProps, "typed">;

const AddressFields = ({ typed }: Typed) => (
  <>
    <Field name="country" label="Country (two letters)" value={typed.country ?? "KE"} required autocomplete="country" />
    <Field name="line1" label="Address" value={typed.line1} required autocomplete="address-line1" />
    <Field name="city" label="City" value={typed.city} autocomplete="address-level2" />
    <Field name="postal_code" label="Postal code" value={typed.postal_code} autocomplete="postal-code" />
  </>
);

const TAX_ID_TYPES = ["ke_pin", "ug_tin", "tz_vat", "za_vat", "eu_vat", "gb_vat", "us_ein"];

const BusinessFields = ({ typed }: Typed) => (
  <>
    <h2>Buying as a business</h2>
    <Field name="business_name" label="Business name" value={typed.business_name} autocomplete="organization" />
    <label for="tax_id_type">Kind of tax ID</label>
    <select id="tax_id_type" name="tax_id_type">
      {TAX_ID_TYPES.map((type) => (
        <option value={type} selected={type === typed.tax_id_type}>
          {type}
        </option>
      ))}
    </select>
    <Field name="tax_id" label="Tax ID" value={typed.tax_id} help="A Kenyan PIN looks like P051234567X." />
  </>
);
