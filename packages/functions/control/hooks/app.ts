import { hooksConfig } from "@pharmasight/adapters/config";
import { hooksPlatform } from "@pharmasight/adapters/hooks-platform";
import { PaymentEvents } from "@pharmasight/core/control/payment-events/payment-events";
import { DomainError, notFound } from "@pharmasight/core/kernel/errors";
import { once } from "@pharmasight/core/kernel/once";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { EdgeEnv } from "../../http/bindings.ts";
import { onProgramError } from "../../http/errors.ts";
import { lambdaHandler } from "../../http/lambda.ts";

/** Many times what the provider sends; the queue never sees it, its message names the notice only. */
const LARGEST_NOTICE_BYTES = 1024 * 1024;

/** Parsed once: every request asks. */
const ownHost = once(() => new URL(hooksConfig().HOOKS_URL).hostname);

const app = new Hono<EdgeEnv>();
app.onError(onProgramError);
app.notFound((c) => onProgramError(notFound("page"), c));
app.use(async (c, next) => {
  if (c.req.header("host") !== ownHost()) throw notFound("page");
  await next();
});

/**
 * Takes a notice of the payment provider in: proved by its signature over the very bytes, kept once, a worker called, and
 * only then answered. Nothing is read of what is not signed, and nothing is decided here.
 */
app.post(
  "/stripe",
  bodyLimit({
    maxSize: LARGEST_NOTICE_BYTES,
    onError: () => {
      throw new DomainError("too_large", "This is larger than any notice.");
    },
  }),
  async (c) => {
    const { control, notices } = await hooksPlatform();
    const body = new Uint8Array(await c.req.arrayBuffer());
    const notice = await notices.verify(body, c.req.header("stripe-signature"));
    const outcome = await PaymentEvents.record(control({ kind: "system", name: "hooks" }), notice);
    return c.json({ outcome });
  },
);

export const handler = lambdaHandler(() => app);
