import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gallery, openGallery } from "./gallery.ts";
import { hostile, samplePages } from "./samples.ts";

/*
 * Every page in every state, in a real browser under the product's content security policy, at the width of a phone
 * and of a desk, in both colour schemes. Pictures of all of it are in test/screenshots.
 */
const screenshots = join(import.meta.dirname, "../screenshots");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const names = Object.keys(samplePages(() => ""));

let gallery: Gallery;
let context: BrowserContext;

beforeAll(async () => {
  await mkdir(screenshots, { recursive: true });
  gallery = await openGallery();
  context = await gallery.browser.newContext({ reducedMotion: "reduce" });
}, 60_000);

afterAll(() => gallery?.close());

describe("readable, accessible and without sideways scroll at both widths and in both schemes", () => {
  test.each(names)("%s", { timeout: 60_000 }, async (name) => {
    const page = await context.newPage();
    try {
      const complaints = collectComplaints(page);
      await page.goto(`${gallery.origin}/pages/${name}`);
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
          await page.evaluate("scrollTo(0, 0)");
          await page.screenshot({ path: join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
          // Structure once and colours once per scheme, since axe takes most of the time.
          if (width === 375 && colorScheme === "light") expect(await seriousProblems(page, {})).toEqual([]);
          if (width === 1440 && colorScheme === "dark") expect(await seriousProblems(page, contrast)).toEqual([]);
        }
      }
    } finally {
      await page.close();
    }
  });
});

test("text that people typed is never markup", () => {
  const marked = Object.entries(gallery.pages).filter(([, page]) => String(page).includes("<script>alert"));
  expect(marked.map(([name]) => name)).toEqual([]);
  expect(String(gallery.pages["items-hostile"])).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(String(gallery.pages["sign-up-errors"])).not.toContain(hostile);
});

test("no page needs an exception from the content security policy", () => {
  for (const [name, page] of Object.entries(gallery.pages)) {
    expect(String(page), name).not.toMatch(/<[^>]*\sstyle=|<style|<[^>]*\son[a-z]+="|<script(?![^>]*\ssrc=)/);
  }
});

/** Errors, refused resources and scripts that ran though they should not. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`A script ran: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

const contrast = { runOnly: ["color-contrast"] };

async function seriousProblems(page: Page, options: object): Promise<string[]> {
  // Runs through the debugger, which the page's policy does not bind.
  await page.evaluate(`if (!window.axe) { ${axeSource} }`);
  const violations = await page.evaluate<Violation[]>(
    `axe.run(${JSON.stringify({ ...options, resultTypes: ["violations"] })}).then((result) => result.violations)`,
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
}
