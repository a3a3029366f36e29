import type { ModuleRequiredPageProps } from "@pharmasight/views/tenant/errors.tsx";

/** What people read of each module. */
export const modules = {
  inventory: {
    name: "Inventory",
    summary: "Every medicine on your shelves, found in a second.",
    points: [
      "Search by name, brand, number or barcode",
      "Import your list from a spreadsheet",
      "An API for your programs",
    ],
    planName: "Starter",
  },
  api_access: {
    name: "API access",
    summary: "Connect your web shop and your own programs.",
    points: [
      "Keys for your programs, each allowed only what it needs",
      "Read your items and prices, and add new ones",
      "See when each key was last used, and stop it at once",
    ],
    planName: "Professional",
  },
} as const satisfies Record<string, Omit<ModuleRequiredPageProps["module"], "points"> & { points: readonly string[] }>;

export type ModuleName = keyof typeof modules;
