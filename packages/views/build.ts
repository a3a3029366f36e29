import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

export interface AssetBuild {
  /** Folder with the hashed files and `manifest.json`. */
  folder: string;
  /** Logical name → hashed name. */
  manifest: Record<string, string>;
}

const here = import.meta.dirname;
const { resolve } = createRequire(import.meta.url);

/**
 * Builds what browsers load: the style sheet, our script, htmx, the font and the icon, each under a name that
 * carries the hash of its content, so that it may be cached for ever. The folder is replaced as a whole.
 */
export async function build(folder = join(here, "dist")): Promise<AssetBuild> {
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}-`);
  const manifest: Record<string, string> = {};
  const add = async (name: string, content: Uint8Array): Promise<string> => {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
    const extension = extname(name);
    const hashed = `${name.slice(0, -extension.length)}.${hash}${extension}`;
    await writeFile(join(fresh, hashed), content);
    manifest[name] = hashed;
    return hashed;
  };

  try {
    const font = await add(
      "inter.woff2",
      await readFile(resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2")),
    );
    await add("htmx.js", await readFile(resolve("htmx.org/dist/htmx.min.js")));
    await add("app.js", await readFile(join(here, "assets/app.js")));
    await add("favicon.svg", await readFile(join(here, "assets/favicon.svg")));
    const css = await buildStyleSheet(join(fresh, "app.css"));
    await add("app.css", Buffer.from(css.replaceAll("inter.woff2", font)));
    await writeFile(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);

    await rm(folder, { recursive: true, force: true });
    // mkdtemp makes a private folder; these files are public, and another user may serve them.
    await chmod(fresh, 0o755);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return { folder, manifest };
}

/** Runs Tailwind's command line over the pages and returns the minified style sheet. */
async function buildStyleSheet(output: string): Promise<string> {
  const cli = join(dirname(resolve("@tailwindcss/cli/package.json")), "dist/index.mjs");
  const input = join(here, "assets/app.css");
  await promisify(execFile)(process.execPath, [cli, "--input", input, "--output", output, "--minify"], { cwd: here });
  const css = await readFile(output, "utf8");
  await rm(output);
  return css;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { folder, manifest } = await build();
  process.stdout.write(`${Object.keys(manifest).length} files in ${folder}\n`);
}
