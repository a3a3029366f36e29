export * as Passwords from "./passwords.ts";

/** NIST SP 800-63B, 3.1.1: length counts, and so does what others try first; demanded signs and digits do not. */
export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 128;

const DIFFERENT_CHARACTERS_MIN = 5;
/** Shorter words are part of too many others. */
const WORD_LENGTH_MIN = 4;

/**
 * What is wrong with a new password, by field: `password` or `passwordAgain`; empty when nothing is.
 * @param about what a guesser knows of the person: login, name, company name. The password must contain none of it
 */
export function passwordErrors(
  password: string,
  again: string,
  about: readonly string[],
): Readonly<Record<string, string>> {
  const wrong = mistakeIn(password, about);
  if (wrong !== undefined) return { password: wrong };
  return password === again ? {} : { passwordAgain: "This is not the same password. Type it once more." };
}

function mistakeIn(password: string, about: readonly string[]): string | undefined {
  const { length } = Array.from(password);
  if (length < PASSWORD_LENGTH_MIN) {
    return `Use at least ${PASSWORD_LENGTH_MIN} characters. Four words in a row are easy to keep in mind.`;
  }
  if (length > PASSWORD_LENGTH_MAX) return `Use at most ${PASSWORD_LENGTH_MAX} characters.`;
  const plain = plainOf(password);
  const known = about.flatMap(wordsOf).find((word) => plain.includes(word));
  if (known !== undefined) return `Leave “${known}” out: who knows you or the pharmacy would try it first.`;
  if ([password.toLowerCase(), plain].some((text) => text.length >= PASSWORD_LENGTH_MIN && isPattern(text))) {
    return "This is one pattern over and over, or a row of keys. Use words that have nothing to do with each other.";
  }
  return notorious.has(plain) ? "This is one of the first that others try. Use words of your own." : undefined;
}

/** Letters and digits only, without accents and case: so that `P-a-s-s` is seen as `pass`. */
const plainOf = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

/** The words of a name, and the name as a whole. Of a mail address only what stands before the @. */
function wordsOf(text: string): string[] {
  const [name = ""] = text.split("@");
  const words = name.split(/[^\p{L}\p{N}\p{M}]+/u).map(plainOf);
  return [...words, plainOf(name)].filter((word) => Array.from(word).length >= WORD_LENGTH_MIN);
}

function isPattern(text: string): boolean {
  const characters = Array.from(text);
  if (new Set(characters).size < DIFFERENT_CHARACTERS_MIN) return true;
  return isRepetition(characters) || rows.some((row) => row.includes(text));
}

/** Whether it is its own beginning over and over: `qwerqwerqwer`, the last time perhaps cut short. */
function isRepetition(characters: readonly string[]): boolean {
  for (let period = 1; period * 2 <= characters.length; period += 1) {
    if (characters.every((character, at) => at < period || character === characters[at - period])) return true;
  }
  return false;
}

/** Rows that fingers run along, forwards and back, twice over: `567890123456` is part of one. */
const rows = ["1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"].flatMap((row) => [
  row.repeat(3),
  Array.from(row).reverse().join("").repeat(3),
]);

/** Those of 12 characters and more that lists of stolen passwords begin with. */
const notorious: ReadonlySet<string> = new Set([
  "1q2w3e4r5t6y",
  "1q2w3e4r5t6y7u8i",
  "1qaz2wsx3edc",
  "1qaz2wsx3edc4rfv",
  "qazwsxedcrfv",
  "zaq12wsxcde3",
  "qwerty123456",
  "qwertyuiop123",
  "qwerty1234567890",
  "abcd12345678",
  "abc123456789",
  "a1b2c3d4e5f6",
  "123456789abc",
  "123456qwerty",
  "password1234",
  "password12345",
  "password123456",
  "mypassword123",
  "thisismypassword",
  "passwordpassword",
  "iloveyou1234",
  "letmein12345",
  "welcome12345",
  "changeme1234",
  "administrator",
  "administrator1",
  "admin1234567",
  "pharmacy1234",
  "pharmacy12345",
  "trustno1trustno1",
  "correcthorsebatterystaple",
]);
