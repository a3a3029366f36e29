/** The value of a JSON text, or `undefined` for whatever is none: for text from outside that a schema judges next. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
