import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gallery, openGallery } from "./gallery.ts";
import { samplePages } from "./samples.ts";

const screenshots = join(import.meta.dirname, "../screenshots");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const names = Object.keys(samplePages(() => ""));

/**
 * Every page in every state, in a real browser under the product's content security policy, at the width of a phone
 * and of a desk, in both colour schemes. Pictures of all of it are in test/screenshots. The pages are tried in two
 * files, so that two workers share them: every other page in each.
 */
export function checkPages(half: "odd" | "even"): void {
  let gallery: Gallery;
  let context: BrowserContext;

  beforeAll(async () => {
    await mkdir(screenshots, { recursive: true });
    gallery = await openGallery();
    context = await gallery.browser.newContext({ reducedMotion: "reduce" });
  }, 60_000);

  afterAll(() => gallery?.close());

  describe("readable, accessible and without sideways scroll at both widths and in both schemes", () => {
    test.each(names.filter((_, index) => index % 2 === (half === "odd" ? 1 : 0)))(
      "%s",
      { timeout: 60_000 },
      async (name) => {
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
      },
    );
  });
}

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
