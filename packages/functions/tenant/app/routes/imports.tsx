import { DomainError, invalidInput } from "@pharmasight/core/kernel/errors";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Csv } from "@pharmasight/core/tenant/imports/csv";
import { Imports } from "@pharmasight/core/tenant/imports/imports";
import { Items } from "@pharmasight/core/tenant/items/items";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import type { ImportRun } from "@pharmasight/views/tenant/import-runs";
import { ImportPage, ImportProgress, ImportProgressPage } from "@pharmasight/views/tenant/imports.tsx";
import { Hono } from "hono";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { readMemberForm } from "../../forms.ts";
import { importRow, importRun } from "../presentation.ts";
import { shellFor } from "../shell.ts";

/** Rejected rows on the page; all of them are in the file to download. */
const REJECTIONS_SHOWN = 50;

export const imports = new Hono<EdgeEnv>();

imports.get("/", async (c) => {
  const tenant = await member(c);
  Items.requireEditor(tenant.actor);
  return c.html(await importPage(c, tenant, {}));
});

imports.post("/", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  try {
    const file = form.file("file");
    if (file === undefined) throw invalidInput("Choose a file.", { file: "Choose a CSV file." });
    const id = await Imports.start(tenant, {
      fileName: file.name,
      content: new Uint8Array(await file.arrayBuffer()),
      rate: form.text("rate"),
      taxClass: form.text("taxClass"),
    });
    return c.redirect(`/items/import/${id}`, 303);
  } catch (error) {
    if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
    return c.html(await importPage(c, tenant, error.fields), 422);
  }
});

imports.get("/sample.csv", (c) => csvFile(c, "sample.csv", Csv.write(sample)));

imports.get("/:id", async (c) => {
  const tenant = await member(c);
  const run = await runOf(tenant, c.req.param("id"));
  return c.html(<ImportProgressPage shell={await shellFor(c, tenant)} run={run} />);
});

imports.get("/:id/progress", async (c) =>
  c.html(<ImportProgress run={await runOf(await member(c), c.req.param("id"))} />),
);

imports.get("/:id/rejected.csv", async (c) =>
  csvFile(c, "rejected.csv", await Imports.rejectionsFile(await member(c), c.req.param("id"))),
);

const sample = [
  ["item_name", "generic_name", "strength", "dosage_form", "unit", "retail_price", "barcode", "vat_category"],
  ["Panadol 500 mg tablets", "Paracetamol", "500 mg", "tablet", "tablet", "5.00", "", "zero-rated"],
  ["Amoxil 250 mg/5 ml syrup", "Amoxicillin", "250 mg/5 ml", "syrup", "bottle", "320.00", "", "zero-rated"],
  ["Hand cream 50 g", "", "", "cream", "tube", "450.00", "6161100000017", "standard"],
] as const;

async function importPage(c: EdgeContext, tenant: TenantScope<Member>, errors: FieldErrors) {
  const recent = await Imports.recent(tenant);
  const shell = await shellFor(c, tenant);
  return <ImportPage shell={shell} errors={errors} recent={recent.map(importRow)} currency={tenant.tenant.currency} />;
}

async function runOf(tenant: TenantScope<Member>, id: string): Promise<ImportRun> {
  const run = await Imports.progress(tenant, id);
  const rejections = await Imports.rejections(tenant, id, { afterRow: 0, limit: REJECTIONS_SHOWN });
  return importRun(run, rejections, tenant.clock.now());
}

function csvFile(c: EdgeContext, name: string, content: string): Response {
  return c.body(content, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}"`,
  });
}
