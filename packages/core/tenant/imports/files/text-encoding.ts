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
 * Excel writes when it is asked for plain CSV. A mark at the beginning is no part of the text.
 */
export function decodeText(content: Uint8Array): string {
  const announced = announcedEncoding(content);
  if (announced !== undefined) return new TextDecoder(announced).decode(content);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return new TextDecoder("windows-1252").decode(content);
  }
}
