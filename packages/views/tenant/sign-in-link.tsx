import type { FormContext } from "../shared/context.ts";

export interface SignInLinkPageProps {
  context: FormContext;
  companyName: string;
  /** Posted back as `token`: opening the link alone signs nobody in, since mail scanners open links. */
  token: string;
  /** Set when the link was used or has expired: the page then offers the way out instead of the button. */
  error?: string;
}

/** Form: POST to `context.path` with token, formToken. */
export function SignInLinkPage({ companyName }: SignInLinkPageProps) {
  return <p>{companyName}</p>;
}
