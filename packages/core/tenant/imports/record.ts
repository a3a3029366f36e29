import * as z from "zod";
import { notFound } from "../../kernel/errors.ts";
import { idSchema } from "../../kernel/ids.ts";
import type { Job, Member } from "../actors.ts";
import { Permissions } from "../permissions/permissions.ts";
import type { TenantScope } from "../scope.ts";
import { mappingSchema } from "./mapping.ts";
import { rowSettingsSchema } from "./rows.ts";
import { states } from "./stages.ts";
import { unitTiers } from "./units.ts";

/** What happens to a row whose item is there already, known by its barcode or its name. */
export const knownChoices = ["skip", "update", "create"] as const;
export type KnownChoice = (typeof knownChoices)[number];

/** How the cells of a file are to be understood, as far as the person has decided. */
export const settingsSchema = rowSettingsSchema
  .unwrap()
  .omit({ currency: true, today: true, stockUnit: true })
  .extend({
    /** What the quantities count; null until somebody says so, because a guess would be wrong by a factor. */
    stockUnit: z.enum(unitTiers).nullable(),
    /** Whose the stock is of rows that name no branch. */
    branchId: z.string().nullable(),
  });
export type ImportSettings = Readonly<z.infer<typeof settingsSchema>>;

/** Imports from before there were settings keep other things here. */
const optionsSchema = z.object({
  settings: settingsSchema.nullable().default(null),
  onKnown: z.enum(knownChoices).default("skip"),
  /** Another sheet of the workbook, that is to be read instead. */
  nextSheet: z.string().nullable().default(null),
});

const importSchema = z
  .object({
    id: z.string(),
    fileName: z.string(),
    format: z.enum(["csv", "xlsx"]).nullable(),
    fileDigest: z.string().nullable(),
    state: z.enum(states),
    turn: z.number(),
    position: z.number(),
    sheets: z.array(z.string()).nullable(),
    sheet: z.string().nullable(),
    /** Number of the row that names the columns. */
    headerRow: z.number().nullable(),
    header: z.array(z.string()).nullable(),
    mapping: mappingSchema.nullable(),
    options: optionsSchema,
    /** Rows below the heading that are not blank. */
    rowsTotal: z.number().nullable(),
    rowsChecked: z.number(),
    rowsNew: z.number(),
    rowsKnown: z.number(),
    rowsBad: z.number(),
    rowsParked: z.number(),
    rowsStocked: z.number(),
    rowsStockLeft: z.number(),
    rowsRead: z.number(),
    rowsAdded: z.number(),
    rowsUpdated: z.number(),
    rowsSkipped: z.number(),
    rowsRejected: z.number(),
    rowsUndone: z.number(),
    rowsKept: z.number(),
    /** Branch id → number of its opening-stock document. */
    documentNumbers: z.record(z.string(), z.string()),
    error: z.string().nullable(),
    createdBy: z.string(),
    createdAt: z.date(),
    checkedAt: z.date().nullable(),
    startedAt: z.date().nullable(),
    finishedAt: z.date().nullable(),
    undoneAt: z.date().nullable(),
    hintedAt: z.date().nullable(),
    stageStartedAt: z.date().nullable(),
    stageRows: z.number(),
  })
  .transform(({ options, ...rest }) => ({ ...rest, ...options }));
/** An import and how far it is. */
export type Import = Readonly<z.infer<typeof importSchema>>;

export const importColumns = [
  "id",
  "fileName",
  "format",
  "fileDigest",
  "state",
  "turn",
  "position",
  "sheets",
  "sheet",
  "headerRow",
  "header",
  "mapping",
  "options",
  "rowsTotal",
  "rowsChecked",
  "rowsNew",
  "rowsKnown",
  "rowsBad",
  "rowsParked",
  "rowsStocked",
  "rowsStockLeft",
  "rowsRead",
  "rowsAdded",
  "rowsUpdated",
  "rowsSkipped",
  "rowsRejected",
  "rowsUndone",
  "rowsKept",
  "documentNumbers",
  "error",
  "createdBy",
  "createdAt",
  "checkedAt",
  "startedAt",
  "finishedAt",
  "undoneAt",
  "hintedAt",
  "stageStartedAt",
  "stageRows",
] as const;

export const parseImport = (row: unknown): Import => importSchema.parse(row);

/** Who may import sees all imports: the next person goes on where one left. @throws DomainError `forbidden` */
export const requireImporter = (actor: Member): void => Permissions.requireEverywhere(actor, "items.import");

/** @throws DomainError `not_found` */
export async function readImport(tenant: TenantScope<Member | Job>, id: string): Promise<Import> {
  const row = idSchema.safeParse(id).success
    ? await tenant.db.selectFrom("itemImports").select(importColumns).where("id", "=", id).executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound("import");
  return parseImport(row);
}

/** The import, which nothing else moves until the transaction ends. @throws DomainError `not_found` */
export async function lockImport(tx: TenantScope<Member | Job>, id: string): Promise<Import> {
  const row = idSchema.safeParse(id).success
    ? await tx.db.selectFrom("itemImports").select(importColumns).where("id", "=", id).forUpdate().executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound("import");
  return parseImport(row);
}
