import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/** Of bundles, by the address of the file; undefined for a file without one. */
const maps = new Map<string, SourceMap | undefined>();

/**
 * A stack with the files and lines of the sources. Node would do it by itself (`--enable-source-maps`), but reads all maps
 * at the start of a process, which is a tenth of a cold one; here they are read when there is an error to describe.
 */
export function inSources(stack: string): string {
  return stack.replace(/(file:\/\/[^\s()]+?):(\d+):(\d+)/g, (place, file: string, line: string, column: string) => {
    const origin = mapOf(file)?.findOrigin(Number(line), Number(column));
    // What no source is known of comes back as an empty object.
    if (origin === undefined || !("fileName" in origin)) return place;
    return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, read(file));
  return maps.get(file);
}

function read(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, "utf8")));
  } catch {
    // Describing an error must not fail by another one.
    return undefined;
  }
}
