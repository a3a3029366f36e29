import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Usage } from "@pharmasight/core/tenant/usage/usage";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

/** Use is counted without a write for each request, and told to the control plane once an hour. */

const start = new Date("2026-11-24T08:00:00Z");
let now = start;
let pharmacies: Pharmacies;
let alfa: Pharmacy;
beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
});
afterAll(() => pharmacies?.stop());
let opened = 0;
beforeEach(async () => {
  now = start;
  opened += 1;
  alfa = await pharmacies.open(`usage_${opened}`, ["inventory", "api_access"], { apiRequestsPerMinute: 600 });
});

const pass = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
};
const days = () => alfa.asSuperuser("select day::text, api_calls::integer, modules from usage_days order by day");
async function program() {
  const { key } = await ApiKeys.issue(await alfa.member(), { name: "x", scopes: ["items:read"], expiresInDays: null });
  return alfa.program(key);
}
const measured = () => alfa.jobs.of("tenant-events").map(({ message }) => message);

test("calls and modules are written at once and then once a minute, whatever their number", async () => {
  const calling = await program();
  const call = () => Usage.note(calling, { module: "inventory", isCall: true });
  await call();
  expect(await days()).toEqual([{ day: "2026-11-24", api_calls: 1, modules: ["inventory"] }]);
  for (let index = 0; index < 500; index++) await call();
  expect(await days()).toMatchObject([{ api_calls: 1 }]);
  pass(60);
  await call();
  expect(await days()).toMatchObject([{ api_calls: 502 }]);
});

test("a module is written once a day, by the pharmacy's own calendar", async () => {
  const owner = await alfa.member();
  await Usage.note(owner, { module: "inventory" });
  await Usage.note(owner, { module: "reports" });
  // Half past eight in the evening in London is tomorrow in Nairobi.
  now = new Date("2026-11-24T21:30:00Z");
  await Usage.note(owner, { module: "inventory" });
  expect(await days()).toEqual([
    { day: "2026-11-24", api_calls: 0, modules: ["inventory", "reports"] },
    { day: "2026-11-25", api_calls: 0, modules: ["inventory"] },
  ]);
});

test("several processes add up, and none takes another's modules away", async () => {
  const one = await alfa.member();
  alfa.change({});
  const other = await program();
  alfa.change({});
  await Usage.note(one, { module: "reports" });
  await Usage.note(other, { module: "inventory", isCall: true });
  pass(61);
  await Promise.all([
    Usage.note(one, { module: "sales" }),
    Usage.note(other, { module: "inventory", isCall: true }),
    Usage.note(await alfa.member(), { module: "stock_take" }),
  ]);
  expect(await days()).toEqual([
    { day: "2026-11-24", api_calls: 2, modules: ["inventory", "reports", "sales", "stock_take"] },
  ]);
});

test("what could not be written is written with the next", async () => {
  const calling = await program();
  await alfa.asSuperuser("alter table usage_days rename to elsewhere");
  await Usage.note(calling, { module: "inventory", isCall: true });
  await alfa.asSuperuser("alter table elsewhere rename to usage_days");
  pass(60);
  await Usage.note(calling, { module: "inventory", isCall: true });
  expect(await days()).toEqual([{ day: "2026-11-24", api_calls: 2, modules: ["inventory"] }]);
});

test("the month is told once an hour, by whichever process comes first", async () => {
  const owner = await alfa.member();
  await Usage.note(owner, { module: "inventory" });
  alfa.change({});
  await Usage.note(await alfa.member(), { module: "reports" });
  expect(measured()).toHaveLength(1);
  expect(measured()[0]).toMatchObject({
    event: "usage_measured",
    month: "2026-11-01",
    apiCalls: "0",
    users: "1",
    branches: "1",
    items: "0",
    moduleDays: '{"inventory":1}',
    at: start.toISOString(),
  });
  expect(Number(measured()[0]?.["storageBytes"])).toBeGreaterThan(1_000_000);
  pass(3600);
  await Usage.note(await alfa.member(), { module: "sales" });
  expect(measured().at(-1)).toMatchObject({ moduleDays: '{"inventory":1,"reports":1,"sales":1}' });
});

test("in the first days of a month the one before is told of as well", async () => {
  await Usage.note(await alfa.member(), { module: "inventory" });
  now = new Date("2026-12-01T06:00:00Z");
  await Usage.note(await alfa.member(), { module: "inventory" });
  expect(measured().map(({ month, at }) => [month, at?.slice(0, 10)])).toEqual([
    ["2026-11-01", "2026-11-24"],
    ["2026-11-01", "2026-12-01"],
    ["2026-12-01", "2026-12-01"],
  ]);
});

test("whoever pays sees what is used and what there is room for", async () => {
  alfa.change({ maxUsers: 5, maxItems: 10_000, raises: [{ limit: "users", by: 5 }] });
  const calling = await program();
  await Usage.note(calling, { module: "inventory", isCall: true });
  expect(await Usage.thisMonth(await alfa.member())).toMatchObject({
    month: "2026-11-01",
    limits: { users: { used: 1, max: 10 }, branches: { used: 1, max: null }, items: { used: 0, max: 10_000 } },
    callsPerMinute: 600,
    counted: { apiCalls: 1, moduleDays: { inventory: 1 } },
  });
  await expect(Usage.thisMonth(await alfa.member("admin"))).rejects.toMatchObject({ code: "forbidden" });
});

test("a pharmacy that is not migrated yet, or that is paused, counts nothing and fails nothing", async () => {
  alfa.change({ schemaVersion: 17 });
  const owner = await alfa.member();
  await Usage.note(owner, { module: "inventory" });
  expect(await days()).toEqual([]);
  expect((await Usage.thisMonth(owner)).counted).toBeUndefined();
  alfa.change({ schemaVersion: 18, state: "suspended" });
  await Usage.note(await alfa.member("owner", "read_records"), { module: "inventory" });
  expect(await days()).toEqual([]);
});
