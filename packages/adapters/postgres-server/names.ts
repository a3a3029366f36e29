import { createHash } from "node:crypto";

/** What a database of ours is called: opaque, because the roles of one server can list each other's names. */
const REF = /^ps_[0-9a-f]{24}$/;

/** The same name always leads to the same reference, so that a creation whose reply was lost is found. */
export const refOf = (projectName: string): string => `ps_${digest(projectName, 24)}`;

/** A reference may come from a person's keyboard: nothing else is ever written into a statement. */
export const isRef = (text: string): boolean => REF.test(text);

export const ownerOf = (ref: string): string => `${ref}_owner`;

/** Another set of migrations has another template: one that is finished never changes. Later sets have higher versions. */
export const templateOf = (version: number, checksums: readonly string[]): string =>
  `${templatePrefix(version)}${digest(checksums.join(" "), 16)}`;

/** What the names of finished templates look like. */
export const TEMPLATE = "^ps_template_[0-9]{4}_[0-9a-f]{16}$";

/** Sorts as the versions do; the template of a version is behind it, those of later ones are not. */
export const templatePrefix = (version: number): string => `ps_template_${String(version).padStart(4, "0")}_`;

function digest(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
