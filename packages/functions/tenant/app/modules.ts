import type { ModuleRequiredPageProps } from "@pharmasight/views/tenant/errors.tsx";

type Offered = Pick<ModuleRequiredPageProps["module"], "summary" | "planName"> & { readonly points: readonly string[] };

/** What people read of each module that has pages, and the smallest plan with it. */
export const modules = {
  inventory: {
    summary: "Every medicine on your shelves, found in a second.",
    points: [
      "Search by name, brand, number or barcode",
      "Import your list from a spreadsheet",
      "An API for your programs",
    ],
    planName: "Starter",
  },
  api_access: {
    summary: "Connect your web shop and your own programs.",
    points: [
      "Keys for your programs, each allowed only what it needs",
      "Read your items and prices, and add new ones",
      "See when each key was last used, and stop it at once",
    ],
    planName: "Professional",
  },
} as const satisfies Record<string, Offered>;

export type ModuleName = keyof typeof modules;
