import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTimeOfDay, timeOnDay } from "./local-time.ts";

const three = { hour: 3, minute: 0 };

test.each([
  ["2026-11-24T00:00:00Z", "Africa/Nairobi", "2026-11-24T00:00:00.000Z", "it is three there now"],
  ["2026-11-24T00:00:01Z", "Africa/Nairobi", "2026-11-25T00:00:00.000Z", "a second late"],
  ["2026-11-23T22:30:00Z", "Africa/Nairobi", "2026-11-24T00:00:00.000Z", "already tomorrow there"],
  ["2026-11-24T12:00:00Z", "Pacific/Kiritimati", "2026-11-24T13:00:00.000Z", "fourteen hours ahead"],
  ["2026-11-24T12:00:00Z", "Pacific/Pago_Pago", "2026-11-24T14:00:00.000Z", "eleven hours behind"],
  ["2026-03-28T22:00:00Z", "Europe/Berlin", "2026-03-29T01:00:00.000Z", "the night the clock goes forward"],
  ["2026-10-25T00:00:00Z", "Europe/Berlin", "2026-10-25T02:00:00.000Z", "the night the clock goes back"],
  ["2024-02-28T12:00:00Z", "Africa/Nairobi", "2024-02-29T00:00:00.000Z", "a leap day"],
])("three o'clock from %s in %s is %s: %s", (at, zone, expected) => {
  expect(nextTimeOfDay(new Date(at), zone, three).toISOString()).toBe(expected);
});

test("a time that the clock jumps over comes as much later, and one that it shows twice the first time", () => {
  const half = { hour: 2, minute: 30 };
  expect(timeOnDay(new Date("2026-03-29T12:00:00Z"), "Europe/Berlin", half).toISOString()).toBe(
    "2026-03-29T01:30:00.000Z",
  );
  expect(timeOnDay(new Date("2026-10-25T12:00:00Z"), "Europe/Berlin", half).toISOString()).toBe(
    "2026-10-25T00:30:00.000Z",
  );
});

test("it comes within 25 hours, never before, and shows the time unless the clock jumped", () => {
  const zones = ["Africa/Nairobi", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"];
  const moments = fc.date({ min: new Date("2020-01-01"), max: new Date("2035-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(moments, fc.constantFrom(...zones), fc.nat(23), fc.nat(59), (at, timeZone, hour, minute) => {
      const found = nextTimeOfDay(at, timeZone, { hour, minute });
      expect(found.getTime()).toBeGreaterThanOrEqual(at.getTime());
      expect(found.getTime() - at.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
      const shown = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "short" }).format(found);
      const [shownHour, shownMinute] = shown.split(":").map(Number);
      const late = ((shownHour ?? 0) - hour) * 60 + (shownMinute ?? 0) - minute;
      expect([0, 30, 60]).toContain(late);
    }),
    { numRuns: 2000 },
  );
});
