import { Parser } from "saxen";
import { damaged, tooLarge } from "./archive.ts";
import { announcedEncoding } from "./text-encoding.ts";

/** Value of the attribute with that local name. */
export type Attribute = (name: string) => string | undefined;

/** What is told about a document as it is read. Names come without their namespace's prefix. */
export interface XmlListener {
  readonly onOpen: (name: string, attribute: Attribute) => void;
  readonly onText?: (text: string) => void;
  readonly onClose?: (name: string) => void;
  /** Asked after each piece: what follows is not read. */
  readonly isDone?: () => boolean;
}

/** Parts of a workbook nest about ten levels deep. */
const DEPTH_MAX = 64;
/**
 * Of one part. 100,000 rows of the longest template known, 42 columns, have nine million: each cell and each value is
 * one. Reading so many takes about three seconds.
 */
const ELEMENTS_MAX = 12_000_000;
/** Of one tag or one text. Excel's longest text is 32,767 characters. */
const TOKEN_CHARACTERS_MAX = 1_000_000;

/**
 * Reads a part of a workbook piece by piece; the pieces may break anywhere. A document type is refused, so there are no
 * entities to expand and nothing outside is ever opened.
 * @throws DomainError `invalid_input` on `file` for what is not well-formed or beyond a limit
 */
export async function readXml(pieces: AsyncIterable<Uint8Array>, listener: XmlListener): Promise<void> {
  let depth = 0;
  let elements = 0;
  let isSilent = true;
  const parser = new Parser()
    .on("error", () => {
      throw damaged();
    })
    .on("attention", () => {
      throw damaged();
    })
    .on("openTag", (name, attributes) => {
      isSilent = false;
      depth += 1;
      elements += 1;
      if (depth > DEPTH_MAX) throw damaged();
      if (elements > ELEMENTS_MAX) throw tooLarge();
      listener.onOpen(localName(name), (wanted) => attributeOf(attributes(), wanted));
    })
    .on("closeTag", (name) => {
      isSilent = false;
      depth -= 1;
      listener.onClose?.(localName(name));
    })
    .on("text", (text) => {
      isSilent = false;
      listener.onText?.(decodeEntities(text));
    })
    .on("cdata", (text) => {
      isSilent = false;
      listener.onText?.(text);
    });

  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let pending = 0;
  for await (const piece of pieces) {
    decoder ??= new TextDecoder(announcedEncoding(piece) ?? "utf-8");
    const xml = decoder.decode(piece, { stream: true });
    isSilent = true;
    parser.write(xml);
    // The parser keeps an unfinished tag or text and starts over with each piece: without a limit, one endless text would
    // cost the square of its length.
    pending = isSilent ? pending + xml.length : 0;
    if (pending > TOKEN_CHARACTERS_MAX) throw damaged();
    if (listener.isDone?.()) return;
  }
  parser.end();
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

function attributeOf(attributes: Readonly<Record<string, string>> | false, wanted: string): string | undefined {
  if (attributes === false) return undefined;
  const value = attributes[wanted] ?? Object.entries(attributes).find(([name]) => localName(name) === wanted)?.[1];
  return value === undefined ? undefined : decodeEntities(value);
}

/** The five entities of XML and characters by number; any other would need a document type. */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (_, decimal, hex, name) => {
    if (typeof name === "string") return entities[name] ?? "";
    const code = typeof decimal === "string" ? Number.parseInt(decimal, 10) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
