import { CompanyMark } from "../shared/brand.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { described, Field, TextField } from "../shared/fields.tsx";

/** As typed by the person, and shown again when something is wrong. */
export interface CompanyValues {
  name: string;
  legalName: string;
  taxId: string;
  currency: string;
  timeZone: string;
  phone: string;
  email: string;
  address: string;
  /** Which state of the profile the person saw; travels with the form. */
  seenAt: string;
}

export interface CompanyFieldsProps {
  values: CompanyValues;
  errors: FieldErrors;
  /** Amounts are written in the currency: it stays. */
  isCurrencyFixed: boolean;
  /** With their names, those of the region first. */
  currencies: readonly { code: string; name: string; isNear: boolean }[];
  /** IANA names. */
  timeZones: readonly string[];
  /** Absent: there is no logo yet. */
  logoUrl?: string;
}

const logoBytesMax = 512 * 1024;

/**
 * The fields of the company's profile, in a form with multipart encoding: name, legalName, taxId, currency, timeZone,
 * phone, email, address, logo (a file) and seenAt.
 */
export function CompanyFields(props: CompanyFieldsProps) {
  const { values, errors } = props;
  return (
    <div class="space-y-6">
      <input type="hidden" name="seenAt" value={values.seenAt} />
      <div class="grid grid-cols-1 gap-5 sm:grid-cols-2">
        <TextField
          name="name"
          label="Name of the pharmacy"
          value={values.name}
          error={errors.name}
          help="As your customers know it."
          attributes={{ required: true, maxlength: 255, autocomplete: "organization" }}
        />
        <TextField
          name="legalName"
          label="Registered name"
          optional
          value={values.legalName}
          error={errors.legalName}
          help="If it is another one: it goes on invoices."
          attributes={{ maxlength: 255, autocomplete: "off" }}
        />
        <CurrencyField {...props} />
        <TimeZoneField {...props} />
        <TextField
          name="taxId"
          label="Tax number"
          optional
          value={values.taxId}
          error={errors.taxId}
          help="In Kenya the KRA PIN, like P051234567X."
          attributes={{ maxlength: 60, autocomplete: "off", spellcheck: false }}
        />
        <TextField
          name="phone"
          label="Telephone"
          optional
          value={values.phone}
          error={errors.phone}
          attributes={{ type: "tel", maxlength: 60, autocomplete: "tel", placeholder: "+254 712 345 678" }}
        />
        <TextField
          name="email"
          label="Mail address"
          optional
          value={values.email}
          error={errors.email}
          help="For your customers, on receipts and invoices."
          attributes={{ type: "email", maxlength: 254, autocomplete: "email", placeholder: "shop@example.com" }}
        />
        <AddressField value={values.address} error={errors.address} />
      </div>
      <LogoField {...props} />
    </div>
  );
}

/** A postal address of several lines; also of a branch. */
export function AddressField({ value, error }: { value: string; error: string | undefined }) {
  return (
    <Field name="address" label="Address" optional error={error}>
      <textarea
        id="address"
        name="address"
        rows={3}
        maxlength={600}
        class="textarea field min-h-20"
        {...described({ name: "address", error })}
      >
        {value}
      </textarea>
    </Field>
  );
}

function CurrencyField({ values, errors, currencies, isCurrencyFixed }: CompanyFieldsProps) {
  const help = isCurrencyFixed
    ? "It stays: your items have prices or costs in it."
    : "Of your prices and costs. It cannot change once an item has one.";
  const chosen = currencies.find(({ code }) => code === values.currency);
  if (isCurrencyFixed && errors.currency === undefined) {
    return (
      <Field name="currency" label="Currency" help={help}>
        <input type="hidden" name="currency" value={values.currency} />
        <input
          type="text"
          id="currency"
          readonly
          value={chosen === undefined ? values.currency : `${chosen.code}, ${chosen.name}`}
          class="input field bg-base-200"
          {...described({ name: "currency", help })}
        />
      </Field>
    );
  }
  const options = (isNear: boolean) =>
    currencies
      .filter((currency) => currency.isNear === isNear)
      .map(({ code, name }) => (
        <option value={code} selected={code === values.currency}>
          {code}, {name}
        </option>
      ));
  return (
    <Field name="currency" label="Currency" help={help} error={errors.currency}>
      <select
        id="currency"
        name="currency"
        class="select field"
        {...described({ name: "currency", help, error: errors.currency })}
      >
        {chosen === undefined ? <option value={values.currency}>{values.currency || "Choose one"}</option> : null}
        <optgroup label="Often used">{options(true)}</optgroup>
        <optgroup label="All others">{options(false)}</optgroup>
      </select>
    </Field>
  );
}

/** A field with suggestions rather than a list of four hundred: a few letters of the city find it. */
function TimeZoneField({ values, errors, timeZones }: CompanyFieldsProps) {
  return (
    <div>
      <TextField
        name="timeZone"
        label="Time zone"
        value={values.timeZone}
        error={errors.timeZone}
        help="Write your city, or the nearest large one. Your days, and the times you see, are in it."
        attributes={{ required: true, list: "time-zones", maxlength: 64, autocomplete: "off", spellcheck: false }}
      />
      <datalist id="time-zones">
        {timeZones.map((zone) => (
          <option value={zone} />
        ))}
      </datalist>
    </div>
  );
}

function LogoField({ values, errors, logoUrl }: CompanyFieldsProps) {
  const help = "PNG, JPEG or WebP, up to 512 kB and 2,000 pixels on a side.";
  const error = errors.logo;
  return (
    <Field name="logo" label="Logo" optional error={error} help={help}>
      <div class="flex flex-wrap items-center gap-4">
        <CompanyMark name={values.name} logoUrl={logoUrl} class="size-16 border border-line text-xl" />
        <input
          type="file"
          id="logo"
          name="logo"
          accept="image/png,image/jpeg,image/webp"
          data-max-bytes={String(logoBytesMax)}
          data-too-large="This picture is larger than 512 kB. Save it smaller and choose it again."
          class="min-w-0 max-w-full flex-1 cursor-pointer text-muted file:mr-3 file:cursor-pointer file:rounded-lg file:border file:border-field-line file:bg-base-100 file:px-3 file:py-1.5 file:font-medium file:text-base-content"
          {...described({ name: "logo", help, error })}
        />
      </div>
    </Field>
  );
}
