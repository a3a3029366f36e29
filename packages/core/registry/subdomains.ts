export * as Subdomains from "./subdomains.ts";

/** Lower-case letters, digits and single hyphens inside; 3 to 63 characters (RFC 1035 labels, less the short ones). */
const shape = /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){1,61}[a-z0-9]$/;

/** Names that mean something to us or to mail and certificate software (RFC 2142, CA/Browser Forum). */
const reserved = new Set(
  `about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover backup beta billing
  blog cdn careers checkout cname console contact control dashboard demo dev developer developers dns docs email find
  ftp gateway help home hooks host hostmaster imap info internal invoice invoices legal local localhost login mail
  manage marketing media metrics mobile monitor mta-sts next ns ns1 ns2 oauth operator ops owner partner partners pay
  payment payments pharmasight pilot pop pop3 portal postmaster press pricing privacy production public registry root
  sales sandbox secure security server shop signin sign-in signup sign-up site smtp sso staff stage staging static
  status store stripe support supabase system team terms test tenant tenants tls-alpn trial upload uploads verify
  webhook webhooks webmail webmaster wpad www www1 www2`.split(/\s+/),
);

export type SubdomainCheck =
  | { readonly ok: true; readonly label: string }
  | { readonly ok: false; readonly reason: "empty" | "invalid" | "reserved"; readonly message: string };

/**
 * Whether a pharmacy may be called this: the one rule for sign-up, rename and the router.
 * Upper case is folded; anything else wrong is refused rather than mended.
 */
export function check(input: string): SubdomainCheck {
  const label = input.trim().toLowerCase();
  if (label === "") return { ok: false, reason: "empty", message: "Choose the name of your address." };
  if (label.length < 3) return { ok: false, reason: "invalid", message: "Use at least 3 characters." };
  if (label.length > 63) return { ok: false, reason: "invalid", message: "Use at most 63 characters." };
  if (label.startsWith("xn--") || !shape.test(label)) {
    return {
      ok: false,
      reason: "invalid",
      message: "Use letters a to z, digits and single hyphens; begin and end with a letter or digit.",
    };
  }
  if (/^[0-9-]+$/.test(label)) return { ok: false, reason: "invalid", message: "Use at least one letter." };
  if (looksReserved(label)) {
    return { ok: false, reason: "reserved", message: "This name is kept for PharmaSight. Choose another one." };
  }
  return { ok: true, label };
}

const reservedSkeletons = new Set([...reserved].map(skeleton));

/**
 * A name that reads like a reserved one is as good for deceiving people as the name itself, and our own name within
 * another one says that it is us.
 */
function looksReserved(label: string): boolean {
  return (
    reserved.has(label) || reservedSkeletons.has(skeleton(label)) || skeleton(label).includes(skeleton("pharmasight"))
  );
}

/** What a label looks like at a glance: digits read as letters, hyphens overlooked. */
function skeleton(label: string): string {
  return label
    .replaceAll("-", "")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w")
    .replaceAll("0", "o")
    .replaceAll("1", "l")
    .replaceAll("i", "l")
    .replaceAll("3", "e")
    .replaceAll("4", "a")
    .replaceAll("5", "s")
    .replaceAll("7", "t")
    .replaceAll("8", "b");
}
