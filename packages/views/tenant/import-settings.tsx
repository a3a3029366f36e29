import type { FieldErrors } from "../shared/context.ts";
import { SelectField, TextField } from "../shared/fields.tsx";
import { taxClassLabels } from "./tax-class.tsx";

export interface Choice {
  value: string;
  label: string;
}

/** As chosen by the person, and shown again when something is wrong. */
export interface ImportSettingsValues {
  rate: string;
  taxClass: string;
  priceUnit: string;
  costUnit: string;
  stockUnit: string;
  dateOrder: string;
  /** Blank: to be chosen. */
  decimalMark: string;
  /** For which columns that is shown. */
  decimalMarkFor: string;
  branchId: string;
}

/** A cell that means one thing after a decimal point and another after a decimal comma. */
export interface TwoReadings {
  row: number;
  text: string;
  point: string;
  comma: string;
}

export interface ImportSettingsProps {
  /** The columns, by the field that each is. */
  columns: readonly { field: string }[];
  /** What this person may fill. */
  fields: readonly { key: string }[];
  values: ImportSettingsValues;
  errors: FieldErrors;
  branches: Choice[];
  currency: string;
  /** Undefined: no cell of this file depends on the decimal sign. */
  twoReadings?: TwoReadings;
}

const units: Choice[] = [
  { value: "base", label: "The smallest unit, such as a tablet" },
  { value: "wholesale", label: "The wholesale unit, such as a box" },
  { value: "supplier", label: "The supplier unit, such as a carton" },
];

/** How the cells of a file are to be understood: a part of the form of the columns. */
export function ImportSettings(props: ImportSettingsProps) {
  const { columns, fields, values, errors, branches, currency } = props;
  // By the fields that this person may fill: costs are not everybody's.
  const has = (key: string) => fields.some((field) => field.key === key);
  const seems = (key: string) => columns.some(({ field }) => field === key);
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="settings-title">
      <h2 id="settings-title" class="font-semibold">
        What the file does not say
      </h2>
      <div class="mt-4 grid gap-5 md:grid-cols-2">
        <SelectField
          name="priceUnit"
          label="A price is for"
          value={values.priceUnit}
          error={errors.priceUnit}
          options={units}
        />
        {has("costPrice") ? (
          <SelectField
            name="costUnit"
            label="A cost is for"
            value={values.costUnit}
            error={errors.costUnit}
            options={units}
          />
        ) : (
          <input type="hidden" name="costUnit" value={values.costUnit} />
        )}
        <TextField
          name="rate"
          label="Multiply prices and costs by"
          value={values.rate}
          error={errors.rate}
          help={`Leave it at 1 when they are in ${currency}. For another currency, its rate: 129.25 if one dollar is 129.25 ${currency}.`}
          attributes={{ inputmode: "decimal", maxlength: 20, autocomplete: "off" }}
        />
        <SelectField
          name="taxClass"
          label="Rows without a tax class"
          value={values.taxClass}
          error={errors.taxClass}
          help="Items without a tax class cannot be sold until your pharmacist has decided."
          options={[
            { value: "parked", label: "Leave them to the pharmacist" },
            { value: "zero_rated", label: taxClassLabels.zero_rated },
            { value: "standard", label: taxClassLabels.standard },
            { value: "exempt", label: taxClassLabels.exempt },
            { value: "out_of_scope", label: taxClassLabels.out_of_scope },
            { value: "refused", label: "Reject the row" },
          ]}
        />
        <SelectField
          name="stockUnit"
          label="A quantity in stock counts"
          value={values.stockUnit}
          error={errors.stockUnit}
          help={
            seems("stockQuantity")
              ? "Ten boxes or ten tablets? Stock is kept in the smallest unit."
              : "Only for files with stock."
          }
          options={[{ value: "", label: "Choose…" }, ...units]}
        />
        <SelectField
          name="branchId"
          label="Branch of the stock"
          value={values.branchId}
          error={errors.branchId}
          help="For rows that name no branch."
          options={branches}
        />
        <SelectField
          name="dateOrder"
          label="Expiry dates are written"
          value={values.dateOrder}
          error={errors.dateOrder}
          options={[
            { value: "dmy", label: "Day, month, year: 31/12/2027" },
            { value: "mdy", label: "Month, day, year: 12/31/2027" },
            { value: "ymd", label: "Year, month, day: 2027-12-31" },
          ]}
        />
        <DecimalMark {...props} />
      </div>
    </section>
  );
}

function DecimalMark({ values, errors, twoReadings }: ImportSettingsProps) {
  return (
    <div>
      <input type="hidden" name="decimalMarkFor" value={values.decimalMarkFor} />
      <SelectField
        name="decimalMark"
        label="Decimals stand after"
        value={values.decimalMark}
        error={errors.decimalMark}
        help={
          twoReadings === undefined
            ? "In this file it makes no difference: every number has one reading."
            : `“${twoReadings.text}” in row ${twoReadings.row} is ${twoReadings.point} with a decimal point, ${twoReadings.comma} with a decimal comma.`
        }
        options={[
          ...(values.decimalMark === "" ? [{ value: "", label: "Choose…" }] : []),
          { value: "point", label: "A point: 1,234.50" },
          { value: "comma", label: "A comma: 1.234,50" },
        ]}
      />
    </div>
  );
}
