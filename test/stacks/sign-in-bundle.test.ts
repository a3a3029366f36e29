import { resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Packages that only signing in needs, and the till's start must not wait for. */
const ofSigningIn = ["better-auth", "otpauth", "uqr"];

async function packagesIn(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [resolve(root, "packages/functions", entry)],
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return ofSigningIn.filter((name) => files.some((file) => file.includes(`node_modules/${name}/`)));
}

test("hashing, one-time codes and QR codes are bundled where people sign in, and not with their daily work", async () => {
  expect(await packagesIn("tenant/auth/app.tsx")).toEqual(ofSigningIn);
  expect(await packagesIn("tenant/app/app.tsx")).toEqual([]);
});
