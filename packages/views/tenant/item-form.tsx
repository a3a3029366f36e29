import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { CheckboxField, SelectField, TextField } from "../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";
import { taxClassLabels } from "./tax-class.tsx";

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
  /** Empty too for somebody who may not see costs. */
  costPrice: string;
  /** Empty: the pharmacist decides later. */
  taxClass: string;
  isControlled: boolean;
  isPrescriptionOnly: boolean;
  isColdChain: boolean;
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
  costPrice: "",
  taxClass: "",
  isControlled: false,
  isPrescriptionOnly: false,
  isColdChain: false,
};

/** What the fields are called, also where a change of one is told. */
export const itemFieldLabels: Readonly<Record<keyof ItemFormValues, string>> = {
  name: "Name",
  genericName: "Generic name",
  brandNames: "Brands",
  strength: "Strength",
  form: "Form",
  barcode: "Barcode",
  baseUnit: "Smallest unit",
  wholesaleUnit: "Larger unit",
  basePerWholesale: "Larger unit holds",
  supplierUnit: "Unit you buy in",
  wholesalePerSupplier: "Unit you buy in holds",
  retailPrice: "Price of the smallest unit",
  costPrice: "Cost of the smallest unit",
  taxClass: "Tax class",
  isControlled: "Controlled drug",
  isPrescriptionOnly: "Prescription only",
  isColdChain: "Keep cold",
};

/** A field that somebody else changed while this form was open; texts as people read them. */
export interface MeanwhileChange {
  label: string;
  was: string;
  now: string;
  /** Whether the form keeps what was typed here instead. */
  keepsYours: boolean;
}

export interface ItemEdit {
  id: string;
  /** What the item was when the form was opened, for the server. */
  seen: string;
  /** Whether stock is counted in the item's units already: they stay. */
  hasFixedUnits: boolean;
  /** Present when somebody saved the item meanwhile. */
  meanwhile?: readonly MeanwhileChange[];
  /** Whether it was archived meanwhile. */
  isArchived?: boolean;
}

export interface ItemFormPageProps {
  shell: TenantShell;
  values: ItemFormValues;
  errors: FieldErrors;
  currency: string;
  showsCosts: boolean;
  /** Absent: a new item. */
  edit?: ItemEdit;
}

