import type { FieldErrors, FormContext } from "../shared/context.ts";

export interface PasswordPageProps {
  context: FormContext;
  companyName: string;
  email: string;
  errors: FieldErrors;
}

/** Form: POST /auth/password with password, passwordAgain, formToken. */
export function PasswordPage({ companyName }: PasswordPageProps) {
  return <p>{companyName}</p>;
}
