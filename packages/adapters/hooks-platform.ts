import type { ControlActor, ControlScope } from "@pharmasight/core/control/scope";
import { secondsAfter, systemClock } from "@pharmasight/core/kernel/clock";
import type { PaymentNotices } from "@pharmasight/core/ports/payment-notices";
import { parseSecret, type Secrets } from "@pharmasight/core/ports/secrets";
import * as z from "zod";
import { awsSecrets } from "./aws/secrets.ts";
import { hooksConfig } from "./config.ts";
import { controlPlatform } from "./control-platform.ts";
import { stripeNotices } from "./stripe/notices.ts";

export interface HooksPlatform {
  control(actor: ControlActor): ControlScope;
  readonly notices: PaymentNotices;
}

let notices: PaymentNotices | undefined;

/** The control plane with the door for the payment provider's notices: it can read them, and ask nothing. */
export async function hooksPlatform(): Promise<HooksPlatform> {
  const { control } = await controlPlatform();
  if (notices === undefined) {
    const { STRIPE_WEBHOOK_SECRET: reference } = hooksConfig();
    notices = stripeNotices({ secrets: signingSecrets(awsSecrets({}), reference), clock: systemClock });
  }
  return { control, notices };
}

/** What the secret of the endpoint holds; `previous` while one takes the place of the other. */
export const signingSecretsSchema = z.object({ current: z.string().min(1), previous: z.string().min(1).optional() });

/** How long a change of the secret may stay unseen. A notice that is refused meanwhile comes again. */
const KNOWN_SECONDS = 60;

/** The endpoint's secrets, read again every minute: a new one is used without a deployment. */
function signingSecrets(secrets: Secrets, reference: string): () => Promise<readonly string[]> {
  let known: { readonly values: readonly string[]; readonly until: Date } | undefined;
  return async () => {
    const now = systemClock.now();
    if (known !== undefined && known.until > now) return known.values;
    const { current, previous } = parseSecret(signingSecretsSchema, await secrets.read(reference));
    known = {
      values: previous === undefined ? [current] : [current, previous],
      until: secondsAfter(now, KNOWN_SECONDS),
    };
    return known.values;
  };
}