/** Form: POST /items, or POST /items/:id/edit with `seen`, with the fields of `ItemFormValues` and formToken. */
export function ItemFormPage({ shell, values, errors, currency, showsCosts, edit }: ItemFormPageProps) {
  const field = (name: Exclude<keyof ItemFormValues, `is${string}`>) => ({
    name,
    label: itemFieldLabels[name],
    value: values[name],
    error: errors[name],
  });
  const flag = (name: Extract<keyof ItemFormValues, `is${string}`>) => ({
    name,
    value: "on",
    checked: values[name],
    error: errors[name],
  });
  const home = edit === undefined ? "/items" : `/items/${edit.id}`;
  // A pack that was never there may still be added: nothing is counted in it.
  const isFixed = (value: string) => edit?.hasFixedUnits === true && value !== "";
  const fixed = (value: string) => (isFixed(value) ? { readonly: true } : {});
  const stays = (value: string) => (isFixed(value) ? { suffix: "stays" } : {});
  return (
    <TenantLayout
      shell={shell}
      title={edit === undefined ? "Add an item" : "Change an item"}
      back={edit === undefined ? { label: "Items", href: "/items" } : { label: "Item", href: home }}
    >
      <form
        method="post"
        action={edit === undefined ? "/items" : `${home}/edit`}
        data-once
        class="max-w-3xl space-y-6"
        novalidate
      >
        <FormToken token={shell.context.formToken} />
        {edit === undefined ? null : <input type="hidden" name="seen" value={edit.seen} />}
        {edit?.meanwhile === undefined ? null : <ChangedMeanwhile edit={edit} changes={edit.meanwhile} />}
        <ErrorSummary errors={errors} />
        <Group title="Medicine" help="What it is, as you would ask for it at the counter.">
          <div class="sm:col-span-2">
            <TextField
              {...field("name")}
              help="For example Amoxicillin 500 mg capsules."
              attributes={{ required: true, maxlength: 300, autocomplete: "off" }}
            />
          </div>
          <TextField {...field("genericName")} optional attributes={{ maxlength: 200 }} />
          <TextField
            {...field("brandNames")}
            optional
            help="Parted by commas; each can be searched for."
            attributes={{ maxlength: 500 }}
          />
          <TextField {...field("strength")} optional attributes={{ maxlength: 100, placeholder: "500 mg" }} />
          <TextField {...field("form")} optional attributes={{ maxlength: 100, placeholder: "Capsule" }} />
          <TextField
            {...field("barcode")}
            optional
            attributes={{ maxlength: 64, inputmode: "numeric", autocomplete: "off" }}
          />
        </Group>
        <Group title="Units" help="Stock is counted in the smallest unit that you sell.">
          {edit?.hasFixedUnits === true ? (
            <div class="sm:col-span-2">
              <Alert tone="info" title="Stock is counted in these units, so they stay">
                Another smallest unit, or another size of a pack, would give every quantity on record another meaning.
                Larger units can be renamed or added. If a pack has changed, add another item for the new one.
              </Alert>
            </div>
          ) : null}
          <div class="sm:col-span-2 sm:max-w-[calc(50%-0.625rem)]">
            <TextField
              {...field("baseUnit")}
              {...stays(values.baseUnit)}
              attributes={{
                required: true,
                maxlength: 40,
                placeholder: "tablet",
                autocapitalize: "none",
                ...fixed(values.baseUnit),
              }}
            />
          </div>
          <TextField
            {...field("wholesaleUnit")}
            optional
            attributes={{ maxlength: 40, placeholder: "box", autocapitalize: "none" }}
          />
          <TextField
            {...field("basePerWholesale")}
            {...stays(values.basePerWholesale)}
            label="It holds how many of the smallest?"
            optional
            attributes={{
              maxlength: 20,
              inputmode: "decimal",
              placeholder: "100",
              ...fixed(values.basePerWholesale),
            }}
          />
          <TextField
            {...field("supplierUnit")}
            optional
            attributes={{ maxlength: 40, placeholder: "carton", autocapitalize: "none" }}
          />
          <TextField
            {...field("wholesalePerSupplier")}
            {...stays(values.wholesalePerSupplier)}
            label="It holds how many of the larger?"
            optional
            attributes={{
              maxlength: 20,
              inputmode: "decimal",
              placeholder: "20",
              ...fixed(values.wholesalePerSupplier),
            }}
          />
        </Group>
        <Group
          title="Price and tax"
          help="You can leave them for later; the item can be sold once price and class are there."
        >
          <TextField
            {...field("retailPrice")}
            optional
            prefix={currency}
            help="What a customer pays, without tax."
            attributes={{ maxlength: 21, inputmode: "decimal", placeholder: "0.00", autocomplete: "off" }}
          />
          {showsCosts ? (
            <TextField
              {...field("costPrice")}
              optional
              prefix={currency}
              help="What you pay for it, without tax. Only those who may see costs see it."
              attributes={{ maxlength: 21, inputmode: "decimal", placeholder: "0.00", autocomplete: "off" }}
            />
          ) : null}
          <SelectField
            {...field("taxClass")}
            options={[
              { value: "", label: "Decide later" },
              ...Object.entries(taxClassLabels).map(([value, label]) => ({ value, label })),
            ]}
          />
        </Group>
        <Group title="Handling" help="Shown wherever the item is sold.">
          <div class="space-y-3 sm:col-span-2">
            <CheckboxField {...flag("isPrescriptionOnly")}>{itemFieldLabels.isPrescriptionOnly}</CheckboxField>
            <CheckboxField {...flag("isControlled")}>{itemFieldLabels.isControlled}</CheckboxField>
            <CheckboxField {...flag("isColdChain")}>{itemFieldLabels.isColdChain}</CheckboxField>
          </div>
        </Group>
        <div class="flex flex-wrap gap-2">
          {edit === undefined ? (
            <SubmitButton busy="Adding…">Add item</SubmitButton>
          ) : (
            <SubmitButton busy="Saving…">Save changes</SubmitButton>
          )}
          <a href={home} class="btn btn-ghost">
            Cancel
          </a>
        </div>
      </form>
    </TenantLayout>
  );
}

function ChangedMeanwhile({ edit, changes }: { edit: ItemEdit; changes: readonly MeanwhileChange[] }) {
  if (edit.isArchived === true) {
    return (
      <Alert tone="error" title="The item was archived while you changed it">
        Nothing was saved.{" "}
        <a href={`/items/${edit.id}`} class="underline underline-offset-2">
          Bring it back on its page
        </a>{" "}
        first, in another tab, then save here.
      </Alert>
    );
  }
  return (
    <Alert tone="error" title="Somebody else saved this item while you changed it">
      <p>Nothing of yours was saved yet. What they changed:</p>
      <ul class="mt-1 list-disc pl-4">
        {changes.map(({ label, was, now, keepsYours }) => (
          <li>
            {label}: {now === "" ? "emptied" : `now “${now}”`}
            {was === "" ? "" : ` (was “${was}”)`}
            {keepsYours ? ". The field below has what you typed." : ""}
          </li>
        ))}
      </ul>
      <p class="mt-1">Everything that you typed is still below. Look it over, then save.</p>
    </Alert>
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
