import fc from "fast-check";
import { expect, test } from "vitest";
import { checksum, tokens } from "./migration.ts";

const same = (a: string, b: string) => expect(checksum(a)).toBe(checksum(b));
const different = (a: string, b: string) => expect(checksum(a), `${a} | ${b}`).not.toBe(checksum(b));

test("white space and comments may change after a migration was applied", () => {
  same("create table a (b int);", "create table a(\n  b int -- why\n);\n");
  same("select 1", "/* outer /* inner */ still outer */ select 1");
  same("select a<=b", "select a <= b");
  same("select 1-/* minus */2", "select 1 - 2");
});

test("nothing else may change", () => {
  different("select 1", "select 2");
  different("create table a (b int)", "create table a (b bigint)");
  different("select 'a  b'", "select 'a b'");
  different("select '--x'", "select ''");
  different('select "a b"', 'select "a  b"');
  different("do $$ begin  end $$", "do $$ begin end $$");
  different("do $a$ /* x */ $a$", "do $a$ $a$");
  different("select E'\\' -- '", "select E'\\' - '");
  different("select a < = b", "select a <= b");
  different("select ab", "select a b");
  different("select 'it''s'", "select 'it' 's'");
});

test("what looks like a comment or a quote inside another token is part of it", () => {
  expect(tokens("select '/*', \"--\", $x$ 'it's $$ $x$, a$b$c")).toEqual([
    "select",
    "'/*'",
    ",",
    '"--"',
    ",",
    "$x$ 'it's $$ $x$",
    ",",
    "a$b$c",
  ]);
});

test("a script with an open quote or comment is refused instead of half read", () => {
  for (const sql of ["select 'a", 'select "a', "/* a /* b */", "select 1 /*"]) {
    expect(() => tokens(sql), sql).toThrow(SyntaxError);
  }
});

test("whatever white space stands between tokens, the checksum is the same", () => {
  const token = fc.constantFrom("select", "a1", "'x y'", '"Q"', "$$ b $$", "12.5", ",", "(", ")", ";");
  const gap = fc.constantFrom(" ", "\n", "\t ", " -- c\n", "/* d */ ");
  fc.assert(
    fc.property(fc.array(fc.tuple(token, gap, gap)), (parts) => {
      same(parts.map(([text, one]) => text + one).join(""), parts.map(([text, , two]) => text + two).join(""));
    }),
  );
});
