import type { FormContext } from "@pharmasight/views/shared/context";
import { AccountPage, type AccountSession } from "@pharmasight/views/tenant/account.tsx";
import { TwoFactorPage } from "@pharmasight/views/tenant/two-factor.tsx";
import { TwoFactorCodesPage } from "@pharmasight/views/tenant/two-factor-codes.tsx";
import { at, hostile, long, type Samples, shellOf, unbroken } from "./shared.ts";

const sessions: readonly AccountSession[] = [
  {
    id: "019ab000-0000-7000-8000-000000000001",
    device: "Chrome on Windows",
    network: "197.136.42.9",
    signedInAt: at,
    lastSeenAt: at,
    isThis: true,
  },
  {
    id: "019ab000-0000-7000-8000-000000000002",
    device: "Safari on iPhone",
    network: "2c0f:fe38:2100:4a::/64",
    signedInAt: new Date("2026-11-19T05:12:00Z"),
    lastSeenAt: new Date("2026-11-23T18:40:00Z"),
    isThis: false,
  },
  {
    id: "019ab000-0000-7000-8000-000000000003",
    device: "Unknown device",
    network: null,
    signedInAt: new Date("2026-11-18T05:12:00Z"),
    lastSeenAt: null,
    isThis: false,
  },
];

const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const keyUri = `otpauth://totp/Acacia%20Pharmacy:grace%40acacia.example?issuer=Acacia%20Pharmacy&secret=${secret}&algorithm=SHA1&digits=6&period=30`;
const codes = Array.from({ length: 10 }, (_, index) => `abcd${index}-fghj${index}`);

export function accountSamples(context: FormContext): Samples {
  const shell = shellOf(context, "");
  const off = { isOn: false, since: null, codesLeft: 0 };
  return {
    account: (
      <AccountPage
        shell={shell}
        person={{ name: "Grace Wanjiru", login: "grace@acacia.example", role: "Owner" }}
        hasPassword
        factor={{ isOn: true, since: at, codesLeft: 9 }}
        sessions={sessions}
        done="password"
      />
    ),
    "account-new": (
      <AccountPage
        shell={shell}
        person={{ name: "Grace Wanjiru", login: "grace@acacia.example", role: "Owner" }}
        hasPassword={false}
        factor={off}
        sessions={sessions.slice(0, 1)}
      />
    ),
    "account-hostile": (
      <AccountPage
        shell={shellOf(context, "", hostile)}
        person={{ name: hostile, login: unbroken, username: unbroken, role: "Cashier, Pharmacist (in branches)" }}
        hasPassword
        factor={off}
        sessions={sessions.map((session) => ({ ...session, device: long, network: hostile }))}
      />
    ),
    "two-factor-off": (
      <TwoFactorPage
        shell={shell}
        view={{ kind: "off", asksPassword: true, hasPassword: true }}
        errors={{ password: "This is not your password." }}
        recovered={false}
      />
    ),
    "two-factor-come-back": (
      <TwoFactorPage
        shell={shell}
        view={{ kind: "off", asksPassword: true, hasPassword: false }}
        errors={{}}
        recovered={false}
      />
    ),
    "two-factor-set-up": (
      <TwoFactorPage shell={shell} view={{ kind: "pending", secret, keyUri }} errors={{}} recovered={false} />
    ),
    "two-factor-wrong-code": (
      <TwoFactorPage
        shell={shellOf(context, "", hostile)}
        view={{ kind: "pending", secret, keyUri: `otpauth://totp/${encodeURIComponent(hostile)}?secret=${secret}` }}
        errors={{ code: "This is not the code that belongs to this secret now. Wait for the next one and type that." }}
        recovered={false}
      />
    ),
    "two-factor-on": (
      <TwoFactorPage
        shell={shell}
        view={{ kind: "on", since: at, codesLeft: 3, hasPassword: true }}
        errors={{ recoveryCode: "This is none of your recovery codes, or it was used already." }}
        recovered
      />
    ),
    "two-factor-codes": <TwoFactorCodesPage shell={shell} codes={codes} login="grace@acacia.example" isNew />,
  };
}
