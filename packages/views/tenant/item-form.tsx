import type { Child } from "hono/jsx";
import type { FieldErrors } from "../shared/context.ts";
import { SelectField, TextField } from "../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { taxClassLabels } from "./item-list.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

/** As typed by the person, and shown again when something is wrong. */
export interface ItemFormValues {
  name: string;
  genericName: string;
  brandNames: string;
  strength: string;
  form: string;
  barcode: string;
  baseUnit: string;
  wholesaleUnit: string;
  basePerWholesale: string;
  supplierUnit: string;
  wholesalePerSupplier: string;
  retailPrice: string;
  /** Empty: the pharmacist decides later. */
  taxClass: string;
}

export const emptyItemForm: ItemFormValues = {
  name: "",
  genericName: "",
  brandNames: "",
  strength: "",
  form: "",
  barcode: "",
  baseUnit: "",
  wholesaleUnit: "",
  basePerWholesale: "",
  supplierUnit: "",
  wholesalePerSupplier: "",
  retailPrice: "",
  taxClass: "",
};

export interface ItemFormPageProps {
  shell: TenantShell;
  values: ItemFormValues;
  errors: FieldErrors;
  currency: string;
}

/** Form: POST /items with the fields of `ItemFormValues` and formToken. */
export function ItemFormPage({ shell, values, errors, currency }: ItemFormPageProps) {
  const field = (name: keyof ItemFormValues) => ({ name, value: values[name], error: errors[name] });
  return (
    <TenantLayout shell={shell} title="Add an item" back={{ label: "Items", href: "/items" }}>
      <form method="post" action="/items" data-once class="max-w-3xl space-y-6" novalidate>
        <FormToken token={shell.context.formToken} />
        <ErrorSummary errors={errors} />
        <Group title="Medicine" help="What it is, as you would ask for it at the counter.">
          <div class="sm:col-span-2">
            <TextField
              {...field("name")}
              label="Name"
              help="For example Amoxicillin 500 mg capsules."
              attributes={{ required: true, maxlength: 300, autocomplete: "off" }}
            />
          </div>
          <TextField {...field("genericName")} label="Generic name" optional attributes={{ maxlength: 200 }} />
          <TextField
            {...field("brandNames")}
            label="Brands"
            optional
            help="Parted by commas; each can be searched for."
            attributes={{ maxlength: 500 }}
          />
          <TextField
            {...field("strength")}
            label="Strength"
            optional
            attributes={{ maxlength: 100, placeholder: "500 mg" }}
          />
          <TextField {...field("form")} label="Form" optional attributes={{ maxlength: 100, placeholder: "Capsule" }} />
          <TextField
            {...field("barcode")}
            label="Barcode"
            optional
            attributes={{ maxlength: 64, inputmode: "numeric", autocomplete: "off" }}
          />
        </Group>
        <Group title="Units" help="Stock is counted in the smallest unit that you sell.">
          <div class="sm:col-span-2 sm:max-w-[calc(50%-0.625rem)]">
            <TextField
              {...field("baseUnit")}
              label="Smallest unit"
              attributes={{ required: true, maxlength: 40, placeholder: "tablet", autocapitalize: "none" }}
            />
          </div>
          <TextField
            {...field("wholesaleUnit")}
            label="Larger unit"
            optional
            attributes={{ maxlength: 40, placeholder: "box", autocapitalize: "none" }}
          />
          <TextField
            {...field("basePerWholesale")}
            label="It holds how many of the smallest?"
            optional
            attributes={{ maxlength: 20, inputmode: "decimal", placeholder: "100" }}
          />
          <TextField
            {...field("supplierUnit")}
            label="Unit you buy in"
            optional
            attributes={{ maxlength: 40, placeholder: "carton", autocapitalize: "none" }}
          />
          <TextField
            {...field("wholesalePerSupplier")}
            label="It holds how many of the larger?"
            optional
            attributes={{ maxlength: 20, inputmode: "decimal", placeholder: "20" }}
          />
        </Group>
        <Group title="Price and tax" help="You can leave both for later; the item can be sold once they are there.">
          <TextField
            {...field("retailPrice")}
            label="Price of the smallest unit"
            optional
            prefix={currency}
            help="Without tax."
            attributes={{ maxlength: 21, inputmode: "decimal", placeholder: "0.00", autocomplete: "off" }}
          />
          <SelectField
            {...field("taxClass")}
            label="Tax class"
            options={[
              { value: "", label: "Decide later" },
              ...Object.entries(taxClassLabels).map(([value, label]) => ({ value, label })),
            ]}
          />
        </Group>
        <div class="flex flex-wrap gap-2">
          <SubmitButton busy="Adding…">Add item</SubmitButton>
          <a href="/items" class="btn btn-ghost">
            Cancel
          </a>
        </div>
      </form>
    </TenantLayout>
  );
}

function Group({ title, help, children }: { title: string; help: string; children?: Child }) {
  return (
    <fieldset class="card p-5 sm:p-6">
      <legend class="sr-only">{title}</legend>
      <p class="font-semibold" aria-hidden="true">
        {title}
      </p>
      <p class="mt-0.5 mb-5 text-muted">{help}</p>
      <div class="grid grid-cols-1 gap-5 sm:grid-cols-2">{children}</div>
    </fieldset>
  );
}
