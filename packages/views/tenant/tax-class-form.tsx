import type { Child } from "hono/jsx";
import type { FieldErrors } from "../shared/context.ts";
import { SelectField } from "../shared/fields.tsx";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { type TaxClass, taxClassLabels } from "./tax-class.tsx";

export interface TaxClassFormState {
  formToken: string;
  /** As chosen before; empty at first. */
  taxClass: string;
  /** Ids that were ticked before. */
  ticked: readonly string[];
  errors: FieldErrors;
}

export interface TaxClassFormProps extends TaxClassFormState {
  /** Ids of the items on this page. */
  listed: readonly string[];
  /** The list, with a checkbox named `item-{id}` for each item. */
  children?: Child;
}

const classes: readonly TaxClass[] = ["standard", "zero_rated", "exempt", "out_of_scope"];

/**
 * Around a list of items without a tax class: POST /items/tax-class with taxClass, listed, `item-{id}` for each ticked
 * one or `all`, and formToken.
 */
export function TaxClassForm({ formToken, taxClass, errors, listed, children }: TaxClassFormProps) {
  return (
    <form method="post" action="/items/tax-class" data-once class="space-y-4" novalidate>
      <FormToken token={formToken} />
      <input type="hidden" name="listed" value={listed.join(",")} />
      <ErrorSummary errors={errors} />
      <fieldset class="card p-4 sm:p-5">
        <legend class="sr-only">Set the tax class</legend>
        <p class="font-semibold" aria-hidden="true">
          Set the tax class
        </p>
        <p id="ids" class="mt-0.5 text-muted">
          These items cannot be sold until the pharmacist has decided. Tick those that share a class, choose it, and set
          it for all of them at once.
        </p>
        <div class="mt-4 grid grid-cols-1 items-start gap-3 sm:grid-cols-[minmax(0,16rem)_auto_auto] sm:justify-start">
          <SelectField
            name="taxClass"
            label="Tax class"
            value={taxClass}
            error={errors.taxClass}
            options={[
              { value: "", label: "Choose one" },
              ...classes.map((value) => ({ value, label: taxClassLabels[value] })),
            ]}
          />
          <SubmitButton busy="Setting…" class="btn-primary sm:mt-6.75">
            Set for ticked items
          </SubmitButton>
          <button type="submit" name="all" value="on" class="btn btn-plain sm:mt-6.75">
            Set for all {listed.length} on this page
          </button>
        </div>
      </fieldset>
      {children}
    </form>
  );
}
