import * as z from "zod";

/**
 * What a stand-in does wrong on demand.
 * - `429`, `500`: refused in the vendor's words, nothing done
 * - `409`: refused as not possible now, nothing done
 * - `timeout`: never answers, nothing done
 * - `lost-reply`: does the work, then closes the connection
 * - `delay`: answers rightly, later; with `stale`, what was right when it was asked
 */
const actions = ["409", "429", "500", "timeout", "lost-reply", "delay"] as const;

export const namePattern = z.string().refine(isRegularExpression, "must be a regular expression");

export const faultSchema = z.strictObject({
  /** Regular expression over the name of the call: `POST /v1/projects`, or the AWS action `CreateSecret`. */
  on: namePattern,
  action: z.enum(actions),
  /** How many calls are hit before the fault is used up. */
  count: z.int().min(1).default(1),
  /** What `429` asks the caller to wait, and how long `delay` waits. */
  seconds: z.number().min(0).default(1),
  /** Whether `delay` holds back an answer that is known already, so that a later call may be answered earlier. */
  stale: z.boolean().default(false),
});

/** A fault as it is asked for: all but `on` and `action` may be left out. */
export type Fault = z.input<typeof faultSchema>;
type Rule = z.output<typeof faultSchema>;

/** What is waiting to go wrong, oldest first. */
export class FaultQueue<Asked, Rule extends { readonly on: string; count: number }> {
  readonly #schema: z.ZodType<Rule, Asked>;
  #rules: Rule[] = [];

  constructor(schema: z.ZodType<Rule, Asked>) {
    this.#schema = schema;
  }

  /** @throws ZodError when a fault makes no sense */
  add(...faults: readonly Asked[]): void {
    this.#rules.push(...faults.map((fault) => this.#schema.parse(fault)));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault that hits what has this name, counted down. */
  take(name: string): Rule | undefined {
    const rule = this.#rules.find(({ on }) => new RegExp(on).test(name));
    if (rule === undefined) return undefined;
    rule.count -= 1;
    if (rule.count === 0) this.#rules = this.#rules.filter((other) => other !== rule);
    return rule;
  }
}

/** The faults that are waiting for a call. */
export class Faults extends FaultQueue<Fault, Rule> {
  constructor() {
    super(faultSchema);
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
