import { createHash } from "node:crypto";
import { notFound } from "@pharmasight/core/kernel/errors";
import type { SchemaFingerprint } from "@pharmasight/core/ports/schemas";
import * as z from "zod";
import type { Session } from "../postgres/client.ts";
import { hashQuery, objectsQuery, tablesQuery } from "./catalogue.ts";
import { fingerprints } from "./fingerprints.generated.ts";
import type { Plane } from "./migration.ts";

/** How the schema of a version differs from that of the version before it. */
export interface FingerprintStep {
  readonly hash: string;
  /**
   * Each object that is new or changed, by name: how many characters its name shares with the one before it, the rest
   * of its name, its hash. Names are long and much alike.
   */
  readonly set: readonly (readonly [shared: number, rest: string, hash: string])[];
  readonly gone: readonly string[];
}

const hashSchema = z.object({ hash: z.string() });
const objectsSchema = hashSchema.extend({ objects: z.record(z.string(), z.string()).nullable() });
const sizesSchema = z.array(z.object({ name: z.string(), bytes: z.coerce.number() }));

/**
 * The schema as it is, object by object: the same for the same schema, whatever way led there, whoever owns it and in
 * which order its columns were added. In a transaction it sees what that has changed. One round trip.
 */
export async function fingerprintOf(session: Session, plane: Plane): Promise<SchemaFingerprint> {
  const [row] = await session.rows(objectsQuery(plane));
  const { hash, objects } = objectsSchema.parse(row);
  return { hash, objects: objects ?? {} };
}

/** `fingerprintOf(…).hash` without its objects, for asking a whole fleet. */
export async function fingerprintHashOf(session: Session, plane: Plane): Promise<string> {
  const [row] = await session.rows(hashQuery(plane));
  return hashSchema.parse(row).hash;
}

/**
 * What the schema should be after the migrations up to a version; 0 is an empty schema.
 * @throws DomainError `not_found` for a version that this code does not know
 */
export function expectedFingerprint(plane: Plane, version: number): SchemaFingerprint {
  const steps = fingerprints[plane];
  const last = steps[version];
  if (last === undefined) throw notFound(`fingerprint of version ${version} of the ${plane} schema`);
  const objects = new Map<string, string>();
  for (const { set, gone } of steps.slice(0, version + 1)) {
    for (const name of gone) objects.delete(name);
    let name = "";
    for (const [shared, rest, hash] of set) {
      name = `${name.slice(0, shared)}${rest}`;
      objects.set(name, hash);
    }
  }
  return { hash: last.hash, objects: Object.fromEntries(objects) };
}

/** The hash of a schema by those of its objects, as the database computes it. */
export function hashOf(objects: Readonly<Record<string, string>>): string {
  const lines = Object.entries(objects).map(([name, hash]) => Buffer.from(`${name} ${hash}`));
  const text = lines.sort(Buffer.compare).map(String).join("\n");
  return createHash("sha256").update(text).digest("hex");
}

/** Bytes by table, with indexes and TOAST, of the plane's schemas; the executor's own tables are not among them. */
export async function tableSizesOf(session: Session, plane: Plane): Promise<Record<string, number>> {
  const rows = sizesSchema.parse(await session.rows(tablesQuery(plane)));
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
}
