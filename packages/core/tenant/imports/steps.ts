import * as z from "zod";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import type { Member } from "../actors.ts";
import { TenantAudit } from "../audit/audit.ts";
import type { TenantScope } from "../scope.ts";
import { draftOf, remember, SAMPLE_ROWS } from "./draft.ts";
import { type MappingInput, readMapping } from "./mapping-input.ts";
import { type Changes, move } from "./moves.ts";
import { type Import, type KnownChoice, knownChoices, lockImport, requireImporter } from "./record.ts";
import { clearRejections, requireRows } from "./rejections.ts";
import { countStagedAfter, forgetStaged, stagedAfter } from "./staged-rows.ts";
import type { StageEvent } from "./stages.ts";

/*
 * What people do with an import. Each step holds the import's row; one that has no place any more, because the import or
 * somebody else was faster, throws DomainError `conflict` and changes nothing. All throw `forbidden` and `not_found`.
 */

/** Has another sheet of the workbook read. @throws DomainError `invalid_input` on `sheet` */
export function chooseSheet(tenant: TenantScope<Member>, importId: string, sheet: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    requireRows(tx.actor, run);
    if (!run.sheets?.includes(sheet)) {
      throw invalidInput("Choose one of the sheets.", { sheet: "Choose one of the sheets." });
    }
    const { settings, onKnown } = run;
    await move(tx, run, "read_again", { options: { settings, onKnown, nextSheet: sheet } });
  });
}

/** Says which row names the columns, and proposes how they match anew. @throws DomainError `invalid_input` on `headerRow` */
export function chooseHeader(tenant: TenantScope<Member>, importId: string, rowNumber: number): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    requireRows(tx.actor, run);
    requireState(run, "mapping");
    const message = "Choose the row that names the columns, with rows below it.";
    if (!Number.isInteger(rowNumber) || rowNumber < 1) throw invalidInput(message, { headerRow: message });
    const [heading, ...samples] = await stagedAfter(tx, importId, rowNumber - 1, SAMPLE_ROWS);
    if (heading?.number !== rowNumber || samples.length === 0) throw invalidInput(message, { headerRow: message });
    const { headerRow, header, mapping, settings } = await draftOf(tx, run, heading, samples);
    await change(tx, run, {
      headerRow,
      header: [...header],
      mapping: { ...mapping },
      rowsTotal: await countStagedAfter(tx, importId, headerRow),
      options: { settings, onKnown: run.onKnown, nextSheet: null },
    });
  });
}

/** Keeps how the person matched the columns, to be looked at. @throws DomainError `invalid_input` by field */
export function saveMapping(tenant: TenantScope<Member>, importId: string, input: MappingInput): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    requireRows(tx.actor, run);
    requireState(run, "mapping");
    const { mapping, settings } = await readMapping(tx, run, input);
    await change(tx, run, {
      mapping: { ...mapping },
      options: { settings, onKnown: run.onKnown, nextSheet: null },
    });
  });
}

/**
 * Begins the dry run, and remembers how the headings were matched.
 * @throws DomainError `invalid_input` by field
 */
export function check(tenant: TenantScope<Member>, importId: string, input: MappingInput): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    requireRows(tx.actor, run);
    requireState(run, "mapping");
    const { mapping, settings } = await readMapping(tx, run, input);
    await remember(tx, run.header ?? [], mapping);
    await forgetFindings(tx, importId);
    await move(tx, run, "check", {
      mapping: { ...mapping },
      options: { settings, onKnown: run.onKnown, nextSheet: null },
      position: run.headerRow ?? 0,
      rowsTotal: await countStagedAfter(tx, importId, run.headerRow ?? 0),
      checkedAt: tx.clock.now(),
      ...noFindings,
    });
  });
}

/** Back to matching the columns; what the dry run has found is forgotten. */
export function back(tenant: TenantScope<Member>, importId: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    await forgetFindings(tx, importId);
    await move(tx, run, "back", noFindings);
  });
}

/** Begins the run. @throws DomainError `invalid_input` on `onKnown` */
export function start(tenant: TenantScope<Member>, importId: string, onKnown: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    const choice = knownChoice(onKnown);
    await clearRejections(tx, importId);
    await move(tx, run, "run", {
      options: { settings: run.settings, onKnown: choice, nextSheet: null },
      position: run.headerRow ?? 0,
      startedAt: tx.clock.now(),
      rowsParked: 0,
      rowsStocked: 0,
      rowsStockLeft: 0,
      content: null,
    });
    const { id, fileName, rowsTotal } = run;
    await TenantAudit.append(tx, { action: "import.started", after: { id, fileName, rowsTotal, onKnown: choice } });
  });
}

