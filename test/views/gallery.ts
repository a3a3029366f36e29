import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { build } from "@pharmasight/views/build";
import { assetUrls } from "@pharmasight/views/shared/assets";
import chromiumBinary from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";
import { samplePages } from "./samples.ts";

const contentTypes: Record<string, string> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'";

export interface Gallery {
  origin: string;
  browser: Browser;
  pages: Readonly<Record<string, unknown>>;
  /** Method and path of every request that is neither a page nor a file. */
  requests: string[];
  /** What such a request is answered with; 204 without a body when there is nothing. */
  answers: Map<string, string>;
  close(): Promise<void>;
}

/** The sample pages under the product's content security policy, and a browser to open them in. */
export async function openGallery(): Promise<Gallery> {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-views-"));
  const { manifest, folder: built } = await build(join(folder, "dist"));
  const pages = samplePages(assetUrls(manifest));
  const requests: string[] = [];
  const answers = new Map<string, string>();

  const server = createServer(async (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const page = path.startsWith("/pages/") ? pages[path.slice("/pages/".length)] : undefined;
    if (page === undefined && path.startsWith("/assets/")) {
      const file = await readFile(join(built, path.slice("/assets/".length)));
      response
        .writeHead(200, { "content-type": contentTypes[extname(path)], "cache-control": "max-age=3600" })
        .end(file);
      return;
    }
    if (page === undefined) requests.push(`${request.method} ${request.url}`);
    const body = page === undefined ? answers.get(path) : String(page);
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
    response.writeHead(body === undefined ? 204 : 200, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const browser = await chromium.launch({
    executablePath: await chromiumBinary.executablePath(),
    // In a single process, the first closed window ends the browser.
    args: chromiumBinary.args.filter((argument) => argument !== "--single-process"),
  });

  return {
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    browser,
    pages,
    requests,
    answers,
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
