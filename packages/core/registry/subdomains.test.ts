import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Subdomains } from "./subdomains.ts";

describe("a pharmacy's name in its address", () => {
  test.each(["alfa", "good-health", "apteka24", "mc2", "findlay", "barnes", "corner-shop-chemist", "pharma-light"])(
    "may be %s",
    (name) => {
      expect(Subdomains.check(name)).toEqual({ ok: true, label: name });
    },
  );

  test.each([
    ["", "empty"],
    ["ab", "invalid"],
    ["a".repeat(64), "invalid"],
    ["-alfa", "invalid"],
    ["alfa-", "invalid"],
    ["al--fa", "invalid"],
    ["xn--alfa", "invalid"],
    ["al_fa", "invalid"],
    ["al.fa", "invalid"],
    ["álfa", "invalid"],
    ["💊💊💊", "invalid"],
    ["1234", "invalid"],
    ["'; drop table tenants; --", "invalid"],
    ["<b>alfa</b>", "invalid"],
    ["admin", "reserved"],
    ["ADMIN", "reserved"],
    ["adm1n", "reserved"],
    ["ad-min", "reserved"],
    ["www", "reserved"],
    ["pharmas1ght", "reserved"],
    ["pharmasight-login", "reserved"],
    ["find", "reserved"],
    ["f1nd", "reserved"],
    ["adrnin", "reserved"],
    ["vvebrnail", "reserved"],
    ["5upp0rt", "reserved"],
    ["b1ll1ng", "reserved"],
    ["4p1", "reserved"],
    ["a-d-m-i-n", "reserved"],
    ["pharma-sight", "reserved"],
    ["pharrnasight", "reserved"],
    ["pharmaslght-pay", "reserved"],
    ["my-pharmasight", "reserved"],
    ["secure-pharmas1ght-login", "reserved"],
    // Cyrillic letters that look like ours, as typed and as a browser writes them.
    ["аdmin", "invalid"],
    ["xn--dmin-5cd", "invalid"],
  ])("may not be %j: %s", (name, reason) => {
    expect(Subdomains.check(name)).toMatchObject({ ok: false, reason });
  });

  test("is accepted as a DNS label or refused in words, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (input) => {
        const check = Subdomains.check(input);
        if (check.ok) expect(check.label).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
        else expect(check.message.length).toBeGreaterThan(10);
      }),
      { numRuns: 1000 },
    );
  });
});
