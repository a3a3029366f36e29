import { Icon } from "../shared/icons.tsx";
import { ItemList, type ItemListProps } from "./item-list.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export { ItemList, type ItemListProps, type ItemRow, type TaxClass } from "./item-list.tsx";

export interface ItemsPageProps extends ItemListProps {
  shell: TenantShell;
}

/** Search: GET /items?q=…; with the header HX-Request the answer is `ItemList` alone. */
export function ItemsPage({ shell, ...list }: ItemsPageProps) {
  const empty = list.total === 0 && list.search === "";
  return (
    <TenantLayout
      shell={shell}
      title="Items"
      htmx
      actions={
        empty ? undefined : (
          <>
            <a href="/items/import" class="btn btn-plain btn-sm h-9">
              <Icon name="upload" />
              Import
            </a>
            <a href="/items/new" class="btn btn-primary btn-sm h-9">
              <Icon name="plus" />
              Add item
            </a>
          </>
        )
      }
    >
      {empty ? null : <SearchBox search={list.search} />}
      <ItemList {...list} />
    </TenantLayout>
  );
}

function SearchBox({ search }: { search: string }) {
  return (
    <form method="get" action="/items" class="mb-4 max-w-xl">
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
