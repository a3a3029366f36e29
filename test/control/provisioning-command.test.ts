import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { supabaseDatabaseHosts } from "@pharmasight/adapters/supabase/database-hosts";
import { type Stack, startStack } from "@pharmasight/local/stack";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginSignUp, eventually, mailsTo, signUp } from "../harness/stack.ts";

const PASSWORD = "made-by-hand-0815";
const why = ["--reason", "asked for by the on-call rota"];

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pharmasight-command-"));
  stack = await startStack({ stateDir: folder, port: 0, inMemory: true, projectWaitSeconds: 0, log: () => {} });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** `npm run provisioning -- …`, as package.json has it. */
async function run(args: readonly string[], input = ""): Promise<{ code: number; out: string; err: string }> {
  const env = `--env-file-if-exists=${join(folder, "operator.env")}`;
  const child = spawn(process.execPath, [env, "--import", "tsx", "scripts/provisioning.ts", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: Number(code), out, err };
}

async function shownUntil(pharmacy: string, words: string): Promise<string> {
  return eventually(words, async () => {
    const { out } = await run(["show", pharmacy]);
    return out.includes(words) ? out : undefined;
  });
}

test("the settings of the command lie where only their owner reads them", async () => {
  expect((await stat(join(folder, "operator.env"))).mode & 0o777).toBe(0o600);
});

test.each([
  [[], 0, "npm run provisioning -- <command>"],
  [["--help"], 0, "--confirm <subdomain>"],
  [["destroy"], 2, 'no command "destroy"'],
  [["list", "--state", "odd"], 2, 'no state "odd"'],
  [["list", "--limit", "0"], 2, "from 1 to 500"],
  [["list", "--colour"], 2, "--colour"],
  [["list", "--before", "yesterday"], 2, "a job's id"],
  [["list", "failed"], 2, 'leave "failed" out'],
  [["orphans", "somebody"], 2, 'leave "somebody" out'],
  [["retry", "somebody"], 2, "--reason"],
  [["retry", "somebody", "--operator", " ", ...why], 2, "who you are"],
  [["retry", ...why], 2, "Say which pharmacy"],
  [["retry", "nobody", ...why], 1, "no such pharmacy as nobody"],
  [["adopt", "nobody", ...why], 2, "--credential"],
  [["adopt", "nobody", "--credential", "/nowhere", "--project", "x", ...why], 2, "ENOENT"],
  [["adopt", "nobody", "--credential", "-", ...why], 2, "--project <ref>"],
  [["adopt", "nobody", "--credential", "-", "--project", "..", ...why], 2, "the project's reference"],
  [["adopt", "nobody", "--credential", "-", "--project", "x", "--user-suffix", ".x", ...why], 2, "--user-suffix"],
  [["adopt", "nobody", "--credential", `{"password":"${PASSWORD}"}`, "--project", "x", ...why], 2, "a file"],
  [["adopt", "nobody", "--password", PASSWORD, ...why], 2, "--password"],
  [["timings", "--limit", "5"], 2, '"timings" takes no --limit'],
  [["retry", "nobody", "--email", "right@example.com", ...why], 2, '"retry" takes no --email'],
  [["toString"], 2, 'no command "toString"'],
  [["adopt", "nobody", "--credential", "-", "--session", "u:p@h:1/d", "--pooled", "h:1/d", ...why], 2, "--session"],
] as const)("called with %j ends with %i and says what to do", async (args, code, words) => {
  const { out, err, ...ended } = await run(args);
  expect(ended.code).toBe(code);
  expect(out + err).toContain(words);
  expect(out + err).not.toContain(PASSWORD);
});

test("a failed job is seen, gets a database that was made by hand, and is in the tables afterwards", async () => {
  stack.supabase.faults.add({ on: "^POST /v1/projects$", action: "409", count: 100 });
  const pharmacy = await beginSignUp(stack, "by-hand");
  await eventually("the failed job", async () => {
    const { out } = await run(["list", "--state", "failed"]);
    return /by-hand\s+failed\s+create_database/.test(out) ? out : undefined;
  });
  stack.supabase.faults.clear();
  const hosts = supabaseDatabaseHosts({
    apiUrl: stack.supabase.url,
    token: async () => stack.supabase.token,
    organization: stack.supabase.organization,
    sessionPort: stack.supabase.sessionPort,
  });
  const wanted = { ownerPassword: PASSWORD, region: stack.supabase.region, size: "micro" };
  const { ref } = await hosts.create({ name: "pharmasight by hand", ...wanted });
  await eventually("the project", async () => ((await hosts.inspect(ref)).status === "ready" ? true : undefined));
  const file = join(folder, "credential.json");
  await writeFile(file, JSON.stringify({ password: "not this one" }));
  const refused = await run(["adopt", "by-hand", "--project", ref, "--credential", file, ...why]);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("cannot be reached") });
  const credential = JSON.stringify({ password: PASSWORD });
  const adopted = await run(["adopt", "by-hand", "--project", ref, "--credential", "-", ...why], credential);
  expect(adopted).toMatchObject({ code: 0, err: "" });

  const shown = await shownUntil("by-hand", "state         done");
  expect(shown).toContain(ref);
  expect(shown).toContain("yes: never deleted by us");
  expect(shown).toContain("asked for by the on-call rota");
  for (const printed of [shown, refused.err, adopted.out]) {
    expect(printed).not.toContain(PASSWORD);
    expect(printed).not.toContain("not this one");
  }
  expect((await run(["orphans"])).out).not.toContain(ref);
  expect((await run(["timings"])).out).toMatch(/whole job\s+1\s/);
  const welcome = await eventually("the welcome", async () => (await mailsTo(stack, pharmacy.email)).at(1));
  expect(welcome.body.text).toContain("/auth/link?token=");
});

test("the welcome mail goes to the right address, and the operator is known by name", async () => {
  const pharmacy = await beginSignUp(stack, "misspelt");
  await shownUntil("misspelt", "state         done");
  const args = ["resend", "misspelt", "--email", "right@misspelt.example", "--operator", "achieng", ...why];
  expect(await run(args)).toMatchObject({ code: 0, out: expect.stringContaining("right@misspelt.example") });
  const mail = await eventually("the mail", async () => (await mailsTo(stack, "right@misspelt.example")).at(0));
  const token = /\/auth\/link\?token=([\w-]+)/.exec(mail.body.text ?? "")?.[1] ?? "";
  const origin = { origin: `http://${pharmacy.host}:${stack.port}` };
  const entered = await pharmacy.client.ask(pharmacy.host, "/auth/link", { form: { token }, headers: origin });
  expect(entered.status).toBe(303);
  expect(await shownUntil("misspelt", "achieng")).toContain("tenant.welcome_resent");
  const again = await run(["resend", "misspelt", ...why]);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining("has signed in") });
});

test("nothing is deleted before its name was typed, and an open pharmacy never", async () => {
  await signUp(stack, "in-use");
  expect(await run(["rollback", "in-use", ...why])).toMatchObject({
    code: 2,
    err: expect.stringContaining("--confirm in-use"),
  });
  expect(await run(["rollback", "in-use", "--confirm", "in-use", ...why])).toMatchObject({
    code: 1,
    err: expect.stringContaining("is open"),
  });
});
