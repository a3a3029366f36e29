import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { KnownQuotas } from "@pharmasight/core/tenant/quotas/known-quotas";
import { PORTIONS, type Quota } from "@pharmasight/core/tenant/quotas/quota";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const MINUTE_MS = 60_000;
const PROCESSES = 8;
let now = new Date("2026-11-24T08:00:00Z");

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let bravo: Pharmacy;
const modules = ["inventory", "api_access"];

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  [alfa, bravo] = await Promise.all([pharmacies.open("alfa", modules), pharmacies.open("bravo", modules)]);
});
afterAll(() => pharmacies?.stop());
// Each test has a minute of its own.
beforeEach(() => {
  now = new Date(now.getTime() + 10 * MINUTE_MS);
});

const quota: Quota = { name: "pharmacy", subject: "programs", perMinute: 640 };
const key = async () => new Uint8Array(32).fill(7);

/** What one process of many does: so many requests at once, from `at`. @returns how many it let through */
async function burst(pharmacy: Pharmacy, process: KnownQuotas, requests: number, at = now): Promise<number> {
  const { db } = await pharmacy.visitor();
  const counted = await Promise.all(Array.from({ length: requests }, () => process.take(db, [quota], at, key)));
  return counted.filter(({ refusal }) => refusal === undefined).length;
}

const inAllProcesses = async (requests: number): Promise<number> => {
  const processes = Array.from({ length: PROCESSES }, () => new KnownQuotas());
  const allowed = await Promise.all(processes.map((process) => burst(alfa, process, requests)));
  return allowed.reduce((sum, count) => sum + count, 0);
};

const statements = async (pharmacy: Pharmacy) =>
  (await pharmacy.asSuperuser("select key, taken, window_start from request_quotas")) as {
    key: string;
    taken: string;
    window_start: Date;
  }[];

test("eight processes at once let exactly the quota through when each wants all of it", async () => {
  expect(await inAllProcesses(quota.perMinute)).toBe(quota.perMinute);
});

test("what falls idle keeps at most a portion from the others", async () => {
  const idle = Array.from({ length: PROCESSES - 1 }, () => new KnownQuotas());
  for (const process of idle) await burst(alfa, process, 20);
  const rest = await burst(alfa, new KnownQuotas(), quota.perMinute);
  expect(idle.length * 20 + rest).toBeLessThanOrEqual(quota.perMinute);
  expect(idle.length * 20 + rest).toBeGreaterThanOrEqual(quota.perMinute - idle.length * (quota.perMinute / PORTIONS));
});

test("one who is refused is told when to come back, and is let in then", async () => {
  const process = new KnownQuotas();
  const { db } = await alfa.visitor();
  expect(await burst(alfa, process, quota.perMinute)).toBe(quota.perMinute);
  now = new Date(now.getTime() + 12_000);
  const { states, refusal } = await process.take(db, [quota], now, key);
  expect(refusal).toMatchObject({ code: "rate_limited", retryAfterSeconds: 48 });
  expect(states).toEqual([{ quota, remaining: 0, resetSeconds: 48 }]);
  now = new Date(now.getTime() + 48_000);
  expect(await burst(alfa, process, 1)).toBe(1);
});

test("a process that knows the quota to be spent asks the database no more", async () => {
  const process = new KnownQuotas();
  await burst(alfa, process, quota.perMinute + 1);
  const before = await statements(alfa);
  expect(await burst(alfa, process, 1000)).toBe(0);
  expect(await statements(alfa)).toEqual(before);
});

test("a process whose clock is behind counts in the window that others have begun", async () => {
  expect(await burst(alfa, new KnownQuotas(), quota.perMinute)).toBe(quota.perMinute);
  expect(await burst(alfa, new KnownQuotas(), 1, new Date(now.getTime() - MINUTE_MS))).toBe(0);
});

test("what one pharmacy has used is nothing to another one", async () => {
  const process = new KnownQuotas();
  await burst(alfa, process, quota.perMinute);
  expect(await burst(bravo, new KnownQuotas(), quota.perMinute)).toBe(quota.perMinute);
});

test("a flood of strangers from one network leaves the pharmacy's people and other networks room", async () => {
  const flood = await alfa.visitor("198.51.100.1");
  const counted = await Promise.all(Array.from({ length: 301 }, () => flood.countRequest()));
  expect(counted.filter(({ refusal }) => refusal !== undefined)).toHaveLength(1);
  expect((await (await alfa.visitor("198.51.100.2")).countRequest()).refusal).toBeUndefined();
  expect((await (await alfa.member()).countRequest()).refusal).toBeUndefined();
});

test("a key that runs wild leaves half of the plan's requests to the others", async () => {
  const issue = async () => {
    const { key } = await ApiKeys.issue(await alfa.member(), {
      name: "Web shop",
      scopes: ["items:read"],
      expiresInDays: 30,
    });
    return alfa.program(key);
  };
  const [wild, other] = [await issue(), await issue()];
  const counted = await Promise.all(Array.from({ length: 600 }, () => wild.countRequest()));
  const allowed = counted.filter(({ refusal }) => refusal === undefined).length;
  expect(allowed).toBe(300);
  expect(counted.at(-1)?.refusal?.message).toContain("This API key");
  const rest = await Promise.all(Array.from({ length: 300 }, () => other.countRequest()));
  expect(rest.filter(({ refusal }) => refusal === undefined)).toHaveLength(300);
});

test("neither addresses nor ids are stored, and old windows are removed", async () => {
  await (await alfa.visitor("203.0.113.77")).countRequest();
  expect(JSON.stringify(await statements(alfa))).not.toContain("203.0.113.77");
  now = new Date(now.getTime() + 10 * MINUTE_MS);
  await (await alfa.visitor("203.0.113.78")).countRequest();
  const left = await statements(alfa);
  expect(left.every(({ window_start: start }) => now.getTime() - start.getTime() <= 5 * MINUTE_MS)).toBe(true);
});
