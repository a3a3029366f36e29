import type { TenantShell } from "./shell.tsx";

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

export interface ItemsPageProps extends ItemListProps {
  shell: TenantShell;
}

export function ItemsPage({ total }: ItemsPageProps) {
  return <p>{total}</p>;
}

/** Answer to GET /items with the header HX-Request. */
export function ItemList({ total }: ItemListProps) {
  return <p>{total}</p>;
}
