import { Badge } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { countOf, formatAmount } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";
import { Pagination } from "../shared/pagination.tsx";
import { type ItemFilter, ItemFilters, itemsPath } from "./item-filters.tsx";
import { TaxBadge, type TaxClass } from "./tax-class.tsx";
import { TaxClassForm, type TaxClassFormState } from "./tax-class-form.tsx";

export type { ItemFilter } from "./item-filters.tsx";
export type { TaxClass } from "./tax-class.tsx";

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
  /** As the price; only for a reader who may see costs. */
  cost?: string;
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
  filter: ItemFilter;
  items: ItemRow[];
  /** Items that match the search and the filter; all items when there are none. */
  total: number;
  /** Whole paths of the neighbouring pages, search and filter included. */
  next?: string;
  previous?: string;
  /** Whether the reader may see costs. */
  showsCosts: boolean;
  mayEdit: boolean;
  mayImport: boolean;
  /** Present where tax classes can be set: on the list of items without one, for those who may. */
  taxClassForm?: TaxClassFormState;
}

/** Answer to GET /items with the header HX-Request: the part of the page that a search replaces. */
export function ItemList(props: ItemListProps) {
  const { search, filter, total, items, taxClassForm } = props;
  const isEmpty = total === 0 && search === "" && filter === "all";
  return (
    <div id="item-list">
      {isEmpty ? null : <ItemFilters search={search} filter={filter} />}
      {total === 0 ? (
        <NoItems {...props} />
      ) : taxClassForm === undefined ? (
        <ItemTable {...props} />
      ) : (
        <TaxClassForm {...taxClassForm} listed={items.map(({ id }) => id)}>
          <ItemTable {...props} />
        </TaxClassForm>
      )}
    </div>
  );
}

const nothingLeft = {
  no_tax_class: { title: "Every item has its tax class", message: "Nothing waits for the pharmacist." },
  no_price: { title: "Every item has a price", message: "Items that you add or import without one show up here." },
  archived: {
    title: "Nothing is archived",
    message: "An item that you no longer stock can be archived on its page. It can be brought back from here.",
  },
} as const;

function NoItems({ search, filter, mayEdit, mayImport }: ItemListProps) {
  if (search !== "") return <NothingFound search={search} filter={filter} mayEdit={mayEdit} />;
  if (filter !== "all") {
    return (
      <div class="card">
        <EmptyState icon={filter === "archived" ? "archive" : "circle-check"} {...nothingLeft[filter]}>
          <a href="/items" class="btn btn-plain">
            Show all items
          </a>
        </EmptyState>
      </div>
    );
  }
  return (
    <div class="card">
      <EmptyState
        icon="package"
        title="No items yet"
        message={
          mayEdit
            ? "Items are the medicines and products that you stock and sell. Bring the list you have, or add them one by one."
            : "Items are the medicines and products that the pharmacy stocks and sells. Whoever keeps the list here adds them."
        }
      >
        {mayImport ? (
          <a href="/items/import" class="btn btn-primary">
            <Icon name="upload" />
            Import your items
          </a>
        ) : null}
        {mayEdit ? (
          <a href="/items/new" class="btn btn-plain">
            Add one by hand
          </a>
        ) : null}
      </EmptyState>
    </div>
  );
}

function NothingFound({ search, filter, mayEdit }: Pick<ItemListProps, "search" | "filter" | "mayEdit">) {
  return (
    <div class="card">
      <p class="sr-only" data-announce>
        Nothing found for {search}
      </p>
      <EmptyState
        icon="search"
        title={`Nothing found for “${search}”`}
        message={
          filter === "all"
            ? "Try fewer letters, the generic name, or a brand."
            : "Try fewer letters, or look among all items."
        }
      >
        {filter === "all" ? null : (
          <a href={itemsPath({ search, filter: "all" })} class="btn btn-plain">
            Look among all items
          </a>
        )}
        <a href={itemsPath({ search: "", filter })} class="btn btn-plain">
          Clear search
        </a>
        {mayEdit && filter === "all" ? (
          <a href="/items/new" class="btn btn-primary">
            <Icon name="plus" />
            Add item
          </a>
        ) : null}
      </EmptyState>
    </div>
  );
}

const captions: Readonly<Record<ItemFilter, string>> = {
  all: "All items by name",
  no_tax_class: "Items without a tax class by name",
  no_price: "Items without a price by name",
  archived: "Archived items by name",
};

function ItemTable({ search, filter, items, total, next, previous, showsCosts, taxClassForm }: ItemListProps) {
  const count = search === "" ? countOf(total, "item") : `${countOf(total, "item")} found`;
  const currency = items[0]?.currency ?? "";
  return (
    <>
      <div class="card overflow-clip">
        <table class="w-full border-collapse text-left">
          <caption class="sr-only">
            {search === "" ? captions[filter] : `Items found for ${search}, best first`}
          </caption>
          <thead class="sticky top-14 z-10 bg-base-200 text-muted text-xs">
            <tr class="border-line border-b">
              {taxClassForm === undefined ? null : (
                <th scope="col" class="w-10 py-2.5 pl-4">
                  <span class="sr-only">Tick</span>
                </th>
              )}
              <HeaderCell>Item</HeaderCell>
              <HeaderCell class="hidden md:table-cell">Brands</HeaderCell>
              <HeaderCell class="hidden lg:table-cell">Code</HeaderCell>
              <HeaderCell class="hidden sm:table-cell">Tax</HeaderCell>
              {showsCosts ? <HeaderCell class="hidden text-right lg:table-cell">Cost ({currency})</HeaderCell> : null}
              <HeaderCell class="text-right">Price ({currency})</HeaderCell>
            </tr>
          </thead>
          <tbody class="divide-y divide-line">
            {items.map((item) => (
              <ItemTableRow
                item={item}
                showsCosts={showsCosts}
                {...(taxClassForm === undefined ? {} : { isTicked: taxClassForm.ticked.includes(item.id) })}
              />
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

/** `isTicked` is there when the row can be ticked. */
function ItemTableRow({ item, showsCosts, isTicked }: { item: ItemRow; showsCosts: boolean; isTicked?: boolean }) {
  const description = describe(item);
  return (
    <tr class="relative hover:bg-base-200">
      {isTicked === undefined ? null : (
        <td class="w-10 align-top">
          {/* Above the link that covers the row, and as large as a finger. */}
          <label class="relative z-1 flex min-h-11 cursor-pointer items-start pt-3.5 pr-1 pl-4">
            <input
              type="checkbox"
              name={`item-${item.id}`}
              value="on"
              checked={isTicked}
              class="checkbox checkbox-primary checkbox-sm"
            />
            <span class="sr-only">Tick {item.name}</span>
          </label>
        </td>
      )}
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
      {showsCosts ? (
        <td class="hidden whitespace-nowrap px-4 py-3 text-right align-top text-muted tabular-nums lg:table-cell">
          {item.cost === undefined ? <span class="sr-only">Not known</span> : formatAmount(item.cost)}
        </td>
      ) : null}
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
