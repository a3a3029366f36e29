import { startSchedule } from "@pharmasight/local/schedule";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
});

const fn = (handler: () => unknown) => ({ name: "sweep", memoryMb: 128, timeoutSeconds: 50, handler });

test("a schedule runs at once and at each interval, and a failed run does not end it", async () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  let runs = 0;
  const schedule = startSchedule(
    fn(() => {
      if (++runs === 1) throw new Error("first");
    }),
    2,
    (line) => lines.push(line),
  );
  await vi.advanceTimersByTimeAsync(0);
  expect([runs, lines]).toEqual([1, ["sweep failed: first"]]);
  await vi.advanceTimersByTimeAsync(4 * 60_000);
  expect(runs).toBe(3);
  await schedule.stop();
  await vi.advanceTimersByTimeAsync(4 * 60_000);
  expect(runs).toBe(3);
});

test("a run that is still under way is not joined by another, and stopping waits for it", async () => {
  vi.useFakeTimers();
  const leave = Promise.withResolvers<void>();
  let runs = 0;
  const schedule = startSchedule(
    fn(async () => {
      runs++;
      await leave.promise;
    }),
    0.1,
    () => {},
  );
  await vi.advanceTimersByTimeAsync(30_000);
  expect(runs).toBe(1);
  let stopped = false;
  const stopping = schedule.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(stopped).toBe(false);
  leave.resolve();
  await stopping;
  expect(stopped).toBe(true);
});
