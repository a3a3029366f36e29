import type { FormContext } from "@pharmasight/views/shared/context";
import { PasswordPage } from "@pharmasight/views/tenant/password.tsx";
import { SignInPage } from "@pharmasight/views/tenant/sign-in.tsx";
import { SignInLinkPage } from "@pharmasight/views/tenant/sign-in-link.tsx";
import { companyName, hostile, long, type Samples } from "./shared.ts";

export function identitySamples(context: FormContext): Samples {
  return {
    "sign-in": <SignInPage context={context} companyName={companyName} values={{ email: "" }} />,
    "sign-in-error": (
      <SignInPage
        context={context}
        companyName={hostile}
        values={{ email: hostile }}
        error="Email or password is wrong."
        linkSent
      />
    ),
    "sign-in-link": <SignInLinkPage context={context} companyName={long} token="token" />,
    "sign-in-link-used": (
      <SignInLinkPage
        context={context}
        companyName={companyName}
        token=""
        error="It was used already, or is older than 15 minutes."
      />
    ),
    password: <PasswordPage context={context} companyName={companyName} email="grace@acacia.example" errors={{}} />,
    "password-errors": (
      <PasswordPage
        context={context}
        companyName={companyName}
        email="grace@acacia.example"
        errors={{ password: "Use at least 12 characters." }}
      />
    ),
  };
}
