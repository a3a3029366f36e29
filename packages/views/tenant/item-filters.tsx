import { Icon } from "../shared/icons.tsx";

export type ItemFilter = "all" | "no_tax_class" | "no_price" | "archived";

const labels: Readonly<Record<ItemFilter, string>> = {
  all: "All",
  no_tax_class: "Waiting for the pharmacist",
  no_price: "No price",
  archived: "Archived",
};

const filters = ["all", "no_tax_class", "no_price", "archived"] as const satisfies readonly ItemFilter[];

/** The path of a list, without the parts that say nothing. */
export function itemsPath({ search, filter }: { search: string; filter: ItemFilter }): string {
  const query = new URLSearchParams({
    ...(search === "" ? {} : { q: search }),
    ...(filter === "all" ? {} : { filter }),
  }).toString();
  return query === "" ? "/items" : `/items?${query}`;
}

/** Which items the list shows, as chips; the search stays. */
export function ItemFilters({ search, filter }: { search: string; filter: ItemFilter }) {
  return (
    <nav aria-label="Show" class="mb-4">
      <ul class="flex flex-wrap gap-2">
        {filters.map((name) => (
          <li>
            <a
              href={itemsPath({ search, filter: name })}
              aria-current={name === filter ? "true" : undefined}
              class={`inline-flex min-h-8 items-center gap-1.5 rounded-full border px-3 py-1 ${
                name === filter
                  ? "border-transparent bg-soft-primary font-medium text-soft-primary-text"
                  : "border-line bg-base-100 text-muted hover:bg-base-300 hover:text-base-content"
              }`}
            >
              {name === filter ? <Icon name="check" class="size-3.5" /> : null}
              {labels[name]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
