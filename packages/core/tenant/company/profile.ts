import * as z from "zod";
import { invalidInput } from "../../kernel/errors.ts";
import { currencies, findTimeZone } from "./places.ts";
import { addressError, nameError, oneLineError, phoneError, tidyLines } from "./texts.ts";

/** What a person writes about the company: text as typed, blank for what they leave out. */
export interface CompanyInput {
  readonly name: string;
  readonly legalName: string;
  readonly taxId: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly phone: string;
  readonly email: string;
  readonly address: string;
}

/** The company's profile. Null: not said. */
export interface CompanyProfile {
  readonly name: string;
  readonly legalName: string | null;
  readonly taxId: string | null;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly phone: string | null;
  readonly email: string | null;
  /** At most six lines. */
  readonly address: string | null;
}

const TAX_ID_LENGTH_MAX = 40;
const emailSchema = z.email().max(254);

/** @throws DomainError `invalid_input` by field */
export function checkedProfile(input: CompanyInput): CompanyProfile {
  const name = input.name.trim();
  const legalName = input.legalName.trim();
  const currency = input.currency.trim().toUpperCase();
  const taxId = currency === "KES" ? input.taxId.replaceAll(/\s/g, "").toUpperCase() : input.taxId.trim();
  const timeZone = findTimeZone(input.timeZone);
  const phone = input.phone.trim();
  const email = input.email.trim();
  const address = tidyLines(input.address);
  const errors = {
    name: name === "" ? "Write the name of your pharmacy." : nameError(name),
    legalName: nameError(legalName),
    taxId: taxIdError(taxId, currency),
    currency: currencies.includes(currency) ? undefined : "Choose a currency of the list.",
    timeZone: timeZone === undefined ? "Choose a time zone of the list, like Africa/Nairobi." : undefined,
    phone: oneLineError(phone) ?? phoneError(phone),
    email:
      email === "" || emailSchema.safeParse(email).success ? undefined : "Write a mail address, like shop@example.com.",
    address: addressError(address),
  };
  const fields = Object.fromEntries(
    Object.entries(errors).flatMap(([field, error]) => (error === undefined ? [] : [[field, error]])),
  );
  if (timeZone === undefined || Object.keys(fields).length > 0) {
    throw invalidInput("Some of the values need a change.", fields);
  }
  return {
    name,
    legalName: orNull(legalName),
    taxId: orNull(taxId),
    currency,
    timeZone,
    phone: orNull(phone),
    email: orNull(email),
    address: orNull(address),
  };
}

/**
 * Who keeps books in Kenyan shillings has a PIN of the Kenya Revenue Authority: a letter, nine digits, a letter
 * (https://www.kra.go.ke/individual/individual-pin-registration). Elsewhere a tax number is what the pharmacy says.
 */
function taxIdError(taxId: string, currency: string): string | undefined {
  if (taxId === "") return undefined;
  if (currency === "KES") {
    return /^[A-Z]\d{9}[A-Z]$/.test(taxId)
      ? undefined
      : "A KRA PIN is a letter, nine digits and a letter: P051234567X.";
  }
  if (taxId.length > TAX_ID_LENGTH_MAX) return `Use at most ${TAX_ID_LENGTH_MAX} characters.`;
  return oneLineError(taxId);
}

const orNull = (text: string): string | null => (text === "" ? null : text);
