/** What may be written in the texts of a company and of its branches. Each check returns what to do, or undefined. */

const NAME_LENGTH_MAX = 255;
const PHONE_LENGTH_MAX = 40;
const ADDRESS_LENGTH_MAX = 500;
const ADDRESS_LINES_MAX = 6;

/** Control characters, and marks that turn the direction of what follows: a name with them reads as another one. */
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

export function nameError(text: string): string | undefined {
  if (text.length > NAME_LENGTH_MAX) return `Use at most ${NAME_LENGTH_MAX} characters.`;
  return oneLineError(text);
}

export function oneLineError(text: string): string | undefined {
  return UNSEEN.test(text) ? "Use letters, digits and signs in one line." : undefined;
}

export function phoneError(text: string): string | undefined {
  if (text === "") return undefined;
  if (text.length > PHONE_LENGTH_MAX) return `Use at most ${PHONE_LENGTH_MAX} characters.`;
  const isPhone = /^\+?[\d ()/.-]+$/.test(text) && text.replaceAll(/\D/g, "").length >= 5;
  return isPhone ? undefined : "Write a telephone number, like +254 712 345 678.";
}

export function addressError(text: string): string | undefined {
  if (text.length > ADDRESS_LENGTH_MAX) return `Use at most ${ADDRESS_LENGTH_MAX} characters.`;
  const lines = text.split("\n");
  if (lines.length > ADDRESS_LINES_MAX) return `Use at most ${ADDRESS_LINES_MAX} lines.`;
  return lines.some((line) => UNSEEN.test(line)) ? "Use letters, digits and signs." : undefined;
}

/** Lines without blanks around them, as browsers send them from any system; blank ones at both ends left out. */
export const tidyLines = (text: string): string =>
  text
    .replaceAll(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .trim();
