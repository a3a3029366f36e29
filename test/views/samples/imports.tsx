import type { FormContext } from "@pharmasight/views/shared/context";
import { ImportCheckPage } from "@pharmasight/views/tenant/import-check.tsx";
import { ImportHistoryPage, type PastImport } from "@pharmasight/views/tenant/import-history.tsx";
import {
  ImportClosedPage,
  ImportMappingPage,
  type ImportMappingPageProps,
} from "@pharmasight/views/tenant/import-mapping.tsx";
import { ImportProgressPage } from "@pharmasight/views/tenant/import-progress.tsx";
import { type ImportOutcome, ImportResultPage } from "@pharmasight/views/tenant/import-result.tsx";
import type { ImportRow, LeftRows } from "@pharmasight/views/tenant/import-runs";
import { ImportPage } from "@pharmasight/views/tenant/imports.tsx";
import { at, hostile, type Samples, shellOf, unbroken } from "./shared.ts";

const file = { id: "0193-run", fileName: "medicines.xlsx", createdAt: at, createdByName: "Grace Wanjiru" };
const hostileFile = { ...file, fileName: hostile, createdByName: hostile };

const left: LeftRows = {
  total: 43,
  hidden: false,
  parts: [{ rows: 43, firstRow: 17, lastRow: 1072 }],
  rows: Array.from({ length: 6 }, (_, index) => ({
    number: 17 + index * 211,
    kind: index === 1 ? ("stock_left" as const) : ("rejected" as const),
    text: index === 3 ? hostile + unbroken : "Abacavir, 20 mg/ml, solution, twelve",
    reason: index === 3 ? hostile : "“twelve” is not a price. Write only the number, like 12.50.",
  })),
};
const none: LeftRows = { total: 0, rows: [], parts: [], hidden: false };

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
  { id: "2", fileName: `${unbroken}.csv`, state: "failed", createdAt: at, read: 0, added: 0, skipped: 0, rejected: 0 },
  { id: "3", fileName: "second list.csv", state: "mapping", createdAt: at, read: 0, added: 0, skipped: 0, rejected: 0 },
];

const fields = [
  { key: "name", title: "Item name", help: "What you call it at the counter." },
  { key: "strength", title: "Strength", help: "How much of the medicine one unit holds." },
  { key: "retailPrice", title: "Retail price", help: "What a customer pays, without tax." },
  { key: "costPrice", title: "Cost price", help: "What you pay, without tax." },
  { key: "stockQuantity", title: "Quantity in stock", help: "What is on the shelf now." },
];

const mapping: Omit<ImportMappingPageProps, "shell"> = {
  file,
  moved: false,
  errors: {},
  sheets: ["Stock list", "Suppliers"],
  sheet: "Stock list",
  headerRow: 3,
  firstRows: [
    { number: 1, text: "Acacia Pharmacy, stock as of 24 November 2026" },
    { number: 3, text: "Item*, Strength, Sell price, Qty" },
  ],
  columns: [
    { heading: "Item*", field: "name", samples: ["Panadol 500 mg tablets", "Amoxil 250 mg/5 ml syrup"], isOurs: false },
    { heading: "Strength", field: "strength", samples: ["500 mg", "250 mg/5 ml", "50 g"], isOurs: false },
    { heading: "Sell price", field: "retailPrice", samples: ["5.00", "320.00", "KES 450"], isOurs: false },
    { heading: "", field: "", samples: [], isOurs: false },
    { heading: "Qty", field: "stockQuantity", samples: ["240", "12"], isOurs: false },
  ],
  fields,
  values: {
    rate: "1",
    taxClass: "parked",
    priceUnit: "base",
    costUnit: "base",
    stockUnit: "",
    dateOrder: "dmy",
    decimalMark: "point",
    decimalMarkFor: "2,4",
    branchId: "b1",
  },
  branches: [
    { value: "b1", label: "Main branch (HQ)" },
    { value: "b2", label: "Westlands (WEST)" },
  ],
  currency: "KES",
  preview: [
    {
      number: 4,
      ok: true,
      name: "Panadol 500 mg tablets",
      details: ["500 mg", "sold by the tablet", "KES 5.00 per tablet", "stock 240 × tablet in Main branch"],
    },
    { number: 5, ok: false, reason: "“twelve” is not a price. Write only the number, like 12.50." },
  ],
};

const hostileMapping: Omit<ImportMappingPageProps, "shell"> = {
  ...mapping,
  file: hostileFile,
  fault: hostile,
  sameFile: { ...hostileFile, id: "0193-same" },
  sheets: [hostile, unbroken],
  firstRows: [{ number: 3, text: hostile + unbroken }],
  columns: [
    { heading: hostile, field: "", samples: [hostile, unbroken], isOurs: false },
    { heading: unbroken, field: "name", samples: [], isOurs: false },
  ],
  errors: {
    columns: "Say which column has the item's name, or its generic name.",
    "column-0": "“Item name” is chosen for an earlier column. Leave one of the two out.",
    stockUnit: "Say what the quantities count: ten boxes or ten tablets?",
    decimalMark: "“1.234” in row 17 may be either. Say what stands before decimals in this file.",
  },
  values: { ...mapping.values, decimalMark: "" },
  twoReadings: { row: 17, text: hostile, point: "a bit more than 1", comma: "1234" },
  preview: [{ number: 4, ok: true, name: unbroken, details: [hostile, unbroken] }],
};

