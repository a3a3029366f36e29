import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import * as z from "zod";
import { Refusal } from "../http.ts";
import { declined } from "./replies.ts";
import type { Page } from "./routes.ts";

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;color:#1a1f36;background:#f6f8fa;margin:0;padding:1rem}
main{max-width:34rem;margin:1rem auto;background:#fff;border:1px solid #d5dbe1;border-radius:.5rem;padding:1.5rem}
h1{font-size:1.25rem;margin:0 0 1rem}h2{font-size:1rem;margin:1.5rem 0 .5rem}
label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input,select{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #a3acb9;border-radius:.375rem}
button{font:inherit;font-weight:600;margin-top:1rem;padding:.6rem 1rem;border:0;border-radius:.375rem;background:#635bff;color:#fff;cursor:pointer}
button.plain{background:#e3e8ee;color:#1a1f36}
table{width:100%;border-collapse:collapse}td{padding:.25rem 0;vertical-align:top}td:last-child{text-align:right;white-space:nowrap}
tr.total td{border-top:1px solid #d5dbe1;font-weight:600}
.error{background:#fdecea;border-left:4px solid #c0123c;padding:.75rem;margin:0 0 1rem}
.note,.help{color:#4f566b;font-size:.875rem}.badge{background:#e3e8ee;border-radius:1rem;padding:.1rem .6rem;font-size:.875rem}
`;

/** A page of the stand-in, which says that it is one. */
export function page(title: string, children: Child, status = 200): Page {
  const document = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <p class="note">Stand-in for Stripe: no money moves here.</p>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
  return { status, html: `<!doctype html>${document.toString()}` };
}

/** What went wrong, above everything else. */
export const Problem = ({ text }: { readonly text: string | undefined }) =>
  text === undefined ? null : (
    <p class="error" role="alert">
      {text}
    </p>
  );

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly help?: string;
}

export const Field = ({ name, label, value, required = false, autocomplete, help }: FieldProps) => (
  <>
    <label for={name}>{label}</label>
    <input id={name} name={name} value={value ?? ""} required={required} autocomplete={autocomplete} />
    {help === undefined ? null : <div class="help">{help}</div>}
  </>
);

/** What is asked of a card. */
export const CardFields = () => (
  <>
    <Field
      name="card_number"
      label="Card number"
      required
      autocomplete="cc-number"
      help="4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 asks once, 4000 0027 6000 3184 asks always, 4000 0000 0000 0341 fails later."
    />
    <Field name="card_expiry" label="Expiry (MM/YY)" value="12/34" required autocomplete="cc-exp" />
    <Field name="card_cvc" label="CVC" value="123" required autocomplete="cc-csc" />
  </>
);

/** The bank's question to the holder of a card (3-D Secure). */
export const challenge = (paymentMethod: string): Page =>
  page(
    "Your bank asks: is this payment yours?",
    <form method="post">
      <input type="hidden" name="payment_method" value={paymentMethod} />
      <button type="submit" name="act" value="confirm">
        Complete authentication
      </button>{" "}
      <button type="submit" name="act" value="refuse" class="plain">
        Fail authentication
      </button>
    </form>,
  );

/** What a person typed about a card. @throws Refusal 402 for a month that there is not */
export function typedCard(form: URLSearchParams): {
  readonly number: string;
  readonly expiry: { readonly month: number; readonly year: number };
} {
  const [, month, year] = /^\s*(0?[1-9]|1[0-2])\s*\/\s*(?:20)?(\d{2})\s*$/.exec(form.get("card_expiry") ?? "") ?? [];
  if (month === undefined || year === undefined) {
    throw declined("invalid_expiry_month", "Your card's expiration date is incomplete.", { param: "exp_month" });
  }
  return { number: form.get("card_number") ?? "", expiry: { month: Number(month), year: 2000 + Number(year) } };
}

const told = z.object({ error: z.object({ message: z.string() }) });

/** The words of a refusal, for a page that goes on; anything else is thrown again. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Refusal)) throw error;
  return told.parse(error.reply.body).error.message;
}
