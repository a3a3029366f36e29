import type { FieldErrors } from "../shared/context.ts";
import { TextField } from "../shared/fields.tsx";

/** What a password must be, said before it is broken. */
export const passwordRules =
  "12 to 128 characters, without your name, your login or the pharmacy’s name. Four unrelated words are easy to keep in mind.";

/** Fields `password` and `passwordAgain`, with the rules. */
export function NewPasswordFields({ login, errors }: { login: string; errors: FieldErrors }) {
  const attributes = { type: "password", required: true, maxlength: 128, autocomplete: "new-password" };
  return (
    <>
      {/* Lets a password manager store the password under the right name. */}
      <input type="hidden" name="username" value={login} autocomplete="username" />
      <TextField
        name="password"
        label="New password"
        error={errors.password}
        help={passwordRules}
        attributes={{ ...attributes, minlength: 12 }}
      />
      <TextField
        name="passwordAgain"
        label="New password once more"
        error={errors.passwordAgain}
        attributes={attributes}
      />
    </>
  );
}
