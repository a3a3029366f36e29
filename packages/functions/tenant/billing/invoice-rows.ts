import type { Invoice } from "@pharmasight/core/control/invoices/invoices";
import type { InvoiceRow } from "@pharmasight/views/tenant/billing/props";
import type { WriteAmount } from "./words.ts";

export function invoiceRow(invoice: Invoice, now: Date, write: WriteAmount): InvoiceRow {
  const { id, number, status, currency, dueAt, createdAt } = invoice;
  const isOpen = status === "open";
  return {
    id,
    at: createdAt,
    total: write(invoice.total, currency),
    status: isOpen && dueAt !== null && dueAt < now ? "overdue" : status,
    needsConfirmation: invoice.needsConfirmation,
    ...(number === null ? {} : { number }),
    ...(isOpen && dueAt !== null ? { dueAt } : {}),
    ...(Number(invoice.amountRefunded) > 0 ? { refunded: write(invoice.amountRefunded, currency) } : {}),
    ...(invoice.pdfUrl === null ? {} : { pdfHref: `/billing/invoices/${id}/pdf` }),
    ...(isOpen && invoice.hostedUrl !== null ? { payHref: `/billing/invoices/${id}/pay` } : {}),
  };
}
