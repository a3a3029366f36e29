import { type DeploymentRequest, defaults } from "@pharmasight/core/control/fleet/requests";
import { isWholeFleet, type Selection } from "@pharmasight/core/control/fleet/selection";
import { numberOf, type Options, tenantsOf, textOf } from "../operators/options.ts";
import { UsageError } from "../operators/usage.ts";

/** As `parseArgs` wants them. */
export const definitions = {
  help: { type: "boolean", short: "h", default: false },
  json: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  follow: { type: "boolean", default: false },
  operator: { type: "string" },
  reason: { type: "string" },
  tenant: { type: "string", multiple: true },
  selector: { type: "string" },
  to: { type: "string" },
  promotion: { type: "string" },
  soak: { type: "string" },
  "halt-rate": { type: "string" },
  "halt-sample": { type: "string" },
  "halt-failures": { type: "string" },
  "batch-size": { type: "string" },
  "batch-delay": { type: "string" },
  "no-quiet-hours": { type: "string" },
  "without-rehearsal": { type: "string" },
  "at-once": { type: "string" },
  state: { type: "string" },
  limit: { type: "string" },
  before: { type: "string" },
  after: { type: "string" },
} as const;

/** Those that are meant: by name, by a selector, or by both. */
export function selectionOf(options: Options): Selection {
  return { tenants: tenantsOf(options), selector: textOf(options, "selector") ?? "" };
}

/** @throws UsageError when it is everybody */
export function someOf(options: Options): Selection {
  const selection = selectionOf(options);
  if (!isWholeFleet(selection)) return selection;
  throw new UsageError("Say which pharmacies, with --tenant <subdomain or id> or --selector <terms>.");
}

export const versionOf = (options: Options): number | undefined => numberOf(options, "to");

/** What the options ask for, with what applies where they say nothing. @throws UsageError */
export function requestOf(options: Options): DeploymentRequest {
  return {
    toVersion: versionOf(options),
    selection: selectionOf(options),
    ...cautionOf(options),
    batchSize: numberOf(options, "batch-size") ?? defaults.batchSize,
    batchDelayMs: numberOf(options, "batch-delay") ?? defaults.batchDelayMs,
    quietOverride: textOf(options, "no-quiet-hours"),
    withoutRehearsal: textOf(options, "without-rehearsal"),
    reason: textOf(options, "reason") ?? "",
  };
}

/** How waves follow each other. @throws UsageError */
export function cautionOf(options: Options): Pick<DeploymentRequest, "promotion" | "soakSeconds" | "halt"> {
  return {
    promotion: promotionOf(options),
    soakSeconds: secondsOf(options, "soak") ?? defaults.soakSeconds,
    halt: {
      rate: shareOf(options, "halt-rate") ?? defaults.halt.rate,
      sample: numberOf(options, "halt-sample") ?? defaults.halt.sample,
      failures: numberOf(options, "halt-failures") ?? defaults.halt.failures,
    },
  };
}

function promotionOf(options: Options): DeploymentRequest["promotion"] {
  const wanted = textOf(options, "promotion");
  if (wanted === undefined) return defaults.promotion;
  if (wanted === "automatic" || wanted === "operator") return wanted;
  throw new UsageError(`--promotion is automatic or operator, not "${wanted}".`);
}

function shareOf(options: Options, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const share = /^\d(\.\d{1,4})?$/.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`--${name} is a share from 0 to 1, such as 0.01 for one in a hundred, not "${text}".`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

function secondsOf(options: Options, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const [, count, unit = ""] = /^(\d{1,7})([smhd]?)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS[unit] ?? 1);
  throw new UsageError(`--${name} is a time such as 90s, 15m or 2h, not "${text}".`);
}
