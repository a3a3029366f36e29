import * as z from "zod";

/** A mail address as a form brings it: folded to lower case, refused in words. */
export const emailSchema = z
  .string("Enter your email address.")
  .trim()
  .toLowerCase()
  .max(254, "Use an address of at most 254 characters.")
  .pipe(z.email("Enter an email address such as name@example.com."));

/** Gmail overlooks dots, and delivers both of its domains to one mailbox. */
const gmail = new Set(["gmail.com", "googlemail.com"]);

/**
 * The mailbox behind an address: lower case, without the sub-address after a plus (RFC 5233) and without what Gmail
 * overlooks. Two addresses of one mailbox are one person to every limit. Not for sending: a provider may tell them apart.
 */
export function mailboxOf(email: string): string {
  const address = email.trim().toLowerCase();
  const at = address.lastIndexOf("@");
  const typed = address.slice(0, Math.max(at, 0));
  const domain = address.slice(at + 1);
  // An address may begin with its plus: there is nothing to fold it to.
  const local = typed.split("+")[0] || typed;
  return gmail.has(domain) ? `${local.replaceAll(".", "")}@gmail.com` : `${local}@${domain}`;
}
