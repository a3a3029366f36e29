import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { formatAmount, formatDay } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import type { ItemRow } from "./item-list.tsx";
import { ItemStock, type ItemStockProps } from "./item-stock.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";
import { TaxBadge } from "./tax-class.tsx";
import { countOfUnit } from "./unit-words.ts";

export interface ItemDetails extends ItemRow {
  barcode?: string;
  /** `holds`: decimal text, how many base units one wholesale unit holds. */
  wholesaleUnit?: { name: string; holds: string };
  /** `holds`: decimal text, how many wholesale units one supplier unit holds. */
  supplierUnit?: { name: string; holds: string };
  isControlled: boolean;
  isPrescriptionOnly: boolean;
  isColdChain: boolean;
  /** Absent: on the lists. */
  archivedAt?: Date;
  createdAt: Date;
  updatedAt: Date;
}

export interface ItemPageProps {
  shell: TenantShell;
  item: ItemDetails;
  stock: ItemStockProps;
  /** Whether the reader may see costs. */
  showsCosts: boolean;
  mayEdit: boolean;
  /** What was done just now, in a sentence. */
  done?: string;
  /** Why something was not done, in a sentence. */
  refused?: string;
}

/** Forms: POST /items/:id/archive and POST /items/:id/restore with formToken. */
export function ItemPage({ shell, item, stock, showsCosts, mayEdit, done, refused }: ItemPageProps) {
  const isArchived = item.archivedAt !== undefined;
  return (
    <TenantLayout
      shell={shell}
      title={item.name}
      subtitle={<Flags item={item} />}
      back={{ label: "Items", href: "/items" }}
      actions={
        !mayEdit ? undefined : isArchived ? (
          <Restoring shell={shell} item={item} />
        ) : (
          <>
            <Archiving shell={shell} item={item} isInStock={stock.branches.length > 0} />
            <a href="/items/new" class="btn btn-plain btn-sm h-9">
              <Icon name="plus" />
              Add item
            </a>
            <a href={`/items/${item.id}/edit`} class="btn btn-primary btn-sm h-9">
              <Icon name="pencil" />
              Change
            </a>
          </>
        )
      }
    >
      <div class="space-y-6">
        {done === undefined ? null : <Alert tone="success">{done}</Alert>}
        {refused === undefined ? null : <Alert tone="error">{refused}</Alert>}
        {item.archivedAt === undefined ? null : (
          <Alert tone="info" title="Archived">
            It left the lists on {formatDay(item.archivedAt, shell.company.timeZone)} and cannot be sold. Its history
            stays.
          </Alert>
        )}
        {item.setupComplete || isArchived ? null : (
          <Alert tone="warning" title="Not ready to sell">
            {missing(item)}
          </Alert>
        )}
        <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
          <Section title="Medicine">
            <Line label="Generic name">{item.genericName}</Line>
            <Line label="Brands">{item.brandNames}</Line>
            <Line label="Strength">{item.strength}</Line>
            <Line label="Form">{item.form}</Line>
            <Line label="Code">{item.sku}</Line>
            <Line label="Barcode">{item.barcode}</Line>
          </Section>
          <div class="grid grid-cols-1 gap-6">
            <Section title="Price and tax">
              <Line label={`Price per ${item.unit}, without tax`}>
                {item.price === undefined ? undefined : `${item.currency} ${formatAmount(item.price)}`}
              </Line>
              {showsCosts ? (
                <Line label={`Cost per ${item.unit}, without tax`}>
                  {item.cost === undefined ? undefined : `${item.currency} ${formatAmount(item.cost)}`}
                </Line>
              ) : null}
              <Line label="Tax class">
                <TaxBadge taxClass={item.taxClass} />
              </Line>
            </Section>
            <Section title="Units">
              <Line label="Counted in">{item.unit}</Line>
              {item.wholesaleUnit === undefined ? null : (
                <Line label={`One ${item.wholesaleUnit.name} holds`}>
                  {countOfUnit(item.wholesaleUnit.holds, item.unit)}
                </Line>
              )}
              {item.supplierUnit === undefined ? null : (
                <Line label={`One ${item.supplierUnit.name} holds`}>
                  {countOfUnit(item.supplierUnit.holds, item.wholesaleUnit?.name ?? item.unit)}
                </Line>
              )}
            </Section>
          </div>
        </div>
        <ItemStock {...stock} />
        <p class="text-muted text-xs">
          Added <Moment at={item.createdAt} timeZone={shell.company.timeZone} />, last changed{" "}
          <Moment at={item.updatedAt} timeZone={shell.company.timeZone} />
        </p>
      </div>
    </TenantLayout>
  );
}

