import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { formatAmount, formatQuantity } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { type ItemRow, TaxBadge } from "./item-list.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export interface ItemDetails extends ItemRow {
  barcode?: string;
  /** `holds`: decimal text, how many base units one wholesale unit holds. */
  wholesaleUnit?: { name: string; holds: string };
  /** `holds`: decimal text, how many wholesale units one supplier unit holds. */
  supplierUnit?: { name: string; holds: string };
  isControlled: boolean;
  isPrescriptionOnly: boolean;
  isColdChain: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export interface ItemPageProps {
  shell: TenantShell;
  item: ItemDetails;
  /** True right after the item was added. */
  added?: boolean;
}

export function ItemPage({ shell, item, added }: ItemPageProps) {
  return (
    <TenantLayout
      shell={shell}
      title={item.name}
      subtitle={<Flags item={item} />}
      back={{ label: "Items", href: "/items" }}
      actions={
        <a href="/items/new" class="btn btn-plain btn-sm h-9">
          <Icon name="plus" />
          Add another item
        </a>
      }
    >
      <div class="space-y-6">
        {added ? <Alert tone="success">{item.name} was added.</Alert> : null}
        {item.setupComplete ? null : (
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
              <Line label="Tax class">
                <TaxBadge taxClass={item.taxClass} />
              </Line>
            </Section>
            <Section title="Units">
              <Line label="Counted in">{item.unit}</Line>
              {item.wholesaleUnit === undefined ? null : (
                <Line label={`One ${item.wholesaleUnit.name} holds`}>
                  {formatQuantity(item.wholesaleUnit.holds)} × {item.unit}
                </Line>
              )}
              {item.supplierUnit === undefined ? null : (
                <Line label={`One ${item.supplierUnit.name} holds`}>
                  {formatQuantity(item.supplierUnit.holds)} × {item.wholesaleUnit?.name ?? item.unit}
                </Line>
              )}
            </Section>
          </div>
        </div>
        <p class="text-muted text-xs">
          Added <Moment at={item.createdAt} timeZone={shell.company.timeZone} />, last changed{" "}
          <Moment at={item.updatedAt} timeZone={shell.company.timeZone} />
        </p>
      </div>
    </TenantLayout>
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
      <dt class="shrink-0 text-muted">{label}</dt>
      <dd class="min-w-0 text-right tabular-nums">{children || <span class="text-muted">Not given</span>}</dd>
    </div>
  );
}
