/** What a picture's header says of it. Sizes are in pixels. */
export interface ImageHeader {
  readonly contentType: "image/png" | "image/jpeg" | "image/webp";
  readonly width: number;
  readonly height: number;
}

/**
 * Reads the header of a PNG, JPEG or WebP file, and walks its parts to the end without decoding any: nothing may stand
 * behind the picture, so that a file is not a picture to one program and something else to another.
 * @returns undefined for anything else, `"damaged"` for a picture that is cut off, or followed by other data
 */
export function readImage(content: Uint8Array): ImageHeader | "damaged" | undefined {
  const bytes = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const read = readers.find(({ isOf }) => isOf(content));
  if (read === undefined) return undefined;
  try {
    return read.header(bytes) ?? "damaged";
  } catch (error) {
    // A DataView throws at its end: the file is shorter than it says.
    if (error instanceof RangeError) return "damaged";
    throw error;
  }
}

interface Reader {
  isOf(content: Uint8Array): boolean;
  header(bytes: DataView): ImageHeader | undefined;
}

const startsWith = (content: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => content[index] === byte);

const ascii = (bytes: DataView, at: number, length = 4): string =>
  String.fromCharCode(...Array.from({ length }, (_, index) => bytes.getUint8(at + index)));

const readers: readonly Reader[] = [
  { isOf: (content) => startsWith(content, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), header: pngHeader },
  { isOf: (content) => startsWith(content, [0xff, 0xd8, 0xff]), header: jpegHeader },
  {
    isOf: (content) =>
      startsWith(content, [0x52, 0x49, 0x46, 0x46]) && startsWith(content.subarray(8), [0x57, 0x45, 0x42, 0x50]),
    header: webpHeader,
  },
];

/** PNG, https://www.w3.org/TR/png-3/#5DataRep: chunks of length, type, data and checksum, from IHDR to IEND. */
function pngHeader(bytes: DataView): ImageHeader | undefined {
  if (bytes.getUint32(8) !== 13 || ascii(bytes, 12) !== "IHDR") return undefined;
  const header = { contentType: "image/png", width: bytes.getUint32(16), height: bytes.getUint32(20) } as const;
  let at = 8;
  for (;;) {
    const type = ascii(bytes, at + 4);
    at += 12 + bytes.getUint32(at);
    if (type === "IEND") return at === bytes.byteLength ? header : undefined;
  }
}

/** JPEG, ITU T.81, B.1: segments up to the first scan, one of them the frame; the file ends with the end marker. */
function jpegHeader(bytes: DataView): ImageHeader | undefined {
  const last = bytes.byteLength - 2;
  if (bytes.getUint16(last) !== 0xffd9) return undefined;
  let header: ImageHeader | undefined;
  for (let at = 2; at < last; ) {
    if (bytes.getUint8(at) !== 0xff) return undefined;
    const marker = bytes.getUint8(at + 1);
    // A marker may be preceded by any number of fill bytes.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) return header;
    if (isFrame(marker)) {
      header = { contentType: "image/jpeg", height: bytes.getUint16(at + 5), width: bytes.getUint16(at + 7) };
    }
    at += 2 + bytes.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15 without the tables DHT, JPG and DAC that lie between. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** WebP, RFC 9649: one RIFF container; the first chunk says which of three forms the picture has. */
function webpHeader(bytes: DataView): ImageHeader | undefined {
  if (bytes.getUint32(4, true) + 8 !== bytes.byteLength) return undefined;
  const size = webpSize(bytes);
  return size === undefined ? undefined : { contentType: "image/webp", ...size };
}

function webpSize(bytes: DataView): { width: number; height: number } | undefined {
  switch (ascii(bytes, 12)) {
    case "VP8 ":
      if (bytes.getUint16(23) !== 0x9d01 || bytes.getUint8(25) !== 0x2a) return undefined;
      return { width: bytes.getUint16(26, true) & 0x3fff, height: bytes.getUint16(28, true) & 0x3fff };
    case "VP8L": {
      if (bytes.getUint8(20) !== 0x2f) return undefined;
      const sizes = bytes.getUint32(21, true);
      return { width: (sizes & 0x3fff) + 1, height: ((sizes >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: uint24(bytes, 24) + 1, height: uint24(bytes, 27) + 1 };
    default:
      return undefined;
  }
}

const uint24 = (bytes: DataView, at: number): number => bytes.getUint16(at, true) | (bytes.getUint8(at + 2) << 16);
