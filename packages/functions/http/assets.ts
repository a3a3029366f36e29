import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { edgeConfig } from "@pharmasight/adapters/config";
import { assetUrls } from "@pharmasight/views/shared/assets";
import type { PageContext } from "@pharmasight/views/shared/context";
import type { Hono } from "hono";
import * as z from "zod";
import type { EdgeContext, EdgeEnv } from "./bindings.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

let loaded: { folder: string; manifest: Readonly<Record<string, string>> } | undefined;

/** Read once per process: the folder is part of what is deployed. */
function build(): { folder: string; manifest: Readonly<Record<string, string>> } {
  if (loaded === undefined) {
    const folder = edgeConfig().ASSETS_DIR;
    const manifest = z
      .record(z.string(), z.string())
      .parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
    loaded = { folder, manifest };
  }
  return loaded;
}

/** Serves the built files of the asset manifest, and nothing else of the folder, to be cached for ever. */
export function serveAssets(app: Hono<EdgeEnv>): void {
  app.get("/assets/:name", async (c) => {
    const name = c.req.param("name");
    const { folder, manifest } = build();
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined || !Object.values(manifest).includes(name)) return c.notFound();
    return c.body(new Uint8Array(await readFile(join(folder, name))), 200, {
      "content-type": contentType,
      "cache-control": "public, max-age=31536000, immutable",
    });
  });
}

export function pageContext(c: EdgeContext): PageContext {
  return {
    assets: assetUrls(build().manifest),
    requestId: c.env.origin.requestId,
    version: edgeConfig().VERSION,
    path: c.req.path,
  };
}
