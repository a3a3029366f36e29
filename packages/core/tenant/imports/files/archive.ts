import type { Readable } from "node:stream";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { DomainError } from "../../../kernel/errors.ts";
import { refused } from "./refusals.ts";

/** A workbook has tens of parts, and one more for each picture and comment. */
const ENTRIES_MAX = 2_000;
/**
 * Bytes inflated from one archive in all. A sheet of 100,000 rows with 25 columns is about 100 MB of markup, and comes
 * as 4 MB only if most of it repeats.
 */
const INFLATED_BYTES_MAX = 160 * 1024 * 1024;

/**
 * A zip archive of which only the parts that are asked for are inflated, a piece at a time, never into one buffer. What
 * its headers say about sizes is not believed: bytes are counted as they come out.
 */
export class Archive {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  #inflatedBytes = 0;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws DomainError `invalid_input` on `file` for a damaged archive, and for one with too many parts */
  static async open(content: Uint8Array): Promise<Archive> {
    try {
      const zip = await fromBufferPromise(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
      const entries = new Map<string, Entry>();
      if (zip.entryCount > ENTRIES_MAX) throw tooLarge();
      for await (const entry of zip.eachEntry()) entries.set(normalPath(entry.fileName), entry);
      return new Archive(zip, entries);
    } catch (error) {
      throw damagedUnlessRefused(error);
    }
  }

  has(path: string): boolean {
    return this.#entries.has(normalPath(path));
  }

  /** Whether a part lies in the folder; its name ends in a slash. */
  hasFolder(folder: string): boolean {
    return this.#entries.keys().some((path) => path.startsWith(folder));
  }

  /** @throws DomainError `invalid_input` on `file` when a part asks for a password */
  requireOpen(): void {
    if (this.#entries.values().some((entry) => entry.isEncrypted())) throw passwordProtected();
  }

  /**
   * The inflated bytes of a part, piece by piece.
   * @throws DomainError `invalid_input` on `file` when the part is missing or damaged, or when too much has come out of
   * the archive
   */
  async *read(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#entries.get(normalPath(path));
    if (entry === undefined) throw damaged();
    if (this.#inflatedBytes + entry.uncompressedSize > INFLATED_BYTES_MAX) throw tooLarge();
    const stream = await this.#open(entry);
    try {
      for await (const piece of stream.iterator()) {
        if (!(piece instanceof Uint8Array)) throw damaged();
        this.#inflatedBytes += piece.length;
        if (this.#inflatedBytes > INFLATED_BYTES_MAX) throw tooLarge();
        yield piece;
      }
    } catch (error) {
      throw damagedUnlessRefused(error);
    } finally {
      stream.destroy();
    }
  }

  async #open(entry: Entry): Promise<Readable> {
    try {
      return await this.#zip.openReadStreamPromise(entry);
    } catch (error) {
      throw damagedUnlessRefused(error);
    }
  }
}

/** Paths are compared without regard to case, as spreadsheet programs do; some write a slash in front. */
const normalPath = (path: string): string => path.toLowerCase().replace(/^\/+/, "");

const damagedUnlessRefused = (error: unknown): DomainError => (error instanceof DomainError ? error : damaged());

export const damaged = (): DomainError =>
  refused(
    "The workbook is damaged or was not uploaded to its end. Open it in your spreadsheet program, save it as a new Excel workbook (.xlsx), and upload that.",
  );

export const passwordProtected = (): DomainError =>
  refused("The workbook asks for a password. Open it, remove the password, save it, and upload it again.");

export const tooLarge = (): DomainError =>
  refused(
    "The workbook is too large once it is unpacked. Copy only the rows and columns of your list into a new workbook, or save the list as CSV, and upload that.",
  );
