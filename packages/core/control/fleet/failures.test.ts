import fc from "fast-check";
import { expect, test } from "vitest";
import { ATTEMPTS_MAX, outlookOf } from "./failures.ts";

const outlook = (sqlState: string | undefined, attempts = 1, before?: string, isConnection = false) =>
  outlookOf({ sqlState, isConnection }, attempts, before, 0.5);

test.each(["55P03", "40P01", "40001", "53300", "57P01", "57P02", "57P03", "08006", "08001"])(
  "%s is tried again",
  (state) => {
    expect(outlook(state).kind).toBe("retry");
    expect(outlook(state, ATTEMPTS_MAX - 1).kind).toBe("retry");
    expect(outlook(state, ATTEMPTS_MAX).kind).toBe("fail");
  },
);

test.each(["22012", "23514", "42703", "42P01", "XX000", "P0001", "53000", undefined])("%s fails at once", (state) => {
  expect(outlook(state)).toEqual({ kind: "fail" });
});

test("a statement that ran into its limit gets one more try", () => {
  expect(outlook("57014").kind).toBe("retry");
  expect(outlook("57014", 2, "57014").kind).toBe("fail");
  expect(outlook("57014", 2, "55P03").kind).toBe("retry");
  // By turns with something that passes, it is not tried for ever either.
  expect(outlook("57014", 3, "55P03")).toEqual({ kind: "fail" });
});

test("a full disk and spent memory are tried again after minutes, and not often", () => {
  for (const state of ["53100", "53200"]) {
    expect(outlook(state)).toEqual({ kind: "retry", seconds: 675 });
    expect(outlook(state, 3).kind).toBe("fail");
  }
});

test("a connection that failed is tried again, unless it was refused for good", () => {
  expect(outlook(undefined, 1, undefined, true).kind).toBe("retry");
  expect(outlook("28P01", 1, undefined, true).kind).toBe("fail");
  expect(outlook("3D000", 1, undefined, true).kind).toBe("fail");
});

test("whatever happens, it is tried again within a quarter of an hour and not for ever", () => {
  const states = fc.option(fc.constantFrom("55P03", "57014", "53100", "08006", "42601", "XX000"), { nil: undefined });
  fc.assert(
    fc.property(
      states,
      states,
      fc.boolean(),
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (sqlState, before, isConnection, attempts, random) => {
        const found = outlookOf({ sqlState, isConnection }, attempts, before, random);
        if (attempts >= ATTEMPTS_MAX) expect(found.kind).toBe("fail");
        if (found.kind === "retry") {
          expect(found.seconds).toBeGreaterThan(0);
          expect(found.seconds).toBeLessThanOrEqual(900);
        }
      },
    ),
  );
});
