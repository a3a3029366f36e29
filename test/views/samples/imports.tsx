import type { FormContext } from "@pharmasight/views/shared/context";
import type { ImportRow, ImportRun } from "@pharmasight/views/tenant/import-runs";
import { ImportPage, ImportProgressPage } from "@pharmasight/views/tenant/imports.tsx";
import { at, hostile, type Samples, shellOf, unbroken } from "./shared.ts";

const run: ImportRun = {
  id: "0193-run",
  fileName: "medicines.csv",
  state: "running",
  createdAt: at,
  read: 6240,
  total: 10_000,
  added: 6100,
  skipped: 97,
  rejected: 43,
  rowsPerSecond: 412.4,
  secondsLeft: 9,
  rejectedRows: [],
};

const rejectedRows = Array.from({ length: 6 }, (_, index) => ({
  row: 17 + index * 211,
  text: index === 3 ? hostile + unbroken : "Abacavir, 20 mg/ml, solution, twelve",
  reason: index === 3 ? hostile : "The price “twelve” is no number. Write it like 12.50.",
}));

const recent: ImportRow[] = [
  {
    id: "1",
    fileName: "medicines.csv",
    state: "done",
    createdAt: at,
    read: 1074,
    added: 1070,
    skipped: 0,
    rejected: 4,
  },
  {
    id: "2",
    fileName: `${unbroken}.csv`,
    state: "failed",
    createdAt: at,
    read: 12,
    added: 12,
    skipped: 0,
    rejected: 0,
  },
  {
    id: "3",
    fileName: "second list.csv",
    state: "running",
    createdAt: at,
    read: 90,
    added: 90,
    skipped: 0,
    rejected: 0,
  },
];

export function importSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Items");
  return {
    import: <ImportPage shell={shell} errors={{}} recent={recent} currency="KES" />,
    "import-errors": (
      <ImportPage
        shell={shell}
        errors={{ file: "This file has no column generic_name.", rate: "Enter a number above 0." }}
        recent={[]}
        currency="KES"
      />
    ),
    "import-running": <ImportProgressPage shell={shell} run={run} />,
    "import-waiting": (
      <ImportProgressPage
        shell={shell}
        run={{ ...run, state: "waiting", read: 0, added: 0, skipped: 0, rejected: 0 }}
      />
    ),
    "import-done": <ImportProgressPage shell={shell} run={{ ...run, state: "done", rejectedRows }} />,
    "import-failed": (
      <ImportProgressPage shell={shell} run={{ ...run, state: "failed", fileName: hostile, failure: hostile }} />
    ),
  };
}
