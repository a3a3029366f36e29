import type { Child, JSX } from "hono/jsx";
import { Icon } from "./icons.tsx";

type InputAttributes = Omit<JSX.IntrinsicElements["input"], "class" | "id" | "name" | "value">;

interface FieldFrame {
  /** Also the element's id and the key of its error. */
  name: string;
  label: string;
  help?: Child;
  error?: string | undefined;
  optional?: boolean;
}

export interface TextFieldProps extends FieldFrame {
  value?: string;
  /** Fixed text inside the field, before or after what is typed. */
  prefix?: string;
  suffix?: string;
  /** Big, spaced digits, for a code that is copied by hand. */
  large?: boolean;
  attributes?: InputAttributes;
}

/** A line of text with its label above, help below and error beside it. */
export function TextField({ value = "", prefix, suffix, large, attributes = {}, ...frame }: TextFieldProps) {
  const input = { id: frame.name, name: frame.name, value, ...attributes, ...described(frame) };
  return (
    <Field {...frame}>
      {prefix === undefined && suffix === undefined ? (
        <input
          type="text"
          {...input}
          class={`input field ${large ? "h-14 text-center font-semibold text-2xl! tabular-nums tracking-[0.35em]" : ""}`}
        />
      ) : (
        <div class="input field">
          {prefix === undefined ? null : <span class="text-muted">{prefix}</span>}
          <input type="text" {...input} class="min-w-0 grow" />
          {suffix === undefined ? null : <span class="max-w-3/5 shrink-0 truncate text-muted">{suffix}</span>}
        </div>
      )}
    </Field>
  );
}

export interface SelectFieldProps extends FieldFrame {
  value: string;
  options: readonly { value: string; label: string }[];
}

export function SelectField({ value, options, ...frame }: SelectFieldProps) {
  return (
    <Field {...frame}>
      <select id={frame.name} name={frame.name} class="select field" {...described(frame)}>
        {options.map((option) => (
          <option value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export interface CheckboxFieldProps {
  name: string;
  value: string;
  checked: boolean;
  error?: string | undefined;
  required?: boolean;
  children?: Child;
}

export function CheckboxField({ name, value, checked, error, required, children }: CheckboxFieldProps) {
  return (
    <div>
      <label class="flex items-start gap-3" for={name}>
        <input
          type="checkbox"
          id={name}
          name={name}
          value={value}
          checked={checked}
          required={required}
          class="checkbox checkbox-primary checkbox-sm mt-px"
          {...described({ name, error })}
        />
        <span>{children}</span>
      </label>
      <FieldError name={name} error={error} />
    </div>
  );
}

/** Label, help and error around a control of one's own; the control carries `described`. */
export function Field({ name, label, help, error, optional, children }: FieldFrame & { children?: Child }) {
  return (
    <div>
      <label for={name} class="mb-1.5 flex items-baseline justify-between gap-2 font-medium">
        {label}
        {optional ? <span class="font-normal text-muted text-xs">Optional</span> : null}
      </label>
      {children}
      <FieldError name={name} error={error} />
      {help ? (
        <p id={`${name}-help`} class="mt-1.5 text-muted text-xs">
          {help}
        </p>
      ) : null}
    </div>
  );
}

/** Ties a control to its help and error for screen readers. */
export function described({ name, help, error }: { name: string; help?: Child; error?: string | undefined }) {
  const ids = [...(error ? [`${name}-error`] : []), ...(help ? [`${name}-help`] : [])];
  return {
    ...(error ? { "aria-invalid": true } : {}),
    ...(ids.length === 0 ? {} : { "aria-describedby": ids.join(" ") }),
  } as const;
}

function FieldError({ name, error }: { name: string; error: string | undefined }) {
  if (!error) return null;
  return (
    <p id={`${name}-error`} class="mt-1.5 flex items-start gap-1.5 font-medium text-error">
      <Icon name="triangle-alert" class="mt-0.5 size-4" />
      {error}
    </p>
  );
}
