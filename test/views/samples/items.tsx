import type { FormContext } from "@pharmasight/views/shared/context";
import { type ItemDetails, ItemPage } from "@pharmasight/views/tenant/item.tsx";
import { emptyItemForm, ItemFormPage } from "@pharmasight/views/tenant/item-form.tsx";
import type { ItemStockProps } from "@pharmasight/views/tenant/item-stock.tsx";
import { type ItemRow, ItemsPage, type ItemsPageProps } from "@pharmasight/views/tenant/items.tsx";
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
  ...(index === 0 ? {} : { cost: (Number(price) * 0.7).toFixed(4) }),
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

const amount = (count: string, ...larger: [count: string, unit: string][]) => ({
  base: { count, unit: "tablet" },
  larger: larger.map(([of, unit]) => ({ count: of, unit })),
});

const noStock: ItemStockProps = { total: amount("0"), branches: [], isPartial: false, mayImport: true };

const stock: ItemStockProps = {
  total: amount("2745", ["1", "carton"], ["3", "box"], ["45", "tablet"]),
  isPartial: false,
  mayImport: true,
  branches: [
    {
      code: "HQ",
      name: "Main branch",
      amount: amount("245", ["2", "box"], ["45", "tablet"]),
      batches: [
        { batchNumber: "AMX-2291", expiresOn: "2026-10-31", expiry: "expired", amount: amount("40") },
        {
          batchNumber: "AMX-2407",
          expiresOn: "2027-01-31",
          expiry: "soon",
          amount: amount("105", ["1", "box"], ["5", "tablet"]),
        },
        { batchNumber: "", expiresOn: "2028-06-30", expiry: "later", amount: amount("100", ["1", "box"]) },
      ],
    },
    {
      code: "WES",
      name: "Westlands",
      amount: amount("2500", ["1", "carton"], ["1", "box"]),
      batches: [{ batchNumber: "B7", expiry: "none", amount: amount("2500", ["1", "carton"], ["1", "box"]) }],
    },
  ],
};

const hostileStock: ItemStockProps = {
  ...stock,
  isPartial: true,
  branches: [
    {
      code: "X",
      name: hostile,
      amount: { base: { count: "9999999999999999.9999", unit: unbroken }, larger: [{ count: "2", unit: unbroken }] },
      batches: [
        { batchNumber: unbroken.slice(0, 64), expiresOn: "2026-10-31", expiry: "expired", amount: amount("0.0001") },
      ],
    },
  ],
};

export function itemSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Items");
  const rights = { showsCosts: true, mayEdit: true, mayImport: true };
  const onlyLooks = { showsCosts: false, mayEdit: false, mayImport: false };
  const none: ItemsPageProps = { shell, search: "", filter: "all", items: [], total: 0, ...rights };
  const list: ItemsPageProps = { ...none, items, total: 1074, next: "/items?after=x" };
  const taxClassForm = { formToken: "form-token", taxClass: "", ticked: [], errors: {} };
  const parked = items.map((item) => ({ ...item, taxClass: null, setupComplete: false }));
  const whole: ItemDetails = {
    ...(items[1] ?? bare),
    cost: "2.75",
    barcode: "6164001234567",
    wholesaleUnit: { name: "box", holds: "100.0000" },
    supplierUnit: { name: "carton", holds: "24.0000" },
    isControlled: true,
    isPrescriptionOnly: true,
    isColdChain: true,
    createdAt: at,
    updatedAt: at,
  };
  const values = {
    ...emptyItemForm,
    name: "Amoxicillin 500 mg capsules",
    genericName: "Amoxicillin",
    baseUnit: "capsule",
    wholesaleUnit: "box",
    basePerWholesale: "100",
    retailPrice: "4.20",
    costPrice: "2.75",
    taxClass: "zero_rated",
    isPrescriptionOnly: true,
  };
  const edit = { id: "0193", seen: "seen", hasFixedUnits: true };
  const form = { shell, errors: {}, currency: "KES", showsCosts: true };
  return {
    items: <ItemsPage {...list} previous="/items?before=y" />,
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
    "items-empty": <ItemsPage {...none} />,
    "items-empty-looks": <ItemsPage {...none} {...onlyLooks} />,
    "items-none-found": <ItemsPage {...none} search="amoxxx" filter="no_price" />,
    "items-parked": (
      <ItemsPage
        {...list}
        filter="no_tax_class"
        items={[...parked, { ...hostileItem, id: "hostile-parked" }]}
        taxClassForm={taxClassForm}
        done="The tax class of 12 items is set."
      />
    ),
    "items-parked-errors": (
      <ItemsPage
        {...list}
        filter="no_tax_class"
        items={parked}
        taxClassForm={{
          ...taxClassForm,
          ticked: ["0193-1"],
          errors: { ids: "Tick at least one item.", taxClass: "Choose one of the tax classes." },
        }}
      />
    ),
    "items-parked-none": <ItemsPage {...none} filter="no_tax_class" />,
    "items-archived-none": <ItemsPage {...none} filter="archived" />,
    item: <ItemPage shell={shell} done="Amoxicillin was added." item={whole} stock={stock} {...rights} />,
    "item-cashier": (
      <ItemPage shell={shell} item={whole} stock={{ ...noStock, isPartial: true, mayImport: false }} {...onlyLooks} />
    ),
    "item-archived": (
      <ItemPage
        shell={shell}
        item={{ ...whole, archivedAt: at }}
        stock={noStock}
        {...rights}
        refused="There is an item of this name already. Change that item first, then bring this one back."
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
        stock={hostileStock}
        {...rights}
      />
    ),
    "item-form": <ItemFormPage {...form} values={emptyItemForm} />,
    "item-form-errors": (
      <ItemFormPage
        {...form}
        showsCosts={false}
        values={{ ...emptyItemForm, name: hostile, basePerWholesale: "ten", wholesaleUnit: "box" }}
        errors={{
          baseUnit: "Enter the smallest unit that you sell, such as tablet.",
          basePerWholesale: "Enter a number, such as 10.",
        }}
      />
    ),
    "item-edit": <ItemFormPage {...form} values={values} edit={edit} />,
    "item-edit-conflict": (
      <ItemFormPage
        {...form}
        values={{ ...values, brandNames: hostile }}
        edit={{
          ...edit,
          hasFixedUnits: false,
          meanwhile: [
            { label: "Price of the smallest unit", was: "4.20", now: "4.80", keepsYours: false },
            { label: "Brands", was: "Amoxil", now: hostile, keepsYours: true },
            { label: "Barcode", was: "6164001234567", now: "", keepsYours: false },
          ],
        }}
      />
    ),
    "item-edit-archived": (
      <ItemFormPage {...form} values={values} edit={{ ...edit, meanwhile: [], isArchived: true }} />
    ),
  };
}
