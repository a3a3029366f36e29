import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import chromium from "@sparticuz/chromium";
import axe from "axe-core";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { expect } from "vitest";

const folder = resolve(import.meta.dirname, "../screenshots");

/** A browser that comes from the package registry: nothing else to install. */
export async function openBrowser(): Promise<Browser> {
  return playwright.launch({ executablePath: await chromium.executablePath(), args: chromium.args, headless: true });
}

const looks = [
  { name: "phone", width: 375, height: 812, scheme: "light" },
  { name: "phone-dark", width: 375, height: 812, scheme: "dark" },
  { name: "desk", width: 1440, height: 900, scheme: "light" },
  { name: "desk-dark", width: 1440, height: 900, scheme: "dark" },
] as const;

/**
 * Looks at the page as four people would, keeps the pictures for a person to see, and holds it to what can be checked:
 * nothing serious found by axe, no sideways scroll.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.emulateMedia({ colorScheme: look.scheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, `${name}-${look.name}.png`), fullPage: true });
    const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect({ page: name, look: look.name, overflow: Math.max(0, Number(overflow)) }).toEqual({
      page: name,
      look: look.name,
      overflow: 0,
    });
    // What axe finds depends on the scheme's colours and the width's layout, so two of the four looks show it all.
    if (look.name === "phone" || look.name === "desk-dark") continue;
    const found = await page.evaluate<{ impact: string; id: string; nodes: { html: string }[] }[]>(
      `(() => { ${axe.source}; return axe.run().then((result) => result.violations); })()`,
    );
    const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect({
      page: name,
      look: look.name,
      serious: serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
    }).toEqual({ page: name, look: look.name, serious: [] });
  }
}
