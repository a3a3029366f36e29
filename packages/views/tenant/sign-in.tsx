import type { FormContext } from "../shared/context.ts";

export interface SignInPageProps {
  context: FormContext;
  companyName: string;
  values: { email: string };
  error?: string;
  /** True after a sign-in link was asked for; the page says the same whether or not the address is known. */
  linkSent?: boolean;
}

/** Forms: POST /auth/sign-in with email, password, formToken; POST /auth/sign-in/link with email, formToken. */
export function SignInPage({ companyName }: SignInPageProps) {
  return <p>{companyName}</p>;
}
