import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, type Reply } from "../harness/client.ts";
import { eventually, type Pharmacy, signUp, testStack } from "../harness/stack.ts";

let running: Awaited<ReturnType<typeof testStack>>;
let sql: postgres.Sql;
let alfa: Pharmacy;

beforeAll(async () => {
  running = await testStack();
  const { cluster, controlDatabase } = running.stack;
  const { database } = controlDatabase.owner;
  sql = postgres({ ...cluster.superuser, host: cluster.host, port: cluster.port, database, max: 1 });
  alfa = await signUp(running.stack, "alfa");
  await sql`
    insert into control.tenant_modules (id, tenant_id, module_name, source, created_at)
    select gen_random_uuid(), tenant_id, 'api_access', 'grant', now() from control.tenant_hosts where host = 'alfa'`;
});
afterAll(async () => {
  await sql?.end();
  await running?.stop();
});

const ITEMS = "/api/v1/items";
const numberIn = (header: unknown, name: "q" | "r" | "t"): number =>
  Number(new RegExp(`;${name}=(\\d+)`).exec(String(header))?.[1]);

/** Agrees a number of requests a minute with the pharmacy, and waits until a response tells of it. */
async function agree(
  perMinute: number,
  ask: () => Promise<Reply>,
  policy = `"pharmacy";q=${perMinute};`,
): Promise<void> {
  await sql`update control.tenants set flags = flags || ${sql.json({ requestsPerMinute: perMinute })}`;
  await eventually("the agreed number", async () => {
    const reply = await ask();
    return String(reply.headers["ratelimit-policy"]).includes(policy) ? true : undefined;
  });
}

/** Asks until it is refused, beginning with a minute that has room; a minute may turn on the way. */
async function refusalOf(ask: () => Promise<Reply>, most: number): Promise<Reply> {
  for (let sent = 0; sent <= 3 * most; sent += 1) {
    const reply = await ask();
    if (reply.status === 429) return reply;
  }
  throw new Error(`Nothing was refused in ${3 * most} requests.`);
}

function expectRefusal(reply: Reply, policy: string): void {
  expect(reply.headers["ratelimit-policy"]).toContain(policy);
  expect(String(reply.headers["ratelimit"])).toContain(";r=0;");
  expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
  expect(Number(reply.headers["retry-after"])).toBeLessThanOrEqual(60);
}

test("a person's request counts once, says what is left, and is refused when nothing is", async () => {
  const ask = () => alfa.client.ask(alfa.host, ITEMS);
  const counted = await eventually("two requests in one minute", async () => {
    const [one, other] = [await ask(), await ask()];
    const resets = [one, other].map(({ headers }) => numberIn(headers["ratelimit"], "t"));
    const left = [one, other].map(({ headers }) => numberIn(headers["ratelimit"], "r"));
    return (resets[1] ?? 0) <= (resets[0] ?? 0) ? left : undefined;
  });
  expect((counted[0] ?? 0) - (counted[1] ?? 0)).toBe(1);
  await agree(40, ask);
  const page = await alfa.client.ask(alfa.host, "/items");
  expect(page.headers["ratelimit-policy"]).toBe('"pharmacy";q=40;w=60');
  const refused = await refusalOf(ask, 40);
  expectRefusal(refused, '"pharmacy";q=40;w=60');
  expect(JSON.parse(refused.text)).toMatchObject({ status: 429, code: "rate_limited" });
});

test("a program's key gets half of what all of them have, and is told so", async () => {
  await agree(3000, () => alfa.client.ask(alfa.host, ITEMS));
  const page = "/settings/api-keys";
  const ask = (path: string, form?: Record<string, string>) =>
    alfa.client.ask(alfa.host, path, form === undefined ? {} : { form });
  await eventually("the module", async () => ((await ask(page)).status === 200 ? true : undefined));
  const formToken = /name="formToken" value="([^"]+)"/.exec((await ask(page)).text)?.[1] ?? "";
  const made = await ask(page, { formToken, name: "Web shop", "items:read": "on", expiresInDays: "30" });
  const key = /ps_[0-9a-f]{8}_[\w-]{43}/.exec(made.text)?.[0] ?? "";
  const call = () =>
    new Client(running.stack.port).ask(alfa.host, ITEMS, { headers: { authorization: `Bearer ${key}` } });
  await agree(30, call, '"api-key";q=15;');
  const reply = await refusalOf(call, 15);
  expectRefusal(reply, '"api-key";q=15;w=60');
  expect(reply.headers["content-type"]).toBe("application/problem+json");
  // People are not kept out by it.
  await agree(3000, () => alfa.client.ask(alfa.host, ITEMS));
});

test("strangers of one network are refused past 300 a minute, also when they guess at keys", async () => {
  const page = () => new Client(running.stack.port).ask(alfa.host, "/auth/sign-in");
  const guess = () =>
    new Client(running.stack.port).ask(alfa.host, ITEMS, { headers: { authorization: "Bearer ps_guess" } });
  expect((await page()).headers["ratelimit-policy"]).toBe('"network";q=300;w=60');
  expect((await guess()).headers["ratelimit-policy"]).toBe('"network";q=300;w=60');
  let sent = 0;
  const reply = await refusalOf(() => (sent++ % 2 === 0 ? page() : guess()), 300);
  expectRefusal(reply, '"network";q=300;w=60');
});
