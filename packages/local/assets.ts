import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "./lambda.ts";

const VIEWS = join(repositoryRoot, "packages/views");
const BUILT = join(VIEWS, "dist/manifest.json");

/** Builds what browsers load when it is missing or older than a page or an asset. */
export async function refreshAssets(log: (line: string) => void): Promise<void> {
  const built = (await stat(BUILT).catch(() => undefined))?.mtimeMs ?? 0;
  if (built > (await newest(VIEWS))) return;
  log("Building the style sheet …");
  const { build } = await import("@pharmasight/views/build");
  await build();
}

/** Time of the latest change below `folder`, in ms; what is built or installed does not count. */
async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const times = entries
    .filter((entry) => !/^(dist|node_modules)/.test(entry.name))
    .map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? newest(path) : (await stat(path)).mtimeMs;
    });
  return Math.max(0, ...(await Promise.all(times)));
}
