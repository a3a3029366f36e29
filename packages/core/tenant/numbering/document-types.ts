/** The kinds of documents that a branch numbers. The type is the first part of the number and never changes. */
export const documentTypes = [
  { type: "INV", title: "Sales invoices" },
  { type: "CRN", title: "Credit notes" },
  { type: "PO", title: "Purchase orders" },
  { type: "OPN", title: "Opening stock" },
] as const;

export type DocumentType = (typeof documentTypes)[number]["type"];

/** The largest number that a series may be started at: it leaves ten times as many for what follows. */
export const START_MAX = 99_999_999;
