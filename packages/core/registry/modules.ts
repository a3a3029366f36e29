export * as Modules from "./modules.ts";

import type { RegistryEntry } from "./registry.ts";

/** Whether the pharmacy may use a module: its plan has it, or it was granted and has not expired. */
export function isEntitled(entry: RegistryEntry, module: string, at: Date): boolean {
  if (entry.includedModules.includes(module)) return true;
  return entry.grantedModules.some(
    (grant) => grant.module === module && (grant.expiresAt === null || grant.expiresAt > at),
  );
}
