/**
 * Where a pharmacy is reached, without a slash at the end: `https://green.pharmasight.com`.
 * @param rootUrl scheme, root domain and, locally, port
 * @param label its primary host as the registry keeps it
 */
export function addressOf(rootUrl: string, label: string): string {
  const root = new URL(rootUrl);
  return `${root.protocol}//${label}.${root.host}`;
}

/** Where a one-time link is confirmed. The page there signs in by POST: mail scanners follow GET. */
export const signInLinkUrl = (address: string): string => `${address}/auth/link`;

/** Where a person who forgot the address of their pharmacy has it mailed. */
export const findUrl = (rootUrl: string): string => new URL("/find", rootUrl).href;
