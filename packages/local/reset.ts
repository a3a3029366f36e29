import { join } from "node:path";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { repositoryRoot } from "./lambda.ts";
import { repairDataFolder } from "./postgres/recovery.ts";
import { defaultStateDir, isStateFolder, removeState } from "./state.ts";

/** `npm run reset`: forgets every tenant, mail and message of the local stack. Refuses while it runs. */
async function main(): Promise<void> {
  const dir = defaultStateDir(repositoryRoot);
  if (!(await isStateFolder(dir))) {
    console.log(`There is nothing to reset: ${dir} holds no state.`);
    return;
  }
  await removeState(dir, () => repairDataFolder(join(dir, "postgres"), (line) => console.log(line)));
  console.log(`Removed ${dir}.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof DomainError ? error.message : error);
  process.exit(1);
});