/** Lets the run rest after the chunk under way. */
export const pause = (tenant: TenantScope<Member>, importId: string): Promise<void> =>
  audited(tenant, importId, "pause", "import.paused");

/** Goes on where the run rested. */
export const resume = (tenant: TenantScope<Member>, importId: string): Promise<void> =>
  audited(tenant, importId, "resume", "import.resumed");

/** Ends the run early. What it has done stays; the rest of the file can be downloaded. */
export function keep(tenant: TenantScope<Member>, importId: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    await forgetStaged(tx, importId, run.position);
    await move(tx, run, "keep", { finishedAt: tx.clock.now() });
    await TenantAudit.append(tx, { action: "import.stopped", after: { id: run.id, rowsRead: run.rowsRead } });
  });
}

/**
 * Takes back what an import has done, whether it is under way or over.
 * @throws DomainError `conflict` when it is over and nothing is left to undo
 */
export function undo(tenant: TenantScope<Member>, importId: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    if (run.state === "done" && (await openChanges(tx, importId)) === 0) {
      throw new DomainError("conflict", "This import has left nothing that could be undone.");
    }
    await forgetStaged(tx, importId);
    await move(tx, run, "undo", { finishedAt: run.finishedAt ?? tx.clock.now(), content: null });
    await TenantAudit.append(tx, { action: "import.undo_started", after: { id: run.id, fileName: run.fileName } });
  });
}

/** Ends an import that has written nothing yet. */
export function cancel(tenant: TenantScope<Member>, importId: string): Promise<void> {
  return step(tenant, importId, async (tx, run) => {
    await forgetFindings(tx, importId);
    await forgetStaged(tx, importId);
    await move(tx, run, "cancel", { finishedAt: tx.clock.now(), content: null });
    await TenantAudit.append(tx, { action: "import.cancelled", after: { id: run.id, fileName: run.fileName } });
  });
}

/** Changes of an import that are neither undone nor kept. */
export async function openChanges(tenant: TenantScope<Member>, importId: string): Promise<number> {
  const { count } = await tenant.db
    .selectFrom("itemImportChanges")
    .select((e) => e.fn.countAll<string>().as("count"))
    .where("importId", "=", importId)
    .where("undoneAt", "is", null)
    .where("keptReason", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function step(
  tenant: TenantScope<Member>,
  importId: string,
  run: (tx: TenantScope<Member>, run: Import) => Promise<void>,
): Promise<void> {
  requireImporter(tenant.actor);
  await tenant.tx(async (tx) => run(tx, await lockImport(tx, importId)));
}

const audited = (tenant: TenantScope<Member>, importId: string, event: StageEvent, action: string): Promise<void> =>
  step(tenant, importId, async (tx, run) => {
    await move(tx, run, event);
    await TenantAudit.append(tx, { action, after: { id: run.id, rowsRead: run.rowsRead } });
  });

const noFindings = {
  rowsChecked: 0,
  rowsNew: 0,
  rowsKnown: 0,
  rowsBad: 0,
  rowsParked: 0,
  rowsStocked: 0,
  rowsStockLeft: 0,
} as const satisfies Changes;

async function forgetFindings(tx: TenantScope<Member>, importId: string): Promise<void> {
  await clearRejections(tx, importId);
  await tx.db.deleteFrom("itemImportKeys").where("importId", "=", importId).execute();
}

/** Changes what the person decides about an import that stays where it is. */
async function change(tx: TenantScope<Member>, run: Import, changes: Changes): Promise<void> {
  await tx.db
    .updateTable("itemImports")
    .set({ ...changes, error: null })
    .where("id", "=", run.id)
    .execute();
}

function requireState(run: Import, state: Import["state"]): void {
  if (run.state === state) return;
  throw new DomainError("conflict", "This import has moved on meanwhile. Look at where it is now.");
}

function knownChoice(text: string): KnownChoice {
  const choice = z.enum(knownChoices).safeParse(text);
  if (choice.success) return choice.data;
  const message = "Say what happens to items that you have already.";
  throw invalidInput(message, { onKnown: message });
}
