import * as z from "zod";

/**
 * What a stand-in does wrong on demand.
 * - `429`, `500`: refused in the vendor's words, nothing done
 * - `409`: refused as not possible now, nothing done
 * - `timeout`: never answers, nothing done
 * - `lost-reply`: does the work, then closes the connection
 * - `delay`: answers rightly, later
 */
const actions = ["409", "429", "500", "timeout", "lost-reply", "delay"] as const;

export const faultSchema = z.strictObject({
  /** Regular expression over the name of the call: `POST /v1/projects`, or the AWS action `CreateSecret`. */
  on: z.string().refine(isRegularExpression, "must be a regular expression"),
  action: z.enum(actions),
  /** How many calls are hit before the fault is used up. */
  count: z.int().min(1).default(1),
  /** What `429` asks the caller to wait, and how long `delay` waits. */
  seconds: z.number().min(0).default(1),
});

/** A fault as it is asked for: `count` and `seconds` may be left out. */
export type Fault = z.input<typeof faultSchema>;
type Rule = z.output<typeof faultSchema>;

/** The faults that are waiting for a call, oldest first. */
export class Faults {
  #rules: Rule[] = [];

  /** @throws ZodError when a fault makes no sense */
  add(...faults: readonly Fault[]): void {
    this.#rules.push(...faults.map((fault) => faultSchema.parse(fault)));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault that hits this call, counted down. */
  take(callName: string): Rule | undefined {
    const rule = this.#rules.find(({ on }) => new RegExp(on).test(callName));
    if (rule === undefined) return undefined;
    rule.count -= 1;
    if (rule.count === 0) this.#rules = this.#rules.filter((other) => other !== rule);
    return rule;
  }
}

function isRegularExpression(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}
