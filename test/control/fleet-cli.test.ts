import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { awsSecrets } from "@pharmasight/adapters/aws/secrets";
import { schemaVersions } from "@pharmasight/adapters/migrations/schema-versions.generated";
import { type Stack, startStack } from "@pharmasight/local/stack";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp } from "../harness/stack.ts";

/** Each call is a process of its own. */
const MANY_CALLS_MS = 240_000;
/** An expand, and the version before it. */
const FROM = 13;
const TO = 14;
const why = ["--reason", "asked for by the on-call rota"];
/** As an operator in a hurry calls it. */
const cautious = ["--soak", "0", "--without-rehearsal", "it was rehearsed elsewhere", ...why];
const atOnce = ["--yes", "--follow", ...cautious];
const there = ["--to", String(TO)];

let folder: string;
let stack: Stack;
let control: postgres.Sql;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-fleet-cli-"));
  stack = await startStack({ stateDir: folder, port: 0, inMemory: true, projectWaitSeconds: 0, log: () => {} });
  control = connect(stack.controlDatabase.owner.database);
  await signUp(stack, "blue-cross");
}, 120_000);
afterAll(async () => {
  await control?.end();
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `npm run fleet -- …`, as package.json has it, without a terminal. */
async function run(...args: readonly string[]): Promise<Ended> {
  const env = `--env-file-if-exists=${join(folder, "operator.env")}`;
  const child = spawn(process.execPath, [env, "--import", "tsx", "scripts/fleet.ts", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end();
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: Number(code), out, err };
}

const json = async (...args: readonly string[]) => JSON.parse((await run(...args, "--json")).out);

function connect(database: string): postgres.Sql {
  const { host, port, superuser } = stack.cluster;
  return postgres({ host, port, database, ...superuser, max: 1, onnotice: () => {} });
}

async function ownerOf(subdomain: string) {
  const [row] = await control`
    select d.owner_secret_arn, d.tenant_id from control.tenant_databases d
    join control.tenant_hosts h using (tenant_id) where h.host = ${subdomain}`;
  const secret = JSON.parse(await awsSecrets({}).read(String(row?.["owner_secret_arn"])));
  return { ...secret, tenantId: String(row?.["tenant_id"]) };
}

async function inPharmacy<T>(subdomain: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const { session, user, password } = await ownerOf(subdomain);
  const sql = postgres({ ...session, user, password, max: 1, prepare: false, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

const versionOf = async (subdomain: string) => {
  const [row] = await control`
    select schema_version from control.tenants t join control.tenant_hosts h on h.tenant_id = t.id where h.host = ${subdomain}`;
  return row?.["schema_version"];
};

test.each([
  [[], 0, "npm run fleet -- <command>"],
  [["--help"], 0, "Exit codes"],
  [["deploy", "--help"], 0, "--without-rehearsal"],
  [["destroy"], 2, 'no command "destroy"'],
  [["toString"], 2, 'no command "toString"'],
  [["plan", "--colour"], 2, "--colour"],
  [["plan", "--reason", "none"], 2, '"plan" takes no --reason'],
  [["plan", "everything"], 2, 'what "everything" is'],
  [["plan", "--to", "newest"], 2, "--to has to be a whole number"],
  [["plan", "--to", "9999"], 2, "no version 9999"],
  [["plan", "--selector", "moon=full"], 2, "ring=, plan=, state=, provider=, region=, version<"],
  [["plan", "--tenant", "nobody"], 2, "no pharmacy nobody"],
  [["plan", "--soak", "soon"], 2, "15m or 2h"],
  [["deploy"], 2, "--reason"],
  [["deploy", "--operator", " ", ...why], 2, "who you are"],
  [["rollback", ...why], 2, "Say which deployment"],
  [["rehearse"], 2, "--tenant"],
  [["pause", ...why], 2, "No deployment is open"],
  [["status"], 0, "No deployment has been begun yet"],
  [["status", "nothing"], 1, "deployment"],
  [["pace", ...why], 2, "--batch-size <rows>"],
  [["targets", "--state", "odd"], 2, 'no state "odd"'],
  [["schemas", "--selector", "version<2"], 0, "No such pharmacies."],
  [["drift", "--selector", "moon=full"], 2, "ring="],
  [["look"], 2, "--selector <terms>"],
  [["ring", "gold", "--tenant", "blue-cross", ...why], 2, "staging, pilot, general"],
  [["ring", "pilot", ...why], 2, "Say which pharmacies"],
  [["ring", "pilot", "--selector", "ring=pilot", ...why], 1, "No pharmacy with a database"],
  [["quiet", "at night", "--tenant", "blue-cross", ...why], 2, "such as 22:00-06:00"],
  [["cap", "postgres:moon", "--at-once", "2", ...why], 2, "No pharmacy is on a server"],
  [["cap", "postgres:moon", ...why], 2, "--at-once"],
  [["repair", "no_such_file", "--tenant", "green-cross", ...why], 2, "no repair no_such_file"],
] as const)("called with %j ends with %i and says what to do", async (args, code, words) => {
  const ended = await run(...args);
  expect([ended.code, ended.out + ended.err]).toEqual([code, expect.stringContaining(words)]);
});

test("a fleet where nobody is behind is left alone, and the local stack's release is announced", async () => {
  expect(await run("plan")).toMatchObject({ code: 0, out: expect.stringContaining("Nobody is behind: 1 pharmac") });
  expect((await run("plan", "--json")).out).not.toContain("create table");
  expect(await run("deploy", "--yes", ...why)).toMatchObject({
    code: 0,
    out: expect.stringContaining("Nothing to do."),
  });
  const [release] = (await json("releases")).releases;
  expect(release).toMatchObject({
    name: "dev",
    channel: "stable",
    schemaKnown: schemaVersions.tenant,
    retiredAt: null,
  });
});

test("an older version is refused, and what new pharmacies begin with stays as it is", async () => {
  const settled = () => control`select settled_version from control.fleet`;
  const before = await settled();
  const refused = await run("deploy", "--to", "5", "--yes", ...why);
  expect(refused).toMatchObject({ code: 1, out: expect.stringContaining("REFUSED: All of them have version") });
  expect(refused.out).toContain("1 pharmacy has at least version 5");
  expect(await settled()).toEqual(before);
});

test("errors of --json are objects, with the same exit codes", async () => {
  const wrong = await run("plan", "--tenant", "nobody", "--json");
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.out)).toMatchObject({ error: { code: "usage", message: expect.stringContaining("nobody") } });
  const refused = await run("status", crypto.randomUUID(), "--json");
  expect(refused).toMatchObject({ code: 1, err: "" });
  expect(JSON.parse(refused.out)).toMatchObject({ error: { code: "not_found" } });
});

test("a deployment shows its plan, is refused unrehearsed and unasked, then leads the pharmacy there and takes it back", {
  timeout: MANY_CALLS_MS,
}, async () => {
  // From here on the fleet has an older schema, which new pharmacies begin with.
  await control`update control.fleet set settled_version = ${FROM}`;
  await signUp(stack, "green-cross");
  expect(await versionOf("green-cross")).toBe(FROM);
  const planned = await run("plan", ...there);
  expect(planned.code).toBe(1);
  expect(planned.out).toContain("REFUSED: Nobody rehearsed");
  const unasked = await run("deploy", ...there, ...cautious);
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining("add --yes") });
  expect(unasked.out).toContain("1 to lead there, 1 there already");
  expect(await versionOf("green-cross")).toBe(FROM);

  const deployed = await run("deploy", "--tenant", "green-cross", ...there, ...atOnce, "--operator", "achieng");
  expect(deployed).toMatchObject({ code: 0, err: "" });
  expect(deployed.out).toMatch(/\[#{20}\] 1\/1, wave 1 of 1/);
  expect(await versionOf("green-cross")).toBe(TO);
  const status = await json("status");
  expect(status).toMatchObject({
    state: "completed",
    targets: 1,
    counts: { succeeded: 1, failed: 0 },
    createdBy: "achieng",
  });
  expect((await run("history")).out).toContain("deployment.begun");
  expect((await run("targets")).out).toMatch(new RegExp(`green-cross +1  succeeded +${FROM}`));

  const back = await run("rollback", status.id, ...atOnce);
  expect(back).toMatchObject({ code: 0, err: "", out: expect.stringContaining("Lost for good:") });
  expect(await versionOf("green-cross")).toBe(FROM);
  expect(await run("deploy", "--tenant", "green-cross", ...there, ...atOnce)).toMatchObject({ code: 0 });
  expect((await json("list")).deployments).toHaveLength(3);
});

test("a pharmacy that fails halts its deployment with a code of its own, and is led again once it is mended", {
  timeout: MANY_CALLS_MS,
}, async () => {
  await signUp(stack, "red-cross");
  await inPharmacy("red-cross", (sql) => sql`alter table pharmacy.items add column search_words integer`);
  const halted = await run("deploy", "--tenant", "red-cross", ...there, ...atOnce);
  expect(halted).toMatchObject({ code: 3, out: expect.stringContaining("42701") });
  expect(halted.out).toContain("red-cross");
  expect(await run("status")).toMatchObject({ code: 3, out: expect.stringContaining("It halted") });
  await inPharmacy("red-cross", (sql) => sql`alter table pharmacy.items drop column search_words`);
  expect(await run("retry", ...why)).toMatchObject({
    code: 0,
    out: expect.stringContaining("halted: npm run fleet -- resume"),
  });
  expect(await run("resume", ...why)).toMatchObject({ code: 0 });
  expect(await run("status", "--follow")).toMatchObject({ code: 0, out: expect.stringContaining("completed") });
  expect(await versionOf("red-cross")).toBe(TO);
});

test("drift is named by its object, with a code of its own, until it is mended", {
  timeout: MANY_CALLS_MS,
}, async () => {
  await inPharmacy("blue-cross", (sql) => sql`alter table pharmacy.items add column by_hand text`);
  const found = await run("look", "--tenant", "blue-cross", "--tenant", "green-cross");
  expect(found).toMatchObject({ code: 4, out: expect.stringContaining("column pharmacy.items.by_hand") });
  expect(found.out).not.toContain("green-cross");
  expect(await run("drift")).toMatchObject({ code: 4, out: expect.stringContaining("unexpected") });
  await inPharmacy("blue-cross", (sql) => sql`alter table pharmacy.items drop column by_hand`);
  expect(await run("look", "--tenant", "blue-cross")).toMatchObject({ code: 0 });
  // Nobody has looked at what was led but for its fingerprint; that is a look.
  expect(await run("drift")).toMatchObject({ code: 0, out: expect.stringContaining("No drift") });
});

test("settings are kept with their reason, and a pharmacy that was made staging is rehearsed with", {
  timeout: MANY_CALLS_MS,
}, async () => {
  expect(await run("ring", "staging", "--tenant", "green-cross", ...why)).toMatchObject({
    code: 0,
    out: expect.stringContaining("1 pharmacy, 1 changed"),
  });
  expect(await run("quiet", "23:00-05:00", "--selector", "ring=staging", ...why)).toMatchObject({ code: 0, err: "" });
  const shown = await json("schemas");
  const staging = shown.pharmacies.find(({ subdomain }: { subdomain: string }) => subdomain === "green-cross");
  expect(staging).toMatchObject({ ring: "staging", quietFrom: "23:00", version: TO, verdict: "as expected" });
  expect(await run("cap", staging.server, "--at-once", "2", ...why)).toMatchObject({ code: 0, err: "" });
  const counted = shown.counts.versions.map((one: Record<string, number>) => one["tenants"]);
  expect(shown.counts.tenants).toBe(3);
  expect(counted.reduce((sum: number, count: number) => sum + count, 0)).toBe(3);
  expect((await run("status")).out).toMatch(/in all 3 pharmacies$/m);

  const rehearsed = await run("rehearse", "--tenant", "green-cross", "--to", String(TO + 1));
  expect(rehearsed).toMatchObject({ code: 0, out: expect.stringContaining("yes: it may be rolled out") });
  const kept = await control`select action, reason from control.audit_log where action in
    ('tenant.ring_changed', 'tenant.quiet_hours_changed', 'server.migrations_max_changed') order by at`;
  expect(kept.map((row) => row["action"])).toEqual([
    "tenant.ring_changed",
    "tenant.quiet_hours_changed",
    "server.migrations_max_changed",
  ]);
});

test("drift is not ruled out while somebody was not looked at, and who cannot be looked at is named", {
  timeout: MANY_CALLS_MS,
}, async () => {
  await control`update control.tenant_schemas set looked_at = now() - interval '3 days'
    where tenant_id = (select tenant_id from control.tenant_hosts where host = 'red-cross')`;
  expect(await run("drift")).toMatchObject({ code: 4, out: expect.stringContaining("Not proved:") });
  const [shut] = await control`select d.tenant_id, d.owner_secret_arn from control.tenant_databases d
    join control.tenant_hosts h using (tenant_id) where h.host = 'red-cross'`;
  const point = (arn: string) =>
    control`update control.tenant_databases set owner_secret_arn = ${arn} where tenant_id = ${String(shut?.["tenant_id"])}`;
  await point("arn:aws:secretsmanager:eu-west-1:000000000000:secret:nobody-knows-it");
  expect(await run("look", "--selector", "version<99")).toMatchObject({ code: 1 });
  expect((await run("drift")).out).toMatch(/red-cross .*\n {2}not looked at, tried .* ago: /);
  await point(String(shut?.["owner_secret_arn"]));
  expect(await run("look", "--selector", "version<99")).toMatchObject({ code: 0 });
  expect(await run("drift")).toMatchObject({ code: 0, out: expect.stringContaining("No drift:") });
});

test("one that is left out ends its deployment, and leaving it out again is no mistake", {
  timeout: MANY_CALLS_MS,
}, async () => {
  await inPharmacy("red-cross", (sql) => sql`alter table pharmacy.items rename column search_words to words`);
  const failed = await run("deploy", "--tenant", "red-cross", "--to", String(TO + 1), ...atOnce);
  expect(failed).toMatchObject({ code: 3, out: expect.stringContaining("42703") });
  expect(await run("skip", "--tenant", "red-cross", ...why)).toMatchObject({ code: 0 });
  expect(await run("resume", ...why)).toMatchObject({ code: 0, out: expect.stringContaining("completed at once") });
  expect(await run("skip", "--tenant", "red-cross", ...why)).toMatchObject({
    code: 0,
    out: expect.stringContaining("Nothing to do"),
  });
  expect(await run("pause", ...why)).toMatchObject({ code: 2, err: expect.stringContaining("is completed") });
});
