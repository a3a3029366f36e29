import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { build } from "@pharmasight/views/build";
import { assetUrls } from "@pharmasight/views/shared/assets";
import chromiumBinary from "@sparticuz/chromium";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostile, samplePages } from "./samples.tsx";

/*
 * Every page in every state, in a real browser under the product's content security policy, at the width of a phone
 * and of a desk, in both colour schemes. Pictures of all of it are in test/screenshots.
 */
const screenshots = join(import.meta.dirname, "../screenshots");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'";
const contentTypes: Record<string, string> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const names = Object.keys(samplePages(() => ""));

let folder: string;
let server: Server;
let origin: string;
let browser: Browser;
let pages: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-views-"));
  await mkdir(screenshots, { recursive: true });
  const { manifest, folder: built } = await build(join(folder, "dist"));
  pages = samplePages(assetUrls(manifest));
  server = createServer(async (request, response) => {
    const name = (request.url ?? "/").split("?")[0]?.slice(1) ?? "";
    const page = pages[name];
    if (page !== undefined) {
      response
        .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
        .end(String(page));
    } else if (name.startsWith("assets/")) {
      const file = await readFile(join(built, name.slice(7)));
      response.writeHead(200, { "content-type": contentTypes[extname(name)] }).end(file);
    } else {
      response.writeHead(204).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  browser = await chromium.launch({
    executablePath: await chromiumBinary.executablePath(),
    // In a single process, the first closed window ends the browser.
    args: chromiumBinary.args.filter((argument) => argument !== "--single-process"),
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

test.each(names)(
  "%s: readable, accessible and without sideways scroll at both widths and in both schemes",
  async (name) => {
    const context = await browser.newContext({ reducedMotion: "reduce" });
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("dialog", (dialog) => {
        complaints.push(`A script ran: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(`${origin}/${name}`);
      await page.evaluate("document.fonts.ready.then(() => true)");
      expect(complaints).toEqual([]);

      for (const width of [375, 1440]) {
        await page.setViewportSize({ width, height: width === 375 ? 812 : 900 });
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          expect(overflow, `${name} at ${width} px scrolls sideways`).toBe(0);
          await page.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
          // Each colour once: the two widths share them, and axe takes most of the time.
          if ((width === 375) === (colorScheme === "light")) expect(await seriousProblems(page)).toEqual([]);
        }
      }
    } finally {
      await context.close();
    }
  },
  30_000,
);

test("text that people typed is never markup", () => {
  const marked = Object.entries(pages).filter(([, page]) => String(page).includes("<script>alert"));
  expect(marked.map(([name]) => name)).toEqual([]);
  expect(String(pages["items-hostile"])).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(String(pages["sign-up-errors"])).not.toContain(hostile);
});

test("no page needs an exception from the content security policy", () => {
  for (const [name, page] of Object.entries(pages)) {
    expect(String(page), name).not.toMatch(/<[^>]*\sstyle=|<style|\son[a-z]+="|<script(?![^>]*\ssrc=)/);
  }
});

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

async function seriousProblems(page: Page): Promise<string[]> {
  // Runs through the debugger, which the page's policy does not bind.
  await page.evaluate(`if (!window.axe) { ${axeSource} }`);
  const violations = await page.evaluate<Violation[]>(
    'axe.run({ resultTypes: ["violations"] }).then((result) => result.violations)',
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`),
    );
}
