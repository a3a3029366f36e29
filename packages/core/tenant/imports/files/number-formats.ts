import { type Archive, damaged } from "./archive.ts";
import { readXml } from "./xml.ts";

/** How a number in a cell is meant, as far as that changes what it says. */
export type NumberFormat =
  | { readonly kind: "number" }
  | { readonly kind: "percent" }
  /** Shown with leading zeros up to so many digits. */
  | { readonly kind: "padded"; readonly digits: number }
  | { readonly kind: "date" }
  /** Month and year without a day: what Excel makes of an expiry typed as 01/2027. */
  | { readonly kind: "month" }
  /** Day and month without a year: what Excel makes of an expiry typed as Jan-27, which it takes for 27 January. */
  | { readonly kind: "day" }
  | { readonly kind: "time" };

export const plainNumber: NumberFormat = { kind: "number" };

/** Excel allows 65,490. */
const FORMATS_MAX = 70_000;

/**
 * Formats of a workbook's cells by the index that cells name (ECMA-376 part 1, 18.8.10 and 18.8.30).
 * @throws DomainError `invalid_input` on `file`
 */
export async function readNumberFormats(archive: Archive, path: string): Promise<readonly NumberFormat[]> {
  const codes = new Map<number, string>();
  const formatIds: number[] = [];
  let isInCellFormats = false;
  await readXml(archive.read(path), {
    onOpen: (name, attribute) => {
      if (name === "numFmt") codes.set(Number(attribute("numFmtId")), attribute("formatCode") ?? "");
      if (name === "cellXfs") isInCellFormats = true;
      if (name === "xf" && isInCellFormats) formatIds.push(Number(attribute("numFmtId") ?? 0));
      if (Math.max(formatIds.length, codes.size) > FORMATS_MAX) throw damaged();
    },
    onClose: (name) => {
      if (name === "cellXfs") isInCellFormats = false;
    },
  });
  const formats = new Map<number, NumberFormat>();
  return formatIds.map((id) => {
    const known = formats.get(id) ?? formatOf(id, codes.get(id));
    formats.set(id, known);
    return known;
  });
}

/** Formats that need no code (ECMA-376 part 1, 18.8.30); 27 to 58 are dates of East Asian editions. */
function formatOf(id: number, code: string | undefined): NumberFormat {
  if (code !== undefined) return formatOfCode(code);
  if (id === 9 || id === 10) return { kind: "percent" };
  if (id === 16) return { kind: "day" };
  if (id === 17) return { kind: "month" };
  if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47)) return { kind: "time" };
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58) ? { kind: "date" } : plainNumber;
}

/** What a format code means, from its letters: text in quotes, escapes, colours and conditions are left out. */
export function formatOfCode(code: string): NumberFormat {
  const [positive = ""] = code
    .slice(0, 255)
    .replaceAll(/"[^"]*"|\[[^\]]*\]|[\\_*]./g, "")
    .toLowerCase()
    .split(";");
  if (positive.includes("%")) return { kind: "percent" };
  if (/^0{2,}$/.test(positive)) return { kind: "padded", digits: positive.length };
  if (/[0#?]|general/.test(positive)) return plainNumber;
  const hasDay = positive.includes("d");
  const hasYear = positive.includes("y");
  if (hasDay && hasYear) return { kind: "date" };
  if (hasYear) return { kind: "month" };
  if (hasDay) return { kind: "day" };
  return /[hs]/.test(positive) ? { kind: "time" } : plainNumber;
}
