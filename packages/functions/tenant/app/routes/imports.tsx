import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { CsvWriting } from "@pharmasight/core/tenant/imports/files/csv-writing";
import { type ImportDetails, Imports } from "@pharmasight/core/tenant/imports/imports";
import { importFields } from "@pharmasight/core/tenant/imports/mapping";
import { maySeeCosts } from "@pharmasight/core/tenant/items/rights";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import { Setup } from "@pharmasight/core/tenant/setup/setup";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { ImportCheckPage } from "@pharmasight/views/tenant/import-check.tsx";
import { ImportClosedPage, ImportMappingPage } from "@pharmasight/views/tenant/import-mapping.tsx";
import { ImportProgress, ImportProgressPage } from "@pharmasight/views/tenant/import-progress.tsx";
import { ImportResultPage } from "@pharmasight/views/tenant/import-result.tsx";
import { ImportPage } from "@pharmasight/views/tenant/imports.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { mappingInput, sampleFile, savedInput, shownMapping } from "../import-forms.ts";
import {
  importColumns,
  importFile,
  importOutcome,
  importWork,
  leftRows,
  previewRow,
  progressFigures,
  shownReadings,
  shownState,
} from "../import-presentation.ts";
import { importRow } from "../presentation.ts";
import { shellFor } from "../shell.ts";

/** Rows that were not taken, on the page; all of them are in the file to download. */
const LEFT_SHOWN = 50;
const KEPT_SHOWN = 50;
const PREVIEW_ROWS = 8;

export const imports = new Hono<EdgeEnv>();

imports.get("/", async (c) => {
  const tenant = await member(c);
  Permissions.requireEverywhere(tenant.actor, "items.import");
  return c.html(await uploadPage(c, tenant, {}));
});

imports.post("/", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  try {
    const file = form.file("file");
    if (file === undefined) throw invalidInput("Choose a file.", { file: "Choose an Excel workbook or a CSV file." });
    const content = new Uint8Array(await file.arrayBuffer());
    const id = await Imports.upload(tenant, { fileName: file.name, content });
    return c.redirect(pathOf(id), 303);
  } catch (error) {
    return c.html(await uploadPage(c, tenant, fieldsOf(error)), 422);
  }
});

imports.get("/sample.csv", (c) => csvFile(c, "sample.csv", CsvWriting.write(sampleFile)));

imports.get("/:id", async (c) => {
  const tenant = await member(c);
  return c.html(await page(c, tenant, c.req.param("id"), { moved: c.req.query("moved") === "1" }));
});

// Asked every second by the page; a step that has ended wants another page.
imports.get("/:id/progress", async (c) => {
  const tenant = await member(c);
  const run = await Imports.get(tenant, c.req.param("id"));
  const work = importWork(run, tenant.clock.now());
  if (work === undefined || work.state !== c.req.query("state")) {
    c.header("hx-refresh", "true");
    return c.body(null, 200);
  }
  return c.html(<ImportProgress id={run.id} work={work} figures={progressFigures(run)} />);
});

imports.get("/:id/rejected.csv", async (c) => {
  const part = Number(c.req.query("part") ?? "1");
  const { content, parts } = await Imports.rejectionsFile(await member(c), c.req.param("id"), part);
  // Whoever has the first of several files should not take it for all.
  return csvFile(c, parts === 1 ? "rows-not-taken.csv" : `rows-not-taken-${part}-of-${parts}.csv`, content);
});

imports.post("/:id/layout", (c) =>
  step(c, async (tenant, id, form) => {
    const run = await Imports.get(tenant, id);
    const sheet = form.text("sheet");
    if (sheet !== "" && sheet !== run.sheet) await Imports.chooseSheet(tenant, id, sheet);
    else await Imports.chooseHeader(tenant, id, Number(form.text("headerRow")));
  }),
);

imports.post("/:id/mapping", (c) =>
  step(c, async (tenant, id, form) => {
    const { header } = await Imports.get(tenant, id);
    const input = mappingInput(form, header?.length ?? 0);
    if (wantsPreview(form)) await Imports.saveMapping(tenant, id, input);
    else await Imports.check(tenant, id, input);
  }),
);

imports.post("/:id/start", (c) => step(c, (tenant, id, form) => Imports.start(tenant, id, form.text("onKnown"))));

const steps = {
  back: Imports.back,
  pause: Imports.pause,
  resume: Imports.resume,
  keep: Imports.keep,
  undo: Imports.undo,
  cancel: Imports.cancel,
};
for (const [name, run] of Object.entries(steps)) {
  imports.post(`/:id/${name}`, (c) => step(c, (tenant, id) => run(tenant, id)));
}

const wantsPreview = (form: PostedForm): boolean => form.text("intent") === "preview";

const pathOf = (id: string): string => `/items/import/${id}`;

async function uploadPage(c: EdgeContext, tenant: TenantScope<Member>, errors: FieldErrors) {
  const recent = await Imports.recent(tenant);
  return (
    <ImportPage
      shell={await shellFor(c, tenant)}
      errors={errors}
      recent={recent.map(importRow)}
      fields={importFields.map(({ title, help }) => ({ title, help }))}
      fromSetup={c.req.query("setup") === "1"}
    />
  );
}

