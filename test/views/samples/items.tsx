import type { FormContext } from "@pharmasight/views/shared/context";
import { ItemPage } from "@pharmasight/views/tenant/item.tsx";
import { emptyItemForm, ItemFormPage } from "@pharmasight/views/tenant/item-form.tsx";
import { type ItemRow, ItemsPage } from "@pharmasight/views/tenant/items.tsx";
import { at, hostile, type Samples, shellOf, unbroken } from "./shared.ts";

const medicines: readonly [
  name: string,
  generic: string,
  strength: string,
  form: string,
  price: string,
  brands: string,
][] = [
  ["Abacavir 300 mg", "Abacavir", "300 mg", "tab-cap", "30.2742", "Ziagen"],
  [
    "Amoxicillin 500 mg capsules",
    "Amoxicillin",
    "500 mg",
    "Capsule",
    "4.2",
    "Amoxil, Moxatag, Trimox, Wymox, Dispermox, Larotid",
  ],
  ["Artemether+Lumefantrine 20mg+120mg", "Artemether+Lumefantrine", "20mg+120mg", "tab-cap", "0.0917", "Coartem"],
  ["Insulin glargine 100 IU/ml", "Insulin glargine", "100 IU/ml", "Injection", "1234567.5", "Lantus"],
  ["Paracetamol 500 mg", "Paracetamol", "500 mg", "Tablet", "1.00", "Panadol, Calpol"],
];

const items: ItemRow[] = medicines.map(([name, genericName, strength, form, price, brandNames], index) => ({
  id: `0193-${index}`,
  sku: `ITM-00${index + 1}`,
  name,
  genericName,
  brandNames,
  strength,
  form,
  price,
  currency: "KES",
  unit: index === 3 ? "vial" : "tablet",
  taxClass: index === 0 ? null : index === 3 ? "standard" : "zero_rated",
  setupComplete: index !== 0,
}));

const bare: ItemRow = {
  id: "bare",
  sku: "ITM-0099",
  name: "Cotton wool",
  currency: "KES",
  unit: "roll",
  taxClass: null,
  setupComplete: false,
};

const hostileItem: ItemRow = { ...bare, id: "hostile", name: hostile, brandNames: unbroken, unit: unbroken };

export function itemSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Items");
  const list = { shell, search: "", items, total: 1074, next: "/items?after=x" };
  return {
    items: <ItemsPage {...list} />,
    "items-hostile": (
      <ItemsPage
        {...list}
        shell={shellOf(context, "Items", hostile, 0)}
        search={hostile}
        items={[hostileItem, bare, ...items]}
        total={7}
        previous="/items?before=y"
      />
    ),
    "items-empty": <ItemsPage shell={shell} search="" items={[]} total={0} />,
    "items-none-found": <ItemsPage shell={shell} search="amoxxx" items={[]} total={0} />,
    item: (
      <ItemPage
        shell={shell}
        added
        item={{
          ...(items[1] ?? bare),
          barcode: "6164001234567",
          wholesaleUnit: { name: "box", holds: "100.0000" },
          supplierUnit: { name: "carton", holds: "24.0000" },
          isControlled: true,
          isPrescriptionOnly: true,
          isColdChain: true,
          createdAt: at,
          updatedAt: at,
        }}
      />
    ),
    "item-hostile": (
      <ItemPage
        shell={shell}
        item={{
          ...hostileItem,
          isControlled: false,
          isPrescriptionOnly: false,
          isColdChain: false,
          createdAt: at,
          updatedAt: at,
        }}
      />
    ),
    "item-form": <ItemFormPage shell={shell} values={emptyItemForm} errors={{}} currency="KES" />,
    "item-form-errors": (
      <ItemFormPage
        shell={shell}
        values={{ ...emptyItemForm, name: hostile, basePerWholesale: "ten", wholesaleUnit: "box" }}
        errors={{
          baseUnit: "Enter the smallest unit that you sell, such as tablet.",
          basePerWholesale: "Enter a number, such as 10.",
        }}
        currency="KES"
      />
    ),
  };
}