const outcome: ImportOutcome = {
  total: 10_000,
  read: 10_000,
  added: 9_100,
  updated: 40,
  skipped: 817,
  rejected: 43,
  parked: 312,
  stocked: 8_800,
  stockLeft: 12,
  documents: ["OPN-HQ-000001", "OPN-WEST-000001"],
  undone: 0,
  kept: 0,
};

const found = { total: 10_000, added: 9_140, known: 817, rejected: 43, parked: 312, stocked: 8_800, stockLeft: 12 };
const working = { done: 6240, total: 10_000, rowsPerSecond: 412.4, secondsLeft: 9 };

const past: PastImport = {
  ...file,
  state: "done",
  added: 9_100,
  updated: 40,
  skipped: 817,
  rejected: 43,
  undone: 0,
  kept: 0,
  hasRejectedFile: true,
  canUndo: true,
};

export function importSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Items");
  const settings = shellOf(context, "Settings", undefined, undefined, "Imports");
  const figures = ["Added", "Updated", "Skipped", "Rejected"].map((label, index) => ({ label, count: 6100 >> index }));
  const progress = (state: "waiting" | "reading" | "checking" | "running" | "undoing", work = {}) => (
    <ImportProgressPage shell={shell} file={file} moved={false} work={{ state, done: 0, ...work }} figures={figures} />
  );
  const result = (state: "paused" | "done" | "stopped" | "undone" | "cancelled" | "failed", more = {}) => (
    <ImportResultPage
      shell={shell}
      file={file}
      moved={false}
      state={state}
      outcome={outcome}
      left={left}
      canUndo
      kept={[]}
      {...more}
    />
  );
  return {
    import: <ImportPage shell={shell} errors={{}} recent={recent} fields={fields} fromSetup={false} />,
    "import-errors": (
      <ImportPage
        shell={shell}
        errors={{ file: "The file is larger than 4 MB. Split it." }}
        recent={[]}
        fields={fields}
        fromSetup
      />
    ),
    "import-waiting": (
      <ImportProgressPage shell={shell} file={file} moved={false} work={{ state: "waiting", done: 0 }} figures={[]} />
    ),
    "import-mapping": <ImportMappingPage shell={shell} {...mapping} />,
    "import-mapping-decimals": (
      <ImportMappingPage
        shell={shell}
        {...mapping}
        twoReadings={{ row: 17, text: "KES 1.234", point: "a bit more than 1", comma: "1234" }}
      />
    ),
    "import-mapping-ours": (
      <ImportMappingPage
        shell={shell}
        {...mapping}
        file={{ ...file, fileName: "rows-not-taken.csv" }}
        columns={[
          { heading: "Row", field: "", samples: ["17", "228"], isOurs: true },
          { heading: "Reason", field: "", samples: ["“twelve” is not a price. Write only the number."], isOurs: true },
          ...mapping.columns,
        ]}
      />
    ),
    "import-mapping-hostile": <ImportMappingPage shell={shell} {...hostileMapping} />,
    "import-mapping-closed": <ImportClosedPage shell={shell} file={file} moved />,
    "import-checking": progress("checking", working),
    "import-checked": <ImportCheckPage shell={shell} file={file} moved={false} errors={{}} found={found} left={left} />,
    "import-checked-empty": (
      <ImportCheckPage
        shell={shell}
        file={hostileFile}
        moved
        errors={{ onKnown: "Say what happens to items that you have already." }}
        found={{ total: 3, added: 0, known: 0, rejected: 3, parked: 0, stocked: 0, stockLeft: 0 }}
        left={{ ...left, hidden: true }}
      />
    ),
    "import-running": progress("running", working),
    "import-paused": result("paused", {
      outcome: { ...outcome, read: 4_500 },
      failure: "The import did not get on, because of a fault on our side. Go on in a few minutes, or end it here.",
    }),
    "import-done": result("done"),
    "import-stopped": result("stopped", {
      outcome: { ...outcome, read: 4_500, added: 3_600, stocked: 3_500, parked: 12 },
      left: none,
    }),
    "import-done-parts": result("done", {
      left: {
        ...left,
        total: 52_117,
        parts: [
          { rows: 20_140, firstRow: 2, lastRow: 31_812 },
          { rows: 19_877, firstRow: 31_815, lastRow: 70_004 },
          { rows: 12_100, firstRow: 70_009, lastRow: 99_998 },
        ],
      },
    }),
    "import-undoing": progress("undoing", working),
    "import-undone": result("undone", {
      outcome: { ...outcome, undone: 9_130, kept: 2 },
      left: none,
      kept: [
        {
          row: 12,
          itemId: "i1",
          itemName: "Panadol 500 mg",
          reason: "Somebody has changed or archived the item since.",
        },
        {
          row: 13,
          itemId: "i2",
          itemName: hostile + unbroken,
          reason: "Some of the opening stock has left the shelf.",
        },
      ],
    }),
    "import-cancelled": result("cancelled", { left: none }),
    "import-failed": result("failed", { file: hostileFile, failure: hostile, left: none }),
    "import-history": (
      <ImportHistoryPage
        shell={settings}
        imports={[
          past,
          { ...past, id: "2", state: "undone", undone: 9_000, kept: 3, canUndo: false },
          { ...past, ...hostileFile, id: "3", state: "failed", hasRejectedFile: false, canUndo: false },
          { ...past, id: "4", fileName: `${unbroken}.csv`, state: "running", canUndo: false },
        ]}
        next="/settings/imports?after=4"
        previous="/settings/imports"
      />
    ),
    "import-history-empty": <ImportHistoryPage shell={settings} imports={[]} />,
  };
}
