import { EmptyState } from "../../shared/empty-state.tsx";
import { TenantLayout, type TenantShell } from "../shell.tsx";
import { AddOns } from "./add-ons.tsx";
import { Cancellation } from "./cancellation.tsx";
import { InvoiceTable } from "./invoice-table.tsx";
import { Notices } from "./notices.tsx";
import type { AskOwnerProps, BillingProps, InvoiceRow } from "./props.ts";
import { Standing, StateHead } from "./standing.tsx";
import { Usage } from "./usage.tsx";

/** GET /billing: where the pharmacy stands, and everything that can be done about it. */
export function BillingPage({ shell, ...props }: { shell: TenantShell } & BillingProps) {
  const { usage, usageMonth, moduleDays, addOns, grants, invoices, cancellable } = props;
  return (
    <TenantLayout shell={withoutBanner(shell)} title="Plan and billing">
      <Notices shell={shell} {...props} />
      <div class="space-y-6">
        <Standing shell={shell} {...props} />
        <Usage
          usage={usage}
          usageMonth={usageMonth}
          moduleDays={moduleDays}
          roomHref={addOns.length === 0 ? "/billing/plans" : "#additions"}
        />
        <AddOns shell={shell} addOns={addOns} grants={grants} />
        <NewestInvoices invoices={invoices} timeZone={shell.company.timeZone} />
        {cancellable === undefined ? null : (
          <Cancellation
            shell={shell}
            accessEndsAt={cancellable.accessEndsAt}
            isOverdue={props.state.kind === "past_due"}
          />
        )}
      </div>
    </TenantLayout>
  );
}

/** What the banner of every page says stands here in full, with the way out beside it. */
export function withoutBanner({ overdue: _, ...shell }: TenantShell): TenantShell {
  return shell;
}

function NewestInvoices({ invoices, timeZone }: { invoices: readonly InvoiceRow[]; timeZone: string }) {
  return (
    <section class="card overflow-clip" aria-labelledby="invoices">
      <div class="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 px-5 py-4 sm:px-6">
        <h2 id="invoices" class="font-semibold text-base">
          Invoices
        </h2>
        {invoices.length === 0 ? null : (
          <a href="/billing/invoices" class="link">
            All invoices
          </a>
        )}
      </div>
      <div class="border-line border-t">
        <InvoiceTable invoices={invoices} timeZone={timeZone} caption="The newest invoices" />
      </div>
    </section>
  );
}

/** GET /billing for people who may not manage the subscription: where it stands, and whom to ask. */
export function AskOwnerPage({ shell, state, planName, ownerName }: { shell: TenantShell } & AskOwnerProps) {
  return (
    <TenantLayout
      shell={withoutBanner(shell)}
      title="Plan and billing"
      {...(planName === undefined ? {} : { subtitle: planName })}
    >
      <section class="card overflow-clip" aria-labelledby="standing">
        <StateHead state={state} timeZone={shell.company.timeZone} />
        <div class="border-line border-t">
          <EmptyState
            icon="crown"
            title={ownerName === undefined ? "The owner sees to the plan" : `${ownerName} sees to the plan`}
            message="The owner of the pharmacy chooses the plan and pays. Ask them if something is missing."
          />
        </div>
      </section>
    </TenantLayout>
  );
}
