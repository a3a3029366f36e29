import { Badge, type Tone } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { countOf, formatAmount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Pagination } from "../shared/pagination.tsx";

export type TaxClass = "standard" | "zero_rated" | "exempt" | "out_of_scope";

export interface ItemRow {
  id: string;
  sku: string;
  name: string;
  genericName?: string;
  brandNames?: string;
  strength?: string;
  form?: string;
  /** Decimal text: the price of one base unit without tax. */
  price?: string;
  currency: string;
  /** Name of the base unit, for example `tablet`. */
  unit: string;
  /** Null: the pharmacist has not decided. */
  taxClass: TaxClass | null;
  /** False when something is missing before the item can be sold. */
  setupComplete: boolean;
}

export interface ItemListProps {
  search: string;
  items: ItemRow[];
  /** Items that match the search; all items when it is empty. */
  total: number;
  /** Whole paths of the neighbouring pages, search included. */
  next?: string;
  previous?: string;
}

export const taxClassLabels: Readonly<Record<TaxClass, string>> = {
  standard: "Standard rate",
  zero_rated: "Zero-rated",
  exempt: "Exempt",
  out_of_scope: "Out of scope",
};

const taxTones: Readonly<Record<TaxClass, Tone>> = {
  standard: "primary",
  zero_rated: "neutral",
  exempt: "neutral",
  out_of_scope: "neutral",
};

export function TaxBadge({ taxClass }: { taxClass: TaxClass | null }) {
  if (taxClass === null) return <Badge tone="warning">Needs tax class</Badge>;
  return <Badge tone={taxTones[taxClass]}>{taxClassLabels[taxClass]}</Badge>;
}

/** Answer to GET /items with the header HX-Request: the part of the page that a search replaces. */
export function ItemList(props: ItemListProps) {
  return <div id="item-list">{props.total === 0 ? <NoItems search={props.search} /> : <ItemTable {...props} />}</div>;
}

function NoItems({ search }: { search: string }) {
  if (search === "") {
    return (
      <div class="card">
        <EmptyState
          icon="package"
          title="No items yet"
          message="Items are the medicines and products that you stock and sell. Bring the list you have, or add them one by one."
        >
          <a href="/items/import" class="btn btn-primary">
            <Icon name="upload" />
            Import your items
          </a>
          <a href="/items/new" class="btn btn-plain">
            Add one by hand
          </a>
        </EmptyState>
      </div>
    );
  }
  return (
    <div class="card">
      <p class="sr-only" data-announce>
        Nothing found for {search}
      </p>
      <EmptyState
        icon="search"
        title={`Nothing found for “${search}”`}
        message="Try fewer letters, the generic name, or a brand."
      >
        <a href="/items" class="btn btn-plain">
          Clear search
        </a>
        <a href="/items/new" class="btn btn-primary">
          <Icon name="plus" />
          Add item
        </a>
      </EmptyState>
    </div>
  );
}

function ItemTable({ search, items, total, next, previous }: ItemListProps) {
  const count = search === "" ? countOf(total, "item") : `${countOf(total, "item")} found`;
  const currency = items[0]?.currency ?? "";
  return (
    <>
      <div class="card overflow-clip">
        <table class="w-full border-collapse text-left">
          <caption class="sr-only">
            {search === "" ? "All items by name" : `Items found for ${search}, best first`}
          </caption>
          <thead class="sticky top-14 z-10 bg-base-200 text-muted text-xs">
            <tr class="border-line border-b">
              <HeaderCell>Item</HeaderCell>
              <HeaderCell class="hidden md:table-cell">Brands</HeaderCell>
              <HeaderCell class="hidden lg:table-cell">Code</HeaderCell>
              <HeaderCell class="hidden sm:table-cell">Tax</HeaderCell>
              <HeaderCell class="text-right">Price ({currency})</HeaderCell>
            </tr>
          </thead>
          <tbody class="divide-y divide-line">
            {items.map((item) => (
              <ItemTableRow item={item} />
            ))}
          </tbody>
        </table>
      </div>
      <div class="mt-4 flex flex-wrap items-center justify-between gap-3">
        <p class="text-muted tabular-nums" data-announce>
          {count}
        </p>
        <Pagination label="Items" next={next} previous={previous} />
      </div>
    </>
  );
}

function HeaderCell({
  children,
  class: className = "",
}: {
  children: (string | undefined)[] | string;
  class?: string;
}) {
  return (
    <th scope="col" class={`px-4 py-2.5 font-medium ${className}`}>
      {children}
    </th>
  );
}

function ItemTableRow({ item }: { item: ItemRow }) {
  const description = describe(item);
  return (
    <tr class="relative hover:bg-base-200">
      <th scope="row" class="py-3 pr-2 pl-4 text-left align-top font-normal">
        <a href={`/items/${item.id}`} class="font-medium after:absolute after:inset-0">
          <Breakable text={item.name} />
        </a>
        {description === "" ? null : <span class="block text-muted text-xs">{description}</span>}
        {item.brandNames === undefined ? null : (
          <span class="line-clamp-1 text-muted text-xs md:hidden">{item.brandNames}</span>
        )}
        <span class="mt-1 block sm:hidden">
          <TaxBadge taxClass={item.taxClass} />
        </span>
      </th>
      <td class="hidden max-w-56 px-4 py-3 align-top text-muted md:table-cell">
        <span class="line-clamp-2">{item.brandNames ?? ""}</span>
      </td>
      <td class="hidden whitespace-nowrap px-4 py-3 align-top text-muted tabular-nums lg:table-cell">{item.sku}</td>
      <td class="hidden px-4 py-3 align-top sm:table-cell">
        <TaxBadge taxClass={item.taxClass} />
      </td>
      <td class="whitespace-nowrap px-4 py-3 text-right align-top tabular-nums">
        {item.price === undefined ? (
          <Badge tone="warning">No price</Badge>
        ) : (
          <span class="font-medium">{formatAmount(item.price)}</span>
        )}
        <span class="ml-auto block max-w-28 truncate text-muted text-xs">per {item.unit}</span>
      </td>
    </tr>
  );
}

/** Lets a combination such as `Artemether+Lumefantrine` wrap between its parts. */
function Breakable({ text }: { text: string }) {
  const [first, ...rest] = text.split("+");
  return (
    <>
      {first}
      {rest.map((part) => (
        <>
          +<wbr />
          {part}
        </>
      ))}
    </>
  );
}

/** What the name does not already say: generic name, strength, form. */
function describe(item: ItemRow): string {
  const name = item.name.toLowerCase();
  return [item.genericName, item.strength, item.form]
    .filter((part) => part !== undefined && part !== "" && !name.includes(part.toLowerCase()))
    .join(", ");
}
