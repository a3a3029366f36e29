const LENGTH_MAX = 120;
/** In this order: comments, quoted names, strings of every kind, numbers. */
const PARTS =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|\b\d+(?:\.\d+)?\b/g;

/** A statement as operators see it: its first words, without comments and with `?` for every literal. */
export function shownStatement(text: string): string {
  const words = text
    .replace(PARTS, (part) => {
      if (part.startsWith('"')) return part;
      return part.startsWith("--") || part.startsWith("/*") ? " " : "?";
    })
    .replace(/\s+/g, " ")
    .trim();
  return words.length > LENGTH_MAX ? `${words.slice(0, LENGTH_MAX - 1)}…` : words;
}
