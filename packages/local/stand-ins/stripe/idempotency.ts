import { createHash } from "node:crypto";
import { DAY_SECONDS } from "@pharmasight/core/kernel/clock";
import { type Call, Refusal, type Reply } from "../http.ts";
import type { Memory } from "./memory.ts";
import { invalid, refusal } from "./replies.ts";

/** A reply that the same idempotency key gets again. */
export interface KeptReply {
  readonly at: number;
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

const KEY_MAX_LENGTH = 255;
const KEPT_SECONDS = DAY_SECONDS;

/**
 * The same key within 24 hours gives the same reply, or an error when path or parameters differ. Only what was carried
 * out is remembered, a declined card included; refused parameters are not, as with Stripe.
 * @param run carries the request out
 */
export function once(memory: Memory, call: Call, seconds: number, run: () => Reply): Reply {
  const key = call.headers["idempotency-key"];
  if (call.method !== "POST" || typeof key !== "string") return run();
  if (key.length > KEY_MAX_LENGTH) throw invalid("The idempotency key is longer than 255 characters.");
  const headers = { "idempotency-key": key };
  const request = createHash("sha256").update(`${call.path}\n${call.body}`).digest("hex");
  const earlier = memory.find("replies", key);
  if (earlier !== undefined && earlier.at + KEPT_SECONDS > seconds) {
    if (earlier.request !== request) {
      throw refusal(
        400,
        "idempotency_error",
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        { headers },
      );
    }
    return { status: earlier.status, body: earlier.body, headers: { ...headers, "idempotent-replayed": "true" } };
  }
  const keep = ({ status, body }: Reply) => memory.put("replies", key, { at: seconds, request, status, body });
  try {
    const reply = run();
    keep(reply);
    return { ...reply, headers: { ...reply.headers, ...headers } };
  } catch (error) {
    if (leavesTraces(error)) keep(error.reply);
    throw error;
  }
}

/** Whether what the request changed stays although it was refused: a declined card's attempt does. */
export const leavesTraces = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.reply.status === 402;
