import * as z from "zod";
import { invalidInput } from "../../kernel/errors.ts";
import { Subdomains } from "../../registry/subdomains.ts";
import type { ControlScope } from "../scope.ts";
import { emailSchema } from "../tenants/mailboxes.ts";
import { isDisposable } from "./disposable-mail.ts";
import { limits, requireRoom } from "./limits.ts";

/** The version of the terms of service in force. What a visitor accepted is kept with the sign-up and the tenant. */
export const TERMS_VERSION = "2026-11";

/** Refuses what is no text for people: a database, a mail header or a page would trip over it. */
const words = (missing: string) =>
  z
    .string(missing)
    .trim()
    .min(1, missing)
    .max(100, "Use at most 100 characters.")
    .regex(/^[^\p{Cc}]*$/u, "Use letters, digits and punctuation only.");

const formSchema = z.object({
  companyName: words("Enter the name of your pharmacy."),
  ownerName: words("Enter your name."),
  email: emailSchema.refine(
    (email) => !isDisposable(email),
    "Use an address that you keep: this one is for throwing away, and your pharmacy’s mails go there for good.",
  ),
  subdomain: z.string("Choose the name of your address."),
  plan: z.enum(["starter", "professional"], "Choose a plan."),
  termsAccepted: z.enum(["yes", "on"], "Accept the terms of service to go on."),
  termsVersion: z.literal(TERMS_VERSION, "The terms have changed. Read and accept them again."),
});
export type SignUpForm = Readonly<z.infer<typeof formSchema>>;

export interface Availability {
  readonly state: "free" | "taken" | "reserved" | "invalid" | "empty";
  readonly message: string;
  /** The name as it will stand in the address, when it is free. */
  readonly label?: string;
}

export const TAKEN_MESSAGE = "This name is taken. Choose another one.";

/**
 * Whether a pharmacy may have this name, in words for the person who typed it.
 * @throws DomainError `rate_limited` with `fields.subdomain`: nobody reads the list of our customers off it
 */
export async function availability(control: ControlScope, input: string): Promise<Availability> {
  const check = Subdomains.check(input);
  if (!check.ok) return { state: check.reason, message: check.message };
  await requireRoom(control, limits.names);
  const host = await control.db
    .selectFrom("tenantHosts")
    .select("host")
    .where("host", "=", check.label)
    .executeTakeFirst();
  if (host !== undefined) return { state: "taken", message: TAKEN_MESSAGE };
  return { state: "free", message: "This name is free.", label: check.label };
}

/**
 * The form, checked, with the subdomain as it will stand in the address.
 * @throws DomainError `invalid_input` with one message for each field that needs a change; as `availability` does
 */
export async function parseForm(control: ControlScope, input: unknown): Promise<SignUpForm> {
  const parsed = formSchema.safeParse(input);
  const fields: Record<string, string> = {};
  for (const issue of parsed.error?.issues ?? []) fields[String(issue.path[0])] ??= issue.message;
  const typed = z.object({ subdomain: z.string() }).safeParse(input).data?.subdomain ?? "";
  const name = await availability(control, typed);
  if (name.label === undefined) fields.subdomain = name.message;
  if (!parsed.success || name.label === undefined) throw invalidInput("Please check the form.", fields);
  return { ...parsed.data, subdomain: name.label };
}
