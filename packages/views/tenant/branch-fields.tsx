import type { FieldErrors } from "../shared/context.ts";
import { Field, TextField } from "../shared/fields.tsx";
import { AddressField } from "./company-fields.tsx";

/** As typed by the person, and shown again when something is wrong. */
export interface BranchValues {
  code: string;
  name: string;
  address: string;
  phone: string;
  /** The next number of each kind of document that has none yet, by type. */
  starts: Readonly<Record<string, string>>;
}

export const emptyBranch: BranchValues = { code: "", name: "", address: "", phone: "", starts: {} };

/** A branch's numbers of one kind of document. */
export interface SeriesRow {
  /** `INV` */
  type: string;
  /** `Sales invoices` */
  title: string;
  /** The next number as documents carry it: `INV-HQ-000001`. */
  next: string;
  /** A number was taken: the series goes on by itself. */
  isUsed: boolean;
}

export interface BranchFieldsProps {
  values: BranchValues;
  errors: FieldErrors;
  /** Numbers of documents contain the code: it stays. */
  isCodeFixed?: boolean;
}

/** What a branch is: fields name, code, phone and address. */
export function BranchFields({ values, errors, isCodeFixed = false }: BranchFieldsProps) {
  return (
    <div class="grid grid-cols-1 gap-5 sm:grid-cols-2">
      <TextField
        name="name"
        label="Name"
        value={values.name}
        error={errors.name}
        attributes={{ required: true, maxlength: 255, autocomplete: "off", placeholder: "Westlands" }}
      />
      {isCodeFixed && errors.code === undefined ? (
        <FixedCode code={values.code} />
      ) : (
        <TextField
          name="code"
          label="Code"
          value={values.code}
          error={errors.code}
          help="2 to 10 letters and digits. It is part of every number: INV-WEST-000001."
          attributes={{
            required: true,
            maxlength: 20,
            autocomplete: "off",
            autocapitalize: "characters",
            spellcheck: false,
            placeholder: "WEST",
          }}
        />
      )}
      <TextField
        name="phone"
        label="Telephone"
        optional
        value={values.phone}
        error={errors.phone}
        attributes={{ type: "tel", maxlength: 60, autocomplete: "off", placeholder: "+254 712 345 678" }}
      />
      <AddressField value={values.address} error={errors.address} />
    </div>
  );
}

function FixedCode({ code }: { code: string }) {
  return (
    <Field name="code" label="Code" help="It stays: numbers of documents contain it.">
      <input
        type="text"
        id="code"
        name="code"
        readonly
        value={code}
        aria-describedby="code-help"
        class="input field bg-base-200"
      />
    </Field>
  );
}

export interface NumberFieldsProps {
  values: BranchValues;
  errors: FieldErrors;
  series: readonly SeriesRow[];
}

/** Where each series of numbers begins: a field `next<TYPE>` for those of which no number was taken. */
export function NumberFields({ values, errors, series }: NumberFieldsProps) {
  return (
    <fieldset>
      <legend class="font-semibold">Numbers of documents</legend>
      <p class="mt-0.5 text-muted">
        Each kind counts by itself, without gaps. If you come from another program, begin where it ended.
      </p>
      <div class="mt-4 grid grid-cols-1 gap-5 sm:grid-cols-2">
        {series.map(({ type, title, next, isUsed }) =>
          isUsed ? (
            <div>
              <p class="mb-1.5 font-medium">{title}</p>
              <p class="flex min-h-10 items-center font-mono tabular-nums">{next}</p>
              <p class="mt-1.5 text-muted text-xs">The next one. The series goes on by itself.</p>
            </div>
          ) : (
            <TextField
              name={`next${type}`}
              label={title}
              value={values.starts[type] ?? ""}
              error={errors[`next${type}`]}
              prefix={next.replace(/\d+$/, "")}
              help={`The first one will be ${next}.`}
              attributes={{ inputmode: "numeric", maxlength: 12, autocomplete: "off", placeholder: "1" }}
            />
          ),
        )}
      </div>
    </fieldset>
  );
}
