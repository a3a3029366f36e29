import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Stack, startStack } from "@pharmasight/local/stack";
import postgres from "postgres";
import Sdk from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, signUp } from "../../harness/stack.ts";

/** Each call is a process of its own. */
const MANY_CALLS_MS = 240_000;
const why = ["--reason", "agreed with the owner by phone"];

let folder: string;
let stack: Stack;
let control: postgres.Sql;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-billing-cli-"));
  stack = await startStack({ stateDir: folder, port: 0, inMemory: true, projectWaitSeconds: 0, log: () => {} });
  const { host, port, superuser } = stack.cluster;
  const { database } = stack.controlDatabase.owner;
  control = postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
  await signUp(stack, "green-cross");
}, 120_000);
afterAll(async () => {
  await control?.end();
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** `npm run billing -- …`, as package.json has it, without a terminal. */
async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = `--env-file-if-exists=${join(folder, "operator.env")}`;
  const child = spawn(process.execPath, [env, "--import", "tsx", "scripts/billing.ts", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end();
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: Number(code), out, err };
}

const json = async (...args: readonly string[]) => JSON.parse((await run(...args, "--json")).out);
const invoicesOf = (subdomain: string) =>
  control`select i.* from control.invoices i join control.tenant_hosts h using (tenant_id) where h.host = ${subdomain}`;
/** What was written, and whether what follows from it was told to a worker. */
const auditOf = (action: string) => control`select * from control.audit_log where action = ${action} order by at`;

test.each([
  [[], 0, "npm run billing -- <command>"],
  [["refund", "--help"], 0, "--end-subscription"],
  [["destroy"], 2, 'no command "destroy"'],
  [["toString"], 2, 'no command "toString"'],
  [["publish", "everything"], 2, 'what "everything" is'],
  [["publish", ...why], 2, '"publish" takes no --reason'],
  [["prices", "--currency", "KES"], 0, "Nothing is sold in KES"],
  [["price", "--plan", "starter", "--interval", "month", "--amount", "9"], 2, "--reason"],
  [["price", "--interval", "month", "--amount", "9", ...why], 2, "one --add-on"],
  [["price", "--plan", "enterprise", "--interval", "month", "--amount", "9", ...why], 2, "--plan starter"],
  [["price", "--plan", "starter", "--interval", "week", "--amount", "9", ...why], 2, "month or year"],
  [["price", "--plan", "starter", "--interval", "month", "--amount", "9.999", ...why], 2, "two decimals"],
  [["coupon", "lower", "--percent", "5", ...why], 2, "capital letters"],
  [["coupon", "BOTH", "--percent", "5", "--amount", "5", ...why], 2, "a percentage or an amount"],
  [["explain"], 2, "Say which pharmacy"],
  [["explain", "nobody"], 1, "no such pharmacy as nobody"],
  [
    ["offer", "green-cross", "--amount", "900", "--interval", "month", "--modules", "magic", ...why],
    2,
    'no module "magic"',
  ],
  [["invoice-billing", "green-cross", "--plan", "own", "--interval", "month", ...why], 2, 'No plan "own" is sold'],
  [["paid", "in_nothing", ...why], 2, "the payment's reference"],
  [["paid", "in_nothing", "--reference", "SJ12AB34CD", ...why], 2, "No such invoice"],
  [["refund", "in_nothing", ...why], 2, "--memo"],
  [["extend-trial", "green-cross", "--until", "31 December", ...why], 2, "2026-12-31"],
  [["extend-trial", "green-cross", "--until", "2020-01-01", ...why], 2, "a time to come"],
  [["suspend", "green-cross", ...why], 2, "add --yes"],
  [["suspend", "green-cross", "--operator", " ", ...why], 2, "who you are"],
  [["resume", "green-cross", ...why], 1, "No operator has suspended"],
  [["notices", "--state", "odd"], 2, 'no state "odd"'],
  [["replay", "evt_nothing", ...why], 1, "no such notice"],
  [["repair", ...why], 2, "Say which finding"],
  [["repair", crypto.randomUUID(), ...why], 1, "no such open finding"],
  [["findings"], 0, "No findings"],
  [["reconcile"], 0, "runs in the background"],
] as const)("called with %j ends with %i and says what to do", async (args, code, words) => {
  const ended = await run(...args);
  expect([ended.code, ended.out + ended.err]).toEqual([code, expect.stringContaining(words)]);
});

test("everything is published, and again without a change", { timeout: MANY_CALLS_MS }, async () => {
  expect(await run("publish")).toMatchObject({ code: 0, out: expect.stringContaining("22 prices are published, 0") });
  expect((await json("prices")).slice(0, 1)).toMatchObject([{ planCode: "starter", amount: "99.00" }]);
  const kes = ["--plan", "starter", "--currency", "kes", "--interval", "month", "--amount", "12900"];
  expect((await run("price", ...kes, ...why)).out).toContain("From now on it costs 12900 KES");
  expect((await run("price", ...kes, ...why)).out).toContain("Nothing to do");
  expect((await run("prices", "--currency", "KES")).out).toMatch(/starter +plan +month +12900.00 KES +price_/);
  expect((await run("coupon", "WELCOME25", "--percent", "25", "--months", "3", ...why)).code).toBe(0);
  expect((await run("coupon", "WELCOME25", "--percent", "30", "--months", "3", ...why)).code).toBe(1);
});

test("a pharmacy is explained, given time, shut and opened, each with who and why", {
  timeout: MANY_CALLS_MS,
}, async () => {
  const { out } = await run("explain", "green-cross");
  expect(out).toMatch(/state +trial, until /);
  expect(out).toMatch(/inventory +yes +part of Starter/);
  expect(out).toMatch(/reports +no +not part of Starter/);
  const until = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
  expect(await run("extend-trial", "green-cross", "--until", until, "--operator", "achieng", ...why)).toMatchObject({
    code: 0,
    // Midnight in Nairobi.
    out: expect.stringContaining(`${until}T21:00:00.000Z, the end of that day in Africa/Nairobi`),
  });
  expect((await run("suspend", "green-cross", "--yes", ...why)).code).toBe(0);
  expect((await run("explain", "green-cross")).out).toMatch(/state +suspended, because of operator/);
  expect((await run("resume", "green-cross", ...why)).out).toContain("green-cross is trial now");
  const [entry] = await control`select * from control.audit_log where actor_id = 'achieng'`;
  expect(entry).toMatchObject({ actor_kind: "operator", reason: expect.stringContaining(why[1] ?? "") });
});

test("an offer is made, billed by invoice, paid by bank, and a part given back", {
  timeout: MANY_CALLS_MS,
}, async () => {
  const terms = [
    "--amount",
    "1250",
    "--interval",
    "month",
    "--branches",
    "12",
    "--modules",
    "inventory,sales,purchases",
  ];
  expect((await run("offer", "green-cross", ...terms, ...why)).out).toContain("Offered to green-cross: 1250 USD");
  const billing = ["invoice-billing", "green-cross", "--plan", "own", "--interval", "month"];
  const started = await run(...billing, "--add-on", "extra_branch:2", ...why);
  expect(started).toMatchObject({ code: 0, out: expect.stringContaining("1300.00 USD a month") });
  expect(await run(...billing, ...why)).toMatchObject({ code: 1, err: expect.stringContaining("has a subscription") });

  // The worker brought it here.
  const [invoice] = await eventually("the invoice", async () => {
    const found = await invoicesOf("green-cross");
    return found.length > 0 ? found : undefined;
  });
  const id = String(invoice?.id);
  const paid = await run("paid", id, "--reference", "SJ12AB34CD", "--yes", ...why);
  expect(paid).toMatchObject({ code: 0, out: expect.stringContaining("1300.00 USD") });
  await eventually("the payment", async () => {
    const [now] = await invoicesOf("green-cross");
    return now?.status === "paid" ? now : undefined;
  });
  expect((await run("explain", "green-cross")).out).toMatch(/state +active/);

  const back = ["refund", id, "--amount", "300", "--memo", "Two weeks without the system.", ...why];
  expect(await run(...back)).toMatchObject({ code: 2, err: expect.stringContaining("add --yes") });
  expect(await run(...back, "--yes")).toMatchObject({ code: 0, out: expect.stringContaining("300.00 USD go back") });
  expect((await run("refund", id, "--amount", "1001", "--memo", "Too much.", "--yes", ...why)).code).toBe(2);
  expect(await auditOf("refund.given")).toHaveLength(1);
});

test("a customer who pays and whom nobody knows is found, and mended by an operator", {
  timeout: MANY_CALLS_MS,
}, async () => {
  const { hostname, port } = new URL(stack.stripe.url);
  const sdk = new Sdk(stack.stripe.apiKey, { host: hostname, port, protocol: "http", telemetry: false });
  const { id: customer } = await sdk.customers.create({ email: "stranger@example.com" });
  const method = await sdk.paymentMethods.attach("pm_card_visa", { customer });
  const price = String((await json("prices"))[0].stripePriceId);
  await sdk.subscriptions.create({ customer, items: [{ price }], default_payment_method: method.id });
  const [finding] = await eventually("the finding", async () => {
    const { code, out } = await run("findings", "--json");
    return code === 3 ? JSON.parse(out) : undefined;
  });
  expect(finding).toMatchObject({ kind: "paid_without_tenant", tenantId: null });
  expect((await run("repair", finding.id, ...why)).code).toBe(0);
  expect((await run("findings")).code).toBe(0);
});

test("notices are listed, and one is looked into again", { timeout: MANY_CALLS_MS }, async () => {
  const applied = await eventually("a notice that was applied", async () => {
    const found = await json("notices", "--state", "applied", "--limit", "5");
    return found.length > 0 ? found : undefined;
  });
  const { id } = applied[0];
  expect((await run("replay", id, ...why)).code).toBe(0);
  await eventually("the notice applied again", async () => {
    const [row] = await control`select state from control.payment_events where id = ${id}`;
    return row?.state === "applied" ? row : undefined;
  });
  expect(await run("discard", id, ...why)).toMatchObject({ code: 1, err: expect.stringContaining("applied already") });
});
