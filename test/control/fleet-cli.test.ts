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
  [["status"], 1, "deployment"],
  [["pace", ...why], 2, "--batch-size <rows>"],
  [["targets", "--state", "odd"], 2, 'no state "odd"'],
  [["repair", "no_such_file", "--tenant", "green-cross", ...why], 2, "no repair no_such_file"],
] as const)("called with %j ends with %i and says what to do", async (args, code, words) => {
  const ended = await run(...args);
  expect([ended.code, ended.out + ended.err]).toEqual([code, expect.stringContaining(words)]);
});

test("a fleet where nobody is behind is left alone, and the local stack's release is announced", async () => {
  expect(await run("plan")).toMatchObject({ code: 0, out: expect.stringContaining("Nobody is behind: 1 pharmac") });
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
  expect(await run("drift")).toMatchObject({ code: 0, out: expect.stringContaining("No drift") });
});
