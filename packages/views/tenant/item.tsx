import type { ItemRow } from "./items.tsx";
import type { TenantShell } from "./shell.tsx";

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

export function ItemPage({ item }: ItemPageProps) {
  return <p>{item.name}</p>;
}
