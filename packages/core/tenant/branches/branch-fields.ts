import { invalidInput } from "../../kernel/errors.ts";
import { addressError, nameError, oneLineError, phoneError, tidyLines } from "../company/texts.ts";
import { type DocumentType, documentTypes, START_MAX } from "../numbering/document-types.ts";

/** What a person writes about a branch. */
export interface BranchInput {
  readonly code: string;
  readonly name: string;
  readonly address: string;
  readonly phone: string;
  /** The number that each series begins with, as typed; blank or missing: as it is. */
  readonly starts: Readonly<Partial<Record<DocumentType, string>>>;
}

/** A branch's fields as they are kept. */
export interface BranchFields {
  readonly code: string;
  readonly name: string;
  readonly address: string | null;
  readonly phone: string | null;
}

/** A branch's fields and the starts of its series, checked. */
export interface CheckedBranch {
  readonly fields: BranchFields;
  readonly starts: ReadonlyMap<DocumentType, number>;
}

/**
 * Codes are upper-cased and never cut: MAIN and MALL stay apart.
 * @throws DomainError `invalid_input` on `code`, `name`, `address`, `phone` and `next<TYPE>`
 */
export function checkedBranch(input: BranchInput): CheckedBranch {
  const code = input.code.trim().toUpperCase();
  const name = input.name.trim();
  const address = tidyLines(input.address);
  const phone = input.phone.trim();
  const errors = new Map<string, string | undefined>([
    ["code", codeError(code)],
    ["name", name === "" ? "Write the branch’s name, like Westlands." : nameError(name)],
    ["address", addressError(address)],
    ["phone", oneLineError(phone) ?? phoneError(phone)],
  ]);
  const starts = new Map<DocumentType, number>();
  for (const { type } of documentTypes) {
    const typed = (input.starts[type] ?? "").replaceAll(/[\s,]/g, "");
    if (typed === "") continue;
    const start = /^\d{1,8}$/.test(typed) ? Number(typed) : 0;
    if (start < 1) errors.set(`next${type}`, `Write a whole number from 1 to ${START_MAX.toLocaleString("en")}.`);
    else starts.set(type, start);
  }
  const fields = Object.fromEntries([...errors].flatMap(([key, error]) => (error === undefined ? [] : [[key, error]])));
  if (Object.keys(fields).length > 0) throw invalidInput("Some of the values need a change.", fields);
  return { fields: { code, name, address: orNull(address), phone: orNull(phone) }, starts };
}

function codeError(code: string): string | undefined {
  if (code === "") return "Write a short code, like WEST. It is part of the branch’s document numbers.";
  if (/^[A-Z0-9]{2,10}$/.test(code)) return undefined;
  return "Use 2 to 10 letters A to Z and digits, like WEST or MALL2.";
}

const orNull = (text: string): string | null => (text === "" ? null : text);
