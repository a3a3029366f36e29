import { createHash } from "node:crypto";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import { readImage } from "./image-headers.ts";

/** The largest file that is taken as a logo. */
export const LOGO_BYTES_MAX = 512 * 1024;
/** Pixels of the shorter and of the longer side. More would be work for every browser that shows the logo. */
const SIDE_MIN = 16;
const SIDE_MAX = 2000;

/** A picture that was checked. */
export interface Logo {
  readonly content: Uint8Array;
  readonly contentType: "image/png" | "image/jpeg" | "image/webp";
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * Takes a picture as a logo by what is in it, whatever its name says. Nothing is decoded: its size is in its header.
 * @throws DomainError `too_large` or `invalid_input`, on field `logo`
 */
export function checkedLogo(content: Uint8Array): Logo {
  if (content.byteLength > LOGO_BYTES_MAX) {
    const message = "The picture is larger than 512 kB. Save it smaller, then choose it again.";
    throw new DomainError("too_large", message, { fields: { logo: message } });
  }
  const image = readImage(content);
  if (image === undefined) throw refused("Choose a picture in PNG, JPEG or WebP. Other files, SVG too, are not taken.");
  if (image === "damaged") {
    throw refused("This picture is damaged, or something else is packed into it. Save it again as PNG.");
  }
  const { width, height } = image;
  if (Math.max(width, height) > SIDE_MAX || Math.min(width, height) < SIDE_MIN) {
    throw refused(`The picture has ${width} × ${height} pixels. Use ${SIDE_MIN} to ${SIDE_MAX} on each side.`);
  }
  return { ...image, content, digest: createHash("sha256").update(content).digest("hex") };
}

const refused = (message: string): DomainError => invalidInput(message, { logo: message });