/** Does one step of an import and shows where it is then. What somebody else was faster with is no error. */
async function step(
  c: EdgeContext,
  run: (tenant: TenantScope<Member>, id: string, form: PostedForm) => Promise<void>,
): Promise<Response> {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const id = c.req.param("id") ?? "";
  try {
    await run(tenant, id, form);
    return c.redirect(`${pathOf(id)}${wantsPreview(form) ? "#preview" : ""}`, 303);
  } catch (error) {
    if (error instanceof DomainError && error.code === "conflict") return c.redirect(`${pathOf(id)}?moved=1`, 303);
    return c.html(await page(c, tenant, id, { errors: fieldsOf(error), form }), 422);
  }
}

interface PageState {
  readonly moved?: boolean;
  readonly errors?: FieldErrors;
  /** What was posted, to be shown again beside the errors. */
  readonly form?: PostedForm;
}

/** The page of an import, by the step that it is at. */
async function page(c: EdgeContext, tenant: TenantScope<Member>, id: string, state: PageState) {
  const run = await Imports.get(tenant, id);
  const shell = await shellFor(c, tenant);
  const common = { shell, file: importFile(run), moved: state.moved ?? false };
  const work = importWork(run, tenant.clock.now());
  if (work !== undefined) return <ImportProgressPage {...common} work={work} figures={progressFigures(run)} />;
  if (run.state === "mapping") return mappingPage(tenant, run, common, state);
  const rows = run.showsRows ? await Imports.rejections(tenant, id, { afterRow: 0, limit: LEFT_SHOWN }) : [];
  const left = leftRows(run, rows, run.showsRows ? await Imports.rejectionsParts(tenant, run) : []);
  if (run.state === "checked") {
    const found = {
      total: run.rowsTotal ?? 0,
      added: run.rowsNew,
      known: run.rowsKnown,
      rejected: run.rowsBad,
      parked: run.rowsParked,
      stocked: run.rowsStocked,
      stockLeft: run.rowsStockLeft,
    };
    return <ImportCheckPage {...common} errors={state.errors ?? {}} found={found} left={left} />;
  }
  const inSetup = Setup.mayManage(tenant.actor) && Setup.firstOpen(await Setup.progress(tenant)) !== undefined;
  const kept = run.rowsKept === 0 ? [] : await Imports.keptChanges(tenant, id, KEPT_SHOWN);
  return (
    <ImportResultPage
      {...common}
      state={restingState(run)}
      outcome={importOutcome(run)}
      left={left}
      {...(run.error === null ? {} : { failure: run.error })}
      canUndo={run.openChanges > 0}
      {...(inSetup ? { setupHref: "/setup/items" } : {})}
      kept={kept.map(({ rowNumber, ...rest }) => ({ row: rowNumber, ...rest }))}
    />
  );
}

function restingState(run: ImportDetails) {
  const state = shownState(run);
  if (state === "stopped") return state;
  if (state === "paused" || state === "undone" || state === "cancelled" || state === "failed") return state;
  return "done";
}

async function mappingPage(
  tenant: TenantScope<Member>,
  run: ImportDetails,
  common: Pick<Parameters<typeof ImportClosedPage>[0], "shell" | "file" | "moved">,
  { errors = {}, form }: PageState,
) {
  if (!run.showsRows) return <ImportClosedPage {...common} />;
  const seesCosts = maySeeCosts(tenant.actor);
  const firstRows = await Imports.firstRows(tenant, run);
  const branches = await Branches.list(tenant);
  // Beside mistakes in what was posted, rows as the mapping before would read them only confuse.
  const preview = form === undefined ? await Imports.preview(tenant, run, PREVIEW_ROWS) : [];
  const input = form?.text("taxClass") ? mappingInput(form, run.header?.length ?? 0) : savedInput(run, seesCosts);
  const { columns, ...values } = input;
  const mapping = shownMapping(columns);
  const twoReadings = await Imports.twoReadings(tenant, run, mapping);
  const context = {
    currency: tenant.tenant.currency,
    branches: new Map(branches.map(({ id, name }) => [id, name])),
    seesCosts,
    hasStockUnit: run.settings?.stockUnit !== null,
  };
  return (
    <ImportMappingPage
      {...common}
      {...(run.error === null ? {} : { fault: run.error })}
      errors={errors}
      sheets={run.sheets === null ? [] : [...run.sheets]}
      sheet={run.sheet ?? ""}
      headerRow={run.headerRow ?? 1}
      firstRows={firstRows.map(({ number, cells }) => ({
        number,
        text: cells
          .filter((cell) => cell !== "")
          .join(", ")
          .slice(0, 60),
      }))}
      columns={importColumns(run, firstRows, columns)}
      fields={importFields.filter(({ key }) => seesCosts || key !== "costPrice").map((field) => ({ ...field }))}
      values={{
        ...values,
        // A choice that is refused was made for other columns, and is to be made, not to be left standing.
        decimalMark: errors.decimalMark === undefined ? values.decimalMark : "",
        decimalMarkFor: Imports.decimalMarkFor(mapping),
      }}
      {...(twoReadings === undefined ? {} : { twoReadings: shownReadings(twoReadings) })}
      branches={branches.map(({ id, code, name }) => ({ value: id, label: `${name} (${code})` }))}
      currency={tenant.tenant.currency}
      preview={preview.map((row) => previewRow(row, context))}
      {...(run.sameFile === null ? {} : { sameFile: importFile(run.sameFile) })}
    />
  );
}

/** The mistakes by field; whatever has none is no mistake of a form. */
function fieldsOf(error: unknown): FieldErrors {
  if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
  return error.fields;
}

function csvFile(c: EdgeContext, name: string, content: string): Response {
  // The mark tells a spreadsheet that this is UTF-8: without it, what is saved again has other letters.
  return c.body(`\uFEFF${content}`, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}"`,
  });
}
