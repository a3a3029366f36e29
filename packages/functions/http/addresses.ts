import { edgeConfig } from "@pharmasight/adapters/config";

/** The address of the public site, without a slash at the end. */
export const siteUrl = (): string => edgeConfig().ROOT_URL;

/** The address of a pharmacy by the label of its subdomain. */
export function pharmacyUrl(label: string): string {
  const root = new URL(edgeConfig().ROOT_URL);
  return `${root.protocol}//${label}.${root.host}`;
}

/** Scheme, host and port as the browser sees them: the gateway's event carries neither scheme nor port. */
export function ownOrigin(hostname: string): string {
  const root = new URL(edgeConfig().ROOT_URL);
  return `${root.protocol}//${hostname}${root.port === "" ? "" : `:${root.port}`}`;
}

let secure: boolean | undefined;

/** Whether cookies are marked for encrypted connections only. Read once: every request asks, and a stage has one scheme. */
export function isSecure(): boolean {
  secure ??= edgeConfig().ROOT_URL.startsWith("https:");
  return secure;
}
