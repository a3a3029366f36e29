import { siteUrl } from "../../http/addresses.ts";

const rootHostname = (): string => new URL(siteUrl()).hostname;

/** Mailbox for questions about plans and prices. */
export const salesMail = (): string => `sales@${rootHostname()}`;

/** Mailbox for people whose sign-up got stuck. */
export const supportMail = (): string => `support@${rootHostname()}`;

/** What follows the subdomain in an address, with the port where there is one. */
export const rootHost = (): string => new URL(siteUrl()).host;
