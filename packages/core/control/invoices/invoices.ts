export * as Invoices from "./invoices.ts";

import type { Selectable } from "kysely";
import { notFound } from "../../kernel/errors.ts";
import type { Subscriptions } from "../../ports/subscriptions.ts";
import type { ControlScope } from "../scope.ts";
import type { InvoicesTable } from "../tables.generated.ts";
import { requireOwn } from "../tenants/acting.ts";

/** An invoice as we last saw it at the payment provider. Amounts are decimal text in its currency. */
export type Invoice = Readonly<Selectable<InvoicesTable>>;

/**
 * A tenant's invoices, the newest first. Drafts are left out: they change until they are sent.
 * @param after id of the last one of the page before
 */
export async function list(
  control: ControlScope,
  tenantId: string,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<{ readonly invoices: readonly Invoice[]; readonly next: string | undefined }> {
  requireOwn(control, tenantId);
  const last = after === undefined ? undefined : await find(control, tenantId, after);
  const rows = await control.db
    .selectFrom("invoices")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .where("status", "<>", "draft")
    .$if(last !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("createdAt", "id"), "<", tuple(last?.createdAt ?? new Date(0), last?.id ?? "")),
      ),
    )
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const invoices = rows.slice(0, limit);
  return { invoices, next: rows.length > limit ? invoices.at(-1)?.id : undefined };
}

/**
 * The invoice that a payment is wanted for: of its subscription the one that waits the longest. One that was given up
 * comes back by its latest invoice alone, which the provider keeps as a draft.
 */
export async function findOpen(control: ControlScope, tenantId: string): Promise<Invoice | undefined> {
  requireOwn(control, tenantId);
  const subscription = await control.db
    .selectFrom("tenantSubscriptions")
    .select(["stripeSubscriptionId", "status"])
    .where("tenantId", "=", tenantId)
    .executeTakeFirst();
  if (!subscription?.stripeSubscriptionId) return undefined;
  const isGivenUp = subscription.status === "unpaid";
  return control.db
    .selectFrom("invoices")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .where("stripeSubscriptionId", "=", subscription.stripeSubscriptionId)
    .where("status", "in", isGivenUp ? ["open", "uncollectible", "draft"] : ["open", "uncollectible"])
    .orderBy("createdAt", isGivenUp ? "desc" : "asc")
    .limit(1)
    .executeTakeFirst();
}

/** @throws DomainError `not_found`, for another tenant's too */
export async function find(control: ControlScope, tenantId: string, invoiceId: string): Promise<Invoice> {
  requireOwn(control, tenantId);
  const row = await control.db
    .selectFrom("invoices")
    .selectAll()
    .where("tenantId", "=", tenantId)
    .where("id", "=", invoiceId)
    .executeTakeFirst();
  if (row === undefined) throw notFound("invoice");
  return row;
}

/**
 * Where an invoice is read as PDF or paid, asked for now: such addresses of the provider end after some weeks.
 * @throws DomainError `not_found`, `unavailable`
 */
export async function addressOf(
  control: ControlScope,
  provider: Subscriptions,
  asked: { readonly tenantId: string; readonly invoiceId: string; readonly purpose: "pdf" | "pay" },
): Promise<string> {
  const { id } = await find(control, asked.tenantId, asked.invoiceId);
  const isWanted = asked.purpose === "pay" && (await findOpen(control, asked.tenantId))?.id === id;
  const { pdfUrl, hostedUrl } = await (isWanted ? provider.askOnlyFor(id) : provider.readInvoice(id));
  const url = asked.purpose === "pdf" ? pdfUrl : hostedUrl;
  if (url === null) throw notFound("invoice");
  return url;
}
