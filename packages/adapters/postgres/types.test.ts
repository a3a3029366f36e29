import fc from "fast-check";
import { expect, test } from "vitest";
import { formatArray, parseArray } from "./types.ts";

const text = (value: string) => value;

test("an array of any texts and nulls comes back as it was written", () => {
  const element = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("NULL", "null", "", "{}", '"', "\\", ","),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(element), (values) => {
      expect(parseArray(formatArray(values), text)).toEqual(values);
    }),
  );
});

test("arrays as Postgres writes them are read: bare elements, nulls, nesting, lower bounds", () => {
  expect(parseArray("{}", text)).toEqual([]);
  expect(parseArray('{a,"b c",NULL,"NULL","\\"\\\\"}', text)).toEqual(["a", "b c", null, "NULL", '"\\']);
  expect(parseArray("{{1,2},{3,4}}", Number)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(parseArray("[0:1]={7,8}", Number)).toEqual([7, 8]);
});

test("a value without a plain text is refused as an element", () => {
  expect(() => formatArray([{ a: 1 }])).toThrow(TypeError);
  expect(() => formatArray([undefined])).toThrow(TypeError);
});
