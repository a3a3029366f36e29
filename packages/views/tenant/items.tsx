import { Alert } from "../shared/alert.tsx";
import { Icon } from "../shared/icons.tsx";
import type { ItemFilter } from "./item-filters.tsx";
import { ItemList, type ItemListProps } from "./item-list.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export { type ItemFilter, itemsPath } from "./item-filters.tsx";
export { ItemList, type ItemListProps, type ItemRow, type TaxClass } from "./item-list.tsx";

export interface ItemsPageProps extends ItemListProps {
  shell: TenantShell;
  /** What was done just now, in a sentence. */
  done?: string;
}

/** Search and filter: GET /items?q=…&filter=…; with the header HX-Request the answer is `ItemList` alone. */
export function ItemsPage({ shell, done, ...list }: ItemsPageProps) {
  const { search, filter, mayEdit, mayImport } = list;
  const empty = list.total === 0 && search === "" && filter === "all";
  return (
    <TenantLayout
      shell={shell}
      title="Items"
      htmx
      actions={
        empty ? undefined : (
          <>
            {mayImport ? (
              <a href="/items/import" class="btn btn-plain btn-sm h-9">
                <Icon name="upload" />
                Import
              </a>
            ) : null}
            {mayEdit ? (
              <a href="/items/new" class="btn btn-primary btn-sm h-9">
                <Icon name="plus" />
                Add item
              </a>
            ) : null}
          </>
        )
      }
    >
      {done === undefined ? null : (
        <div class="mb-4">
          <Alert tone="success">{done}</Alert>
        </div>
      )}
      {empty ? null : <SearchBox search={search} filter={filter} />}
      <ItemList {...list} />
    </TenantLayout>
  );
}

function SearchBox({ search, filter }: { search: string; filter: ItemFilter }) {
  return (
    <form method="get" action="/items" class="mb-4 max-w-xl">
      {filter === "all" ? null : <input type="hidden" name="filter" value={filter} />}
      <search>
        <div class="input field h-11 bg-base-100">
          <Icon name="search" class="size-4 text-muted" />
          <input
            type="search"
            id="q"
            name="q"
            value={search}
            maxlength={100}
            autocomplete="off"
            spellcheck={false}
            placeholder="Name, brand, code or barcode"
            aria-label="Search items"
            aria-keyshortcuts="/"
            class="min-w-0 grow"
            data-search
            hx-get="/items"
            hx-include="closest form"
            hx-trigger="input changed delay:200ms, search"
            hx-target="#item-list"
            hx-swap="outerHTML"
            hx-push-url="true"
            hx-sync="this:replace"
            hx-indicator="#search-indicator"
          />
          <span
            id="search-indicator"
            class="htmx-indicator loading loading-spinner loading-xs text-primary"
            aria-hidden="true"
          />
        </div>
      </search>
      <noscript>
        <button type="submit" class="btn btn-plain btn-sm mt-2">
          Search
        </button>
      </noscript>
    </form>
  );
}
