import { refused } from "./refusals.ts";

/**
 * Which Unicode encoding the first bytes announce.
 * @returns undefined when they announce none
 */
export function announcedEncoding(content: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | undefined {
  const [first, second, third] = content;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xef && second === 0xbb && third === 0xbf ? "utf-8" : undefined;
}

/**
 * Text as spreadsheets save it: the encoding that its first bytes announce, else UTF-8, else Windows-1252, which is what
 * Excel writes in East Africa when it is asked for plain CSV. A mark at the beginning is no part of the text.
 * @throws DomainError `invalid_input` on field `file` for another alphabet's encoding. Arabic, Cyrillic and Greek share
 *   their bytes, so that nobody could tell which it is: whoever has the list saves it so that it says so.
 */
export function decodeText(content: Uint8Array): string {
  const announced = announcedEncoding(content);
  if (announced !== undefined) return new TextDecoder(announced).decode(content);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return isDamagedUtf8(content) ? new TextDecoder("utf-8").decode(content) : decodeWestern(content);
  }
}

/**
 * Whether this is UTF-8 but for some letters, as programs write it that cut texts by their bytes: more of what is beyond
 * ASCII can be read than cannot. A damaged letter becomes U+FFFD, and its row is refused.
 */
function isDamagedUtf8(content: Uint8Array): boolean {
  const text = new TextDecoder("utf-8").decode(content);
  const lost = text.match(/\ufffd/g)?.length ?? 0;
  const read = text.match(/[^\p{ASCII}\ufffd]/gu)?.length ?? 0;
  return read > lost;
}

function decodeWestern(content: Uint8Array): string {
  const text = new TextDecoder("windows-1252").decode(content);
  const foreign = FOREIGN.exec(text);
  if (foreign === null) return text;
  const row = text.slice(0, foreign.index).split(/\r\n|\n|\r/).length;
  throw refused(
    `The letters of this file cannot be told for certain (row ${row} is the first), because it does not say in which alphabet it is saved. Open it in the program where it reads well, save it as an Excel workbook (.xlsx) or as “CSV UTF-8”, and upload that.`,
  );
}

/**
 * What no Western text has: three letters with accents in a row, as every word of another alphabet is then read, or bytes
 * that are no character of Windows-1252.
 */
const FOREIGN = /[À-ÖØ-öø-ÿ]{3}|[\u0081\u008d\u008f\u0090\u009d]/;
