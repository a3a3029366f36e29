export * as Hostnames from "./hostnames.ts";

import { Subdomains } from "./subdomains.ts";

/** What a Host header addresses. `subdomain` and `custom` carry the key of the registry's host table. */
export type HostTarget =
  | { readonly kind: "site" }
  | { readonly kind: "subdomain"; readonly key: string }
  | { readonly kind: "custom"; readonly key: string }
  | { readonly kind: "none" };

const none: HostTarget = { kind: "none" };
const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const domainName = new RegExp(`^${label}(?:\\.${label})+$`);

/**
 * The host name in a Host header (RFC 9110, 7.2), lower-case, without port and trailing dot. Total: whatever is not
 * one plain DNS name is `undefined`, and normalising twice changes nothing.
 */
export function normalise(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 300) return undefined;
  const match = /^([A-Za-z0-9.-]+?)\.?(?::[0-9]{1,5})?$/.exec(header);
  const name = match?.[1]?.toLowerCase();
  if (name === undefined || name.length > 253 || !domainName.test(name)) return undefined;
  // A name whose last label is a number is an IPv4 address or an attempt at one.
  if (/\.[0-9]+$/.test(name)) return undefined;
  return name;
}

/**
 * Decides by the host alone whom a request is for.
 * @param rootHost the root domain, without port
 */
export function target(host: string | undefined, rootHost: string): HostTarget {
  if (host === undefined) return none;
  if (host === rootHost || host === `www.${rootHost}`) return { kind: "site" };
  if (!host.endsWith(`.${rootHost}`)) return { kind: "custom", key: host };
  const check = Subdomains.check(host.slice(0, -rootHost.length - 1));
  return check.ok ? { kind: "subdomain", key: check.label } : none;
}
