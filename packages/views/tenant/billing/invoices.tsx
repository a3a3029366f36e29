import { Icon } from "../../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "../shell.tsx";
import { InvoiceTable } from "./invoice-table.tsx";
import type { InvoicesProps } from "./props.ts";

/** GET /billing/invoices: all of them, a page at a time. */
export function InvoicesPage({ shell, invoices, olderHref, newestHref }: { shell: TenantShell } & InvoicesProps) {
  return (
    <TenantLayout
      shell={shell}
      title="Invoices"
      subtitle="The newest first."
      back={{ label: "Plan and billing", href: "/billing" }}
    >
      <div class="card overflow-clip">
        <InvoiceTable invoices={invoices} timeZone={shell.company.timeZone} caption="Invoices, the newest first" />
      </div>
      {olderHref === undefined && newestHref === undefined ? null : (
        <nav aria-label="Invoices: pages" class="mt-4 flex justify-end gap-2">
          {newestHref === undefined ? null : (
            <a href={newestHref} class="btn btn-plain btn-sm">
              Newest
            </a>
          )}
          {olderHref === undefined ? null : (
            <a href={olderHref} rel="next" class="btn btn-plain btn-sm">
              Older
              <Icon name="chevron-right" />
            </a>
          )}
        </nav>
      )}
    </TenantLayout>
  );
}
