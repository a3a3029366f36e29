import { HOUR_SECONDS, MINUTE_SECONDS } from "../../kernel/clock.ts";
import { DomainError } from "../../kernel/errors.ts";
import { networkOf } from "../../kernel/networks.ts";
import type { Counted, RateLimit } from "../../kernel/rate-limits.ts";
import type { ControlScope } from "../scope.ts";
import { mailboxOf } from "../tenants/mailboxes.ts";

/** How often one network and one mailbox may do something, and what a form says beside which field when it was too often. */
interface VisitorLimit {
  readonly network: RateLimit;
  readonly mailbox?: RateLimit;
  readonly field: string;
  readonly message: string;
}

const hourly = (name: string, hits: number): RateLimit => ({ name, hits, windowSeconds: HOUR_SECONDS });

/** All that somebody may do on the public site whom we do not know. A network is many people: it may do more. */
export const limits = {
  names: {
    // A name is looked up at each pause in typing.
    network: { name: "sign-up names by network", hits: 100, windowSeconds: MINUTE_SECONDS },
    field: "subdomain",
    message: "Many names were looked up from your network in the last minute.",
  },
  form: {
    network: hourly("sign-ups by network", 20),
    mailbox: hourly("sign-ups by mailbox", 5),
    field: "email",
    message: "There were many sign-ups with this address or from your network in the last hour.",
  },
  code: {
    network: hourly("code guesses by network", 60),
    mailbox: hourly("code guesses by mailbox", 30),
    field: "code",
    message: "Many codes were entered for this address or from your network in the last hour.",
  },
  resend: {
    network: hourly("code resends by network", 30),
    mailbox: hourly("code resends by mailbox", 10),
    field: "code",
    message: "We sent many codes to this address or for your network in the last hour.",
  },
  find: {
    network: hourly("find requests by network", 20),
    mailbox: hourly("find requests by mailbox", 5),
    field: "email",
    message: "There were many requests for this address or from your network in the last hour.",
  },
} as const satisfies Readonly<Record<string, VisitorLimit>>;

/**
 * Counts one more. Outside of any transaction, so that no failure afterwards gives it back. The network comes first:
 * what it is refused does not use up the room of a mailbox that belongs to somebody else.
 * @throws DomainError `rate_limited` with the limit's field and `retryAfterSeconds`
 */
export async function requireRoom(control: ControlScope, limit: VisitorLimit, email?: string): Promise<void> {
  const { network, mailbox, field, message } = limit;
  const counted: Counted[] = [];
  if (control.actor.kind === "visitor") counted.push({ limit: network, subject: networkOf(control.actor.sourceIp) });
  if (mailbox !== undefined && email !== undefined) counted.push({ limit: mailbox, subject: mailboxOf(email) });
  try {
    await control.limits.take(counted, message);
  } catch (error) {
    if (!(error instanceof DomainError) || error.retryAfterSeconds === undefined) throw error;
    throw new DomainError(error.code, message, {
      retryAfterSeconds: error.retryAfterSeconds,
      fields: { [field]: message },
    });
  }
}
