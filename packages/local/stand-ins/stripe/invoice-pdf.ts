const LEFT = 56;
const TOP = 780;
const LINE_HEIGHT = 16;
const LINES_PER_PAGE = 45;

/** A PDF of one page with these lines; the first is its title. Letters outside of Latin-1 become question marks. */
export function textPdf(lines: readonly string[]): Uint8Array {
  const [title = "", ...rest] = lines.slice(0, LINES_PER_PAGE);
  const body = [
    "BT",
    `/F1 18 Tf ${LEFT} ${TOP} Td (${escaped(title)}) Tj`,
    `/F1 10 Tf 0 -${LINE_HEIGHT * 2} Td`,
    ...rest.map((line) => `(${escaped(line)}) Tj 0 -${LINE_HEIGHT} Td`),
    "ET",
  ].join("\n");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${body.length} >>\nstream\n${body}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  file += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

const escaped = (text: string): string => text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "?").replaceAll(/[\\()]/g, "\\$&");