/** The question is a popover: the browser opens and closes it without a script, also by keyboard. */
function Archiving({ shell, item, isInStock }: { shell: TenantShell; item: ItemDetails; isInStock: boolean }) {
  return (
    <>
      <button type="button" popovertarget="archive" class="btn btn-plain btn-sm h-9">
        <Icon name="archive" />
        Archive
      </button>
      <div
        id="archive"
        popover="auto"
        role="dialog"
        aria-labelledby="archive-title"
        class="m-auto w-full max-w-md bg-transparent p-4 text-base-content backdrop:bg-black/40"
      >
        <form method="post" action={`/items/${item.id}/archive`} data-once class="card p-5 sm:p-6">
          <FormToken token={shell.context.formToken} />
          <h2 id="archive-title" class="break-words font-semibold text-base">
            Archive “{item.name}”?
          </h2>
          <p class="mt-2 text-muted">
            It leaves the lists and cannot be sold; its name and barcode are free for another item.
            {isInStock ? " What is in stock of it stays on the books." : ""} You can bring it back from the archived
            items at any time.
          </p>
          <div class="mt-5 flex flex-wrap justify-end gap-2">
            <button type="button" popovertarget="archive" popovertargetaction="hide" class="btn btn-ghost">
              Keep it
            </button>
            <SubmitButton busy="Archiving…" class="btn-error">
              Archive item
            </SubmitButton>
          </div>
        </form>
      </div>
    </>
  );
}

function Restoring({ shell, item }: { shell: TenantShell; item: ItemDetails }) {
  return (
    <form method="post" action={`/items/${item.id}/restore`} data-once>
      <FormToken token={shell.context.formToken} />
      <SubmitButton busy="Bringing back…" class="btn-primary btn-sm h-9">
        <Icon name="undo-2" />
        Bring back
      </SubmitButton>
    </form>
  );
}

function Flags({ item }: { item: ItemDetails }) {
  if (!item.isControlled && !item.isPrescriptionOnly && !item.isColdChain) return null;
  return (
    <div class="flex flex-wrap gap-1.5 pt-1">
      {item.isControlled ? (
        <Badge tone="error" icon="lock">
          Controlled drug
        </Badge>
      ) : null}
      {item.isPrescriptionOnly ? (
        <Badge tone="info" icon="clipboard-check">
          Prescription only
        </Badge>
      ) : null}
      {item.isColdChain ? (
        <Badge tone="info" icon="snowflake">
          Keep cold
        </Badge>
      ) : null}
    </div>
  );
}

function missing(item: ItemDetails): string {
  if (item.price === undefined && item.taxClass === null) return "It still needs a price and a tax class.";
  if (item.price === undefined) return "It still needs a price.";
  if (item.taxClass === null) return "It still needs a tax class.";
  return "Some details are still missing.";
}

function Section({ title, children }: { title: string; children?: Child }) {
  return (
    <section class="card overflow-clip">
      <h2 class="border-line border-b px-4 py-3 font-semibold sm:px-5">{title}</h2>
      <dl class="divide-y divide-line">{children}</dl>
    </section>
  );
}

function Line({ label, children }: { label: string; children?: Child }) {
  return (
    <div class="flex items-baseline justify-between gap-6 px-4 py-2.5 sm:px-5">
      <dt class="max-w-3/5 shrink-0 text-muted">{label}</dt>
      <dd class="min-w-0 text-right tabular-nums">{children || <span class="text-muted">Not given</span>}</dd>
    </div>
  );
}
