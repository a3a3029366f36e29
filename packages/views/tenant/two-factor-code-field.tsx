import { TextField } from "../shared/fields.tsx";

/** Field `code` for the six digits of an authenticator app. */
export function CodeField({ error, autofocus }: { error: string | undefined; autofocus: boolean }) {
  return (
    <TextField
      name="code"
      label="Code of the app"
      large
      error={error}
      attributes={{
        required: true,
        inputmode: "numeric",
        autocomplete: "one-time-code",
        pattern: "[0-9 ]*",
        maxlength: 7,
        autofocus,
      }}
    />
  );
}
