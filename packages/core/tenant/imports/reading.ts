import { DomainError } from "../../kernel/errors.ts";
import type { Job } from "../actors.ts";
import type { TenantScope } from "../scope.ts";
import { draftOf, SAMPLE_ROWS } from "./draft.ts";
import { type ImportFile, readFile } from "./files/files.ts";
import { guessHeader } from "./mapping.ts";
import { move } from "./moves.ts";
import { type Import, lockImport } from "./record.ts";
import { replaceStaged } from "./staged-rows.ts";

/**
 * Reads an uploaded file into staged rows and proposes how its columns match. The file is parsed before the transaction
 * begins, which then holds the import for the writing alone; whoever moved it meanwhile wins.
 */
export async function readStage(tenant: TenantScope<Job>, importId: string, turn: number): Promise<void> {
  const run = await begin(tenant, importId, turn);
  if (run === undefined) return;
  const result = await parse(tenant, run);
  await tenant.tx(async (tx) => {
    const current = await lockImport(tx, importId);
    if (current.turn !== run.turn || current.state !== "reading") return;
    if (result.ok) await stage(tx, current, result.file);
    else await refuse(tx, current, result.reason);
  });
}

/** Ends the reading of a file that cannot be read. While another sheet was tried, the one before stays. */
export async function refuse(tx: TenantScope<Job>, run: Import, reason: string): Promise<void> {
  if (run.headerRow === null) {
    await move(tx, run, "fail", { error: reason, finishedAt: tx.clock.now(), content: null });
    return;
  }
  const { settings, onKnown } = run;
  await move(tx, run, "fall_back", { error: reason, options: { settings, onKnown, nextSheet: null } });
}

/** Says that the reading has begun. @returns undefined when there is nothing to read at this turn */
async function begin(tenant: TenantScope<Job>, importId: string, turn: number): Promise<Import | undefined> {
  return tenant.tx(async (tx) => {
    const run = await lockImport(tx, importId);
    if (run.turn !== turn) return undefined;
    if (run.state === "reading") return run;
    if (run.state !== "waiting") return undefined;
    // The same turn: whoever dies after this begins again with the same message.
    await tx.db.updateTable("itemImports").set({ state: "reading" }).where("id", "=", importId).execute();
    return { ...run, state: "reading" };
  });
}

type Parsed = { readonly ok: true; readonly file: ImportFile } | { readonly ok: false; readonly reason: string };

async function parse(tenant: TenantScope<Job>, { id, nextSheet }: Import): Promise<Parsed> {
  const row = await tenant.db
    .selectFrom("itemImports")
    .select("content")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  if (row.content === null) return { ok: false, reason: "The file is not kept any more. Upload it again." };
  try {
    return { ok: true, file: await readFile(row.content, nextSheet === null ? {} : { sheet: nextSheet }) };
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "invalid_input") throw error;
    return { ok: false, reason: error.message };
  }
}

async function stage(tx: TenantScope<Job>, run: Import, { format, sheets, sheet, rows }: ImportFile): Promise<void> {
  await replaceStaged(tx, run.id, rows);
  const index = guessHeader(rows);
  const heading = rows[index] ?? { number: 1, cells: [] };
  const samples = rows.slice(index + 1, index + 1 + SAMPLE_ROWS);
  const { headerRow, header, mapping, settings } = await draftOf(tx, { ...run, format }, heading, samples);
  await move(tx, run, "finish", {
    format,
    sheets: format === "xlsx" ? [...sheets] : null,
    sheet,
    headerRow,
    header: [...header],
    mapping: { ...mapping },
    rowsTotal: rows.length - index - 1,
    options: { settings, onKnown: run.onKnown, nextSheet: null },
    // Kept only while another sheet may be asked for.
    ...(sheets.length > 1 ? {} : { content: null }),
  });
}
