import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Hostnames } from "./hostnames.ts";

const root = "pharmasight.localhost";
const odd = [
  undefined,
  "",
  " ",
  ".",
  "..",
  ":",
  ":3000",
  "::1",
  "[::1]",
  "[::1]:3000",
  "127.0.0.1",
  "127.0.0.1:3000",
  "0x7f.1",
  "a,b",
  "alfa.pharmasight.localhost,beta.pharmasight.localhost",
  "alfa.pharmasight.localhost beta",
  "user@alfa.pharmasight.localhost",
  "alfa.pharmasight.localhost/path",
  "alfa.pharmasight.localhost?x",
  "alfa.pharmasight.localhost#x",
  "alfa\\.pharmasight.localhost",
  "alfa%2epharmasight.localhost",
  "alfa.pharmasight.localhost\0",
  "alfa.pharmasight.localhost\r\nx: y",
  "é.pharmasight.localhost",
  "xn--.pharmasight.localhost",
  "-alfa.pharmasight.localhost",
  "alfa-.pharmasight.localhost",
  "alfa..pharmasight.localhost",
  "alfa.pharmasight.localhost..",
  "alfa.pharmasight.localhost:",
  "alfa.pharmasight.localhost:999999",
  "alfa.pharmasight.localhost:80:80",
  "a".repeat(10_240),
  `${"a".repeat(64)}.pharmasight.localhost`,
  "admin.pharmasight.localhost",
  "adm1n.pharmasight.localhost",
  "sub.alfa.pharmasight.localhost",
  "pharmasight.localhost.evil.com",
  "alfapharmasight.localhost",
  "*.pharmasight.localhost",
  "_dmarc.pharmasight.localhost",
];

describe("a Host header", () => {
  test("in another case, with a port or a trailing dot means the same pharmacy", () => {
    const variants = ["alfa", "ALFA", "Alfa"].flatMap((label) =>
      ["", ".", ":3000", ".:3000"].map((end) => `${label}.PharmaSight.localhost${end}`),
    );
    for (const variant of variants) {
      expect(Hostnames.target(Hostnames.normalise(variant), root)).toEqual({ kind: "subdomain", key: "alfa" });
    }
  });

  test("of the root or www is the site", () => {
    expect(Hostnames.target("pharmasight.localhost", root)).toEqual({ kind: "site" });
    expect(Hostnames.target("www.pharmasight.localhost", root)).toEqual({ kind: "site" });
  });

  test.each(odd)("%j is no pharmacy's subdomain", (header) => {
    expect(Hostnames.target(Hostnames.normalise(header), root).kind).not.toBe("subdomain");
  });

  test("is normalised totally, and twice is once", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.domain(), fc.ipV6(), fc.webAuthority()),
        (header) => {
          const once = Hostnames.normalise(header);
          expect(once === undefined ? undefined : Hostnames.normalise(once)).toBe(once);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
