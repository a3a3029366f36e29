import { UsageError } from "./usage.ts";

/** Options as they were typed. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** @throws UsageError without one */
export function reasonOf(options: Options): string {
  const reason = textOf(options, "reason")?.trim() ?? "";
  if (reason !== "") return reason;
  throw new UsageError('Say why, with --reason "…": the audit log keeps it.');
}

export function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function tenantsOf(options: Options): readonly string[] {
  const { tenant } = options;
  return Array.isArray(tenant) ? tenant : [];
}

/** @throws UsageError for none, or for several */
export function oneTenantOf(options: Options): string {
  const [tenant, ...more] = tenantsOf(options);
  if (tenant === undefined) throw new UsageError("Say which pharmacy, with --tenant <subdomain or id>.");
  if (more.length > 0) throw new UsageError("One pharmacy at a time: give --tenant once.");
  return tenant;
}

/** @throws UsageError for anything but a whole number */
export function numberOf(options: Options, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} has to be a whole number, not "${text}".`);
}

export function countOf(options: Options, name: string, fallback: number, most: number): number {
  const count = numberOf(options, name) ?? fallback;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`--${name} has to be from 1 to ${most}.`);
}
