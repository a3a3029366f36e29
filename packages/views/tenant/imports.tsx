import type { FieldErrors } from "../shared/context.ts";
import type { ImportRow, ImportRun } from "./import-runs.ts";
import type { TenantShell } from "./shell.tsx";

export interface ImportPageProps {
  shell: TenantShell;
  /** By field: file, rate, taxClass. */
  errors: FieldErrors;
  recent: ImportRow[];
  currency: string;
}

/** Form: POST /items/import, multipart, with file, rate (decimal text), taxClass (may be empty), formToken. */
export function ImportPage({ currency }: ImportPageProps) {
  return <p>{currency}</p>;
}

export interface ImportProgressPageProps {
  shell: TenantShell;
  run: ImportRun;
}

export function ImportProgressPage({ run }: ImportProgressPageProps) {
  return <ImportProgress run={run} />;
}

/** Answer to GET /items/import/{id}/progress; asks again every second until the run is done or has failed. */
export function ImportProgress({ run }: { run: ImportRun }) {
  return <p>{run.fileName}</p>;
}
