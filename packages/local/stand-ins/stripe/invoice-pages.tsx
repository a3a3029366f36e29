import { attemptPayment } from "./collection.ts";
import { netOf } from "./discounts.ts";
import { dayOf, type Invoice, money } from "./invoice-lines.ts";
import { textPdf } from "./invoice-pdf.ts";
import { CardFields, challenge, Problem, page, typedCard, wordsOf } from "./page.tsx";
import { attach, createCard } from "./payment-methods.ts";
import { failConfirmation, intentOf, NOT_CONFIRMED } from "./payments.ts";
import { missing } from "./replies.ts";
import type { Page, PageRoute } from "./routes.ts";
import type { Stored, World } from "./world.ts";

/** The invoice as its customer sees it, where an open one can be paid, and its file. */
export const invoicePages: readonly PageRoute[] = [
  { method: "GET", path: "/invoices/:id", answer: ({ world, id }) => show(world, final(world, id)) },
  { method: "POST", path: "/invoices/:id", answer: ({ world, id, form }) => act(world, final(world, id), form) },
  {
    method: "GET",
    path: "/invoices/:id/pdf",
    answer: ({ world, id }) => {
      const invoice = final(world, id);
      return file(`Invoice-${invoice.number}.pdf`, invoiceText(invoice));
    },
  },
  {
    method: "GET",
    path: "/credit-notes/:id/pdf",
    answer: ({ world, id }) => {
      const note = world.get("creditNotes", id);
      return file(`Credit-note-${note.number}.pdf`, creditNoteText(world, note));
    },
  },
];

/** A draft has no page. @throws Refusal as for an id that nobody knows */
function final(world: World, id: string): Invoice {
  const invoice = world.get("invoices", id);
  if (invoice.status === "draft") throw missing("invoice", id, "id");
  return invoice;
}

function show(world: World, invoice: Invoice, problem?: string): Page {
  const isOpen = invoice.status === "open";
  const waits = isOpen && intentOf(world, invoice.id)?.status === "requires_action";
  return page(
    `Invoice ${invoice.number}`,
    <>
      <Problem text={problem} />
      <p>
        <span class="badge">{invoice.status}</span>{" "}
        {invoice.due_date === null ? dayOf(invoice.created) : `due on ${dayOf(invoice.due_date)}`}
      </p>
      <Customer invoice={invoice} />
      <Lines invoice={invoice} />
      <p>
        <a href={invoice.invoice_pdf ?? ""}>Download invoice</a>
      </p>
      {waits ? <ConfirmForm /> : null}
      {isOpen ? <PayForm invoice={invoice} /> : null}
    </>,
  );
}

function act(world: World, invoice: Invoice, form: URLSearchParams): Page {
  const intent = intentOf(world, invoice.id);
  if (invoice.status !== "open" || intent === undefined) return show(world, invoice);
  switch (form.get("act")) {
    case "ask":
      return challenge(intent.payment_method ?? "");
    case "confirm":
      return pay(world, invoice, form.get("payment_method") ?? "", true);
    case "refuse":
      failConfirmation(world, intent);
      return show(world, invoice, NOT_CONFIRMED);
    default: {
      let card: { readonly id: string };
      try {
        card = createCard(world, typedCard(form));
        attach(world, card.id, invoice.customer ?? "");
      } catch (error) {
        return show(world, invoice, wordsOf(error));
      }
      return pay(world, invoice, card.id, false);
    }
  }
}

function pay(world: World, { id }: Invoice, paymentMethod: string, confirmed: boolean): Page {
  const outcome = attemptPayment(world, id, { paymentMethod, confirmed });
  if (outcome.kind === "asks") return challenge(paymentMethod);
  return show(world, world.get("invoices", id), outcome.kind === "declined" ? outcome.message : undefined);
}

const Customer = ({ invoice }: { readonly invoice: Invoice }) => (
  <p>
    {invoice.customer_name}
    <br />
    {invoice.customer_email}
    {(invoice.customer_tax_ids ?? []).map(({ type, value }) => (
      <>
        <br />
        {type}: {value}
      </>
    ))}
  </p>
);

const Lines = ({ invoice }: { readonly invoice: Invoice }) => (
  <table>
    {rowsOf(invoice).map(([text, amount], index, all) => (
      <tr class={index === all.length - 1 ? "total" : ""}>
        <td>{text}</td>
        <td>{amount}</td>
      </tr>
    ))}
  </table>
);

const ConfirmForm = () => (
  <form method="post">
    <p>Your bank asks you to confirm this payment.</p>
    <button type="submit" name="act" value="ask">
      Confirm payment
    </button>
  </form>
);

const PayForm = ({ invoice }: { readonly invoice: Invoice }) => (
  <form method="post">
    <h2>Pay with a card</h2>
    <CardFields />
    <button type="submit" name="act" value="pay">
      Pay {money(invoice.amount_remaining, invoice.currency)}
    </button>
  </form>
);

function rowsOf(invoice: Invoice): [text: string, amount: string][] {
  const { currency, lines, subtotal, total, starting_balance: balance } = invoice;
  const off = lines.data.reduce((sum, line) => sum + netOf(line) - line.amount, 0);
  const used = invoice.amount_due + invoice.pre_payment_credit_notes_amount - total;
  const rows: [string, number | undefined][] = [
    ...lines.data.map((line): [string, number] => [line.description ?? "", line.amount]),
    ["Subtotal", subtotal],
    ["Discount", off === 0 ? undefined : off],
    ["Total", total],
    ["Account balance", balance === 0 ? undefined : used],
    ["Credit notes", -invoice.pre_payment_credit_notes_amount || undefined],
    ["Amount due", invoice.amount_due],
  ];
  return rows.flatMap(([text, amount]) => (amount === undefined ? [] : [[text, money(amount, currency)]]));
}

const invoiceText = (invoice: Invoice): string[] => [
  `Invoice ${invoice.number}`,
  `${invoice.account_name}`,
  `Date of issue: ${dayOf(invoice.effective_at ?? invoice.created)}`,
  ...(invoice.due_date === null ? [] : [`Date due: ${dayOf(invoice.due_date)}`]),
  "",
  `Bill to: ${invoice.customer_name ?? ""}`,
  ...[invoice.customer_address?.line1, invoice.customer_address?.city, invoice.customer_address?.country].filter(
    isText,
  ),
  invoice.customer_email ?? "",
  ...(invoice.customer_tax_ids ?? []).map(({ type, value }) => `${type}: ${value}`),
  "",
  ...rowsOf(invoice).map(([text, amount]) => `${amount}   ${text}`),
];

const creditNoteText = (world: World, note: Stored["creditNotes"]): string[] => [
  `Credit note ${note.number}`,
  `To invoice ${world.get("invoices", note.invoice).number}`,
  `Date of issue: ${dayOf(note.created)}`,
  "",
  ...note.lines.data.map(({ amount, description }) => `${money(amount, note.currency)}   ${description}`),
  `${money(note.total, note.currency)}   Total`,
  note.memo ?? "",
];

const isText = (text: string | null | undefined): text is string => typeof text === "string" && text !== "";

const file = (fileName: string, lines: readonly string[]): Page => ({
  status: 200,
  type: "application/pdf",
  fileName,
  bytes: textPdf(lines),
});
