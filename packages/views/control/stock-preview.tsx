import { Badge, type Tone } from "../shared/badge.tsx";
import { Icon } from "../shared/icons.tsx";

const batches: readonly { item: string; batch: string; expiry: string; left: string; state: string; tone: Tone }[] = [
  {
    item: "Amoxicillin 500 mg",
    batch: "AX2417",
    expiry: "Jan 2027",
    left: "240",
    state: "Sell first",
    tone: "warning",
  },
  {
    item: "Amoxicillin 500 mg",
    batch: "AX2533",
    expiry: "Sep 2027",
    left: "1,200",
    state: "In stock",
    tone: "success",
  },
  { item: "Metformin 850 mg", batch: "MF0981", expiry: "Mar 2028", left: "60", state: "Order soon", tone: "error" },
  {
    item: "Paracetamol 500 mg",
    batch: "PC7120",
    expiry: "Jun 2028",
    left: "3,480",
    state: "In stock",
    tone: "success",
  },
];

/** A picture of the product, drawn rather than photographed; it says nothing that the words beside it do not. */
export function StockPreview() {
  return (
    <div aria-hidden="true" class="overflow-hidden rounded-2xl border border-line bg-base-200 p-3 sm:p-5">
      <div class="grid grid-cols-3 gap-3">
        <Figure label="Items" value="1,074" />
        <Figure label="Expiring in 90 days" value="12" />
        <Figure label="To order" value="7" />
      </div>
      <div class="card mt-3 overflow-hidden">
        <div class="flex items-center gap-2 border-line border-b px-4 py-3 text-muted">
          <Icon name="search" />
          <span>amox</span>
        </div>
        <ul class="divide-y divide-line">
          {batches.map((batch) => (
            <li class="grid grid-cols-[1fr_auto] items-center gap-x-4 px-4 py-3">
              <p class="truncate font-medium">{batch.item}</p>
              <p class="text-right">
                <Badge tone={batch.tone}>{batch.state}</Badge>
              </p>
              <p class="mt-0.5 text-muted text-xs tabular-nums">
                Batch {batch.batch}, {batch.expiry}
              </p>
              <p class="mt-0.5 text-right text-muted text-xs tabular-nums">{batch.left} tablets</p>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div class="card p-3 sm:p-4">
      <p class="truncate text-muted text-xs">{label}</p>
      <p class="mt-1 font-semibold text-xl tabular-nums">{value}</p>
    </div>
  );
}
