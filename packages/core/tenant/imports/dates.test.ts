import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DateOrder, guessDateOrder, isoOfSerial, readExpiry } from "./dates.ts";

const read = (text: string, order: DateOrder = "dmy") => {
  const date = readExpiry(text, order);
  return date.ok ? date.value : date.reason;
};

test.each([
  ["2027-01-31", "2027-01-31"],
  ["2027/1/31", "2027-01-31"],
  ["2027-01-31 00:00:00", "2027-01-31"],
  ["2027-01-31T00:00:00.000Z", "2027-01-31"],
  ["20270131", "2027-01-31"],
  ["31/01/2027", "2027-01-31"],
  ["31.1.27", "2027-01-31"],
  ["03-04-2027", "2027-04-03"],
  ["31-Jan-2027", "2027-01-31"],
  ["31 January 27", "2027-01-31"],
  ["31st Jan 2027", "2027-01-31"],
  ["Jan 31, 2027", "2027-01-31"],
  ["46418", "2027-01-31"],
  ["46418.5", "2027-01-31"],
  // A month means its last day.
  ["2027-02", "2027-02-28"],
  ["02/2028", "2028-02-29"],
  ["2-2027", "2027-02-28"],
  ["02/27", "2027-02-28"],
  ["Jan-27", "2027-01-31"],
  ["JAN 2027", "2027-01-31"],
  ["Sept-27", "2027-09-30"],
  ["Dec27", "2027-12-31"],
  ["٣١/٠١/٢٠٢٧", "2027-01-31"],
  ["۲۰۲۷-۰۱", "2027-01-31"],
])("%j is %s", (text, date) => {
  expect(read(text)).toBe(date);
});

test.each(["", "-", "N/A", "NaN", "none", "No expiry"])("%j says nothing", (text) => {
  expect(read(text)).toBeNull();
});

test.each([
  ["2027-02-30", /no day of the calendar/],
  ["31/02/2027", /no date when read as day\/month\/year/],
  ["01/31/2027", /order of dates/],
  ["13/2027", /no day of the calendar/],
  ["27-Jan", /does not tell the year/],
  ["01/12", /does not tell the year/],
  ["soon", /“soon” is not a date/],
  ["12", /not a date/],
  ["99999", /not a date/],
  ["1/1/202", /not a date/],
  ["1/2/7", /a year of one digit/],
  ["1.2.7", /a year of one digit/],
  ["31/12/7", /a year of one digit/],
  ["1 Feb 7", /a year of one digit/],
  ["Feb 7", /a year of one digit/],
  ["0000-00-00", /no day of the calendar/],
])("%j is refused: %s", (text, reason) => {
  expect(read(text)).toMatch(reason);
});

test("the order of the file decides, and never the number", () => {
  expect(read("03/04/2027", "mdy")).toBe("2027-03-04");
  expect(read("31/01/2027", "mdy")).toMatch(/month\/day\/year/);
  expect(read("27/01/31", "ymd")).toBe("2027-01-31");
  expect(read("31/01/2027", "ymd")).toBe("2027-01-31");
  expect(read("27/1/5", "ymd")).toBe("2027-01-05");
  expect(read("7/1/05", "ymd")).toMatch(/a year of one digit/);
  expect(read("1/2/7", "mdy")).toMatch(/a year of one digit/);
});

test.each([
  [["03/04/2027", "31/01/2027", "Jan-27", ""], "dmy"],
  [["03/04/2027", "01/31/2027"], "mdy"],
  [["27/01/03", "99/01/31"], "ymd"],
  [["٣١/٠١/٢٠٢٧"], "dmy"],
  [["03/04/2027", "2027-01-31"], undefined],
  [["31/01/2027", "01/31/2027"], undefined],
])("the order of %j is %s", (values, order) => {
  expect(guessDateOrder(values)).toBe(order);
});

describe("whatever the day", () => {
  const day = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });

  test("it reads the same however it is written", () => {
    fc.assert(
      fc.property(day, (date) => {
        const iso = date.toISOString().slice(0, 10);
        const [y = "", m = "", d = ""] = iso.split("-");
        expect([
          read(iso),
          read(`${d}/${m}/${y}`),
          read(`${m}/${d}/${y}`, "mdy"),
          read(`${d}.${m}.${y.slice(2)}`),
        ]).toEqual([iso, iso, iso, iso]);
        const serial = Math.round((Date.parse(iso) - Date.UTC(1899, 11, 30)) / 86_400_000);
        expect([isoOfSerial(serial, false), isoOfSerial(serial - 1462, true)]).toEqual([iso, iso]);
      }),
    );
  });

  test("text becomes a day of the calendar, nothing, or a reason", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^\d{0,4}[-/. ]?([A-Za-z]{3}|\d{0,4})[-/. ]?\d{0,5}$/));
    fc.assert(
      fc.property(text, fc.constantFrom("dmy", "mdy", "ymd"), (cell, order) => {
        const date = readExpiry(cell, order);
        if (!date.ok) expect(date.reason).toMatch(/\.$/);
        else if (date.value !== null) {
          expect(new Date(`${date.value}T00:00:00Z`).toISOString().slice(0, 10)).toBe(date.value);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
