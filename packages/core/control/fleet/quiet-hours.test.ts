import fc from "fast-check";
import { expect, test } from "vitest";
import { isQuiet, nextQuiet, type QuietHours } from "./quiet-hours.ts";

const night = (timeZone: string): QuietHours => ({ from: "22:00", until: "06:00", timeZone });

test.each([
  { at: "2026-11-01T19:00:00Z", zone: "Africa/Nairobi", quiet: true },
  { at: "2026-11-01T18:59:59Z", zone: "Africa/Nairobi", quiet: false },
  { at: "2026-11-02T02:59:59Z", zone: "Africa/Nairobi", quiet: true },
  { at: "2026-11-02T03:00:00Z", zone: "Africa/Nairobi", quiet: false },
  { at: "2026-11-01T22:30:00Z", zone: "nowhere", quiet: true },
])("at $at in $zone: $quiet", ({ at, zone, quiet }) => {
  expect(isQuiet(new Date(at), night(zone))).toBe(quiet);
});

test.each([
  { at: "2026-11-01T12:00:30Z", hours: night("Africa/Nairobi"), next: "2026-11-01T19:00:00Z", what: "this evening" },
  { at: "2026-11-01T20:00:00Z", hours: night("Africa/Nairobi"), next: "2026-11-01T20:00:00Z", what: "now" },
  {
    at: "2026-03-29T10:00:00Z",
    hours: night("Europe/Berlin"),
    next: "2026-03-29T20:00:00Z",
    what: "a day of 23 hours",
  },
  {
    at: "2026-10-25T10:00:00Z",
    hours: night("Europe/Berlin"),
    next: "2026-10-25T21:00:00Z",
    what: "a day of 25 hours",
  },
  {
    at: "2026-03-29T00:00:00Z",
    hours: { from: "02:10", until: "02:50", timeZone: "Europe/Berlin" },
    next: "2026-03-30T00:10:00Z",
    what: "hours that the clock skips that day",
  },
  {
    at: "2026-11-01T12:00:00Z",
    hours: { from: "22:05", until: "22:06", timeZone: "UTC" },
    next: "2026-11-01T22:05:00Z",
    what: "one minute",
  },
])("the next quiet hours after $at: $what", ({ at, hours, next }) => {
  expect(nextQuiet(new Date(at), hours)).toEqual(new Date(next));
});

test("what is found is quiet, is not before, and is the first", () => {
  const time = fc.integer({ min: 0, max: 1439 }).map((minutes) => {
    const two = (value: number) => String(value).padStart(2, "0");
    return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  });
  const zones = fc.constantFrom(
    "Africa/Nairobi",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
  );
  const moments = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(moments, time, time, zones, (at, from, until, timeZone) => {
      const hours = { from, until, timeZone };
      const next = nextQuiet(at, hours);
      expect(isQuiet(next, hours)).toBe(true);
      expect(next.getTime()).toBeGreaterThanOrEqual(at.getTime());
      if (next > at) expect(isQuiet(new Date(next.getTime() - 1), hours)).toBe(false);
    }),
    { numRuns: 300 },
  );
});
