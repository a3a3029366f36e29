import { describe, expect, test } from "vitest";
import { samplePages } from "./samples.ts";

const pages = Object.entries(samplePages(() => ""))
  .filter(([name]) => name.startsWith("billing-"))
  .map(([name, page]) => [name, String(page)] as const);

/** What a page shows between its navigation and its footer. */
const mainOf = (page: string): string => page.slice(page.indexOf("<main"), page.indexOf("</main>"));

describe.each(pages)("%s", (_, page) => {
  const main = mainOf(page);

  test("has one thing to do next at most", () => {
    expect(main.match(/\bbtn-primary\b/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test("sends no form without its token, or twice", () => {
    for (const [form] of main.matchAll(/<form.*?<\/form>/gs)) {
      expect(form).toMatch(/^<form method="post" action="\/billing\/[^"]+" data-once/);
      expect(form).toContain('<input type="hidden" name="formToken" value="form-token"/>');
    }
  });

  test("names no element twice", () => {
    const ids = [...main.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });
});

test("what is overdue is paid by the one button, and what has ended begins again by it", () => {
  const all = new Map(pages);
  for (const name of ["billing-past-due", "billing-past-due-confirmation", "billing-paused-unpaid"]) {
    expect(mainOf(all.get(name) ?? ""), name).toMatch(/<a href="\/billing\/invoices\/i5\/pay" class="btn btn-primary"/);
  }
  expect(mainOf(all.get("billing-paused-trial") ?? "")).toContain('<a href="/billing/plans" class="btn btn-primary"');
  expect(mainOf(all.get("billing-plans-hostile") ?? "")).toContain('action="/billing/checkout"');
});
