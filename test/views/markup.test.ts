import { expect, test } from "vitest";
import { hostile, samplePages } from "./samples.ts";

const pages = samplePages(() => "");

test("text that people typed is never markup", () => {
  const marked = Object.entries(pages).filter(([, page]) => String(page).includes("<script>alert"));
  expect(marked.map(([name]) => name)).toEqual([]);
  expect(String(pages["items-hostile"])).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(String(pages["sign-up-errors"])).not.toContain(hostile);
});

test("no page needs an exception from the content security policy", () => {
  for (const [name, page] of Object.entries(pages)) {
    expect(String(page), name).not.toMatch(/<[^>]*\sstyle=|<style|<[^>]*\son[a-z]+="|<script(?![^>]*\ssrc=)/);
  }
});
