import type { FormContext } from "@pharmasight/views/shared/context";
import { PasswordPage } from "@pharmasight/views/tenant/password.tsx";
import { ResetPage, ResetSpentPage } from "@pharmasight/views/tenant/reset.tsx";
import { ResetRequestPage } from "@pharmasight/views/tenant/reset-request.tsx";
import { SignInPage } from "@pharmasight/views/tenant/sign-in.tsx";
import { SignInLinkPage } from "@pharmasight/views/tenant/sign-in-link.tsx";
import { TwoFactorStepPage } from "@pharmasight/views/tenant/two-factor-step.tsx";
import { companyName, hostile, long, type Samples, unbroken } from "./shared.ts";

const login = "grace@acacia.example";

export function identitySamples(context: FormContext): Samples {
  const page = { context, companyName, errors: {} };
  return {
    "sign-in": <SignInPage {...page} values={{ login: "" }} linkSent={false} />,
    "sign-in-error": (
      <SignInPage
        context={context}
        companyName={hostile}
        values={{ login: hostile }}
        errors={{ password: "Too many attempts. Try again in about 15 minutes, or have a sign-in link mailed." }}
        linkSent={false}
      />
    ),
    "sign-in-link-sent": <SignInPage {...page} companyName={long} values={{ login: unbroken }} linkSent />,
    "sign-in-link": <SignInLinkPage context={context} companyName={long} token="token" />,
    "sign-in-link-used": (
      <SignInLinkPage
        context={context}
        companyName={companyName}
        token=""
        error="It was used already, or is older than 15 minutes."
      />
    ),
    "second-step": <TwoFactorStepPage {...page} />,
    "second-step-error": (
      <TwoFactorStepPage
        {...page}
        companyName={hostile}
        errors={{ recoveryCode: "This is none of your recovery codes, or it was used already." }}
      />
    ),
    forgot: <ResetRequestPage {...page} values={{ login: "" }} sent={false} minutes={30} />,
    "forgot-sent": <ResetRequestPage {...page} values={{ login }} sent minutes={30} />,
    "forgot-error": (
      <ResetRequestPage
        context={context}
        companyName={hostile}
        values={{ login: hostile }}
        errors={{ login: "Write your mail address or username." }}
        sent={false}
        minutes={30}
      />
    ),
    reset: <ResetPage {...page} login={login} token="token" />,
    "reset-error": (
      <ResetPage
        context={context}
        companyName={hostile}
        login={hostile}
        token={hostile}
        errors={{
          password: "Leave “acacia” out: who knows you or the pharmacy would try it first.",
          passwordAgain: "This is not the same password. Type it once more.",
        }}
      />
    ),
    "reset-spent": <ResetSpentPage context={context} companyName={companyName} />,
    password: <PasswordPage {...page} login={login} isChange={false} />,
    "password-errors": (
      <PasswordPage
        {...page}
        login={login}
        isChange
        errors={{ current: "This is not your password of until now.", password: "Use at least 12 characters." }}
      />
    ),
  };
}
