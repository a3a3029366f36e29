import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Stack, startStack } from "@pharmasight/local/stack";
import { Client } from "./client.ts";

export const ROOT = "pharmasight.localhost";

/** The whole platform for one test file: on free ports, its databases in memory. */
export async function testStack(planPlaces?: string): Promise<{ stack: Stack; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "pharmasight-test-"));
  const stack = await startStack({
    stateDir: folder,
    port: 0,
    inMemory: true,
    projectWaitSeconds: 0,
    planPlaces,
    log: () => {},
  });
  return {
    stack,
    stop: async () => {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `look` finds something. @throws Error after `limitMs`, with what was waited for */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, limitMs = 45_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a person needs of a stack: it may run in another process. */
type RunningStack = Pick<Stack, "port" | "inboxUrl">;

interface StoredMail {
  readonly subject: string;
  readonly destination: { readonly to: readonly string[] };
  readonly body: { readonly html?: string; readonly text?: string };
}

/** The mails in the local inbox that went to an address, oldest first. */
export async function mailsTo(stack: RunningStack, address: string): Promise<StoredMail[]> {
  const reply = await fetch(`${stack.inboxUrl}/store`);
  const { emails } = JSON.parse(await reply.text()) as { emails: StoredMail[] };
  return emails.filter((mail) => mail.destination.to.includes(address));
}

export interface Pharmacy {
  readonly host: string;
  readonly email: string;
  readonly client: Client;
}

/** Signs a pharmacy up through the pages, as a person would, and enters it by the link. */
export async function signUp(
  stack: RunningStack,
  subdomain: string,
  email?: string,
  plan?: "starter" | "professional",
): Promise<Pharmacy> {
  const pharmacy = await beginSignUp(stack, subdomain, email, plan);
  await enter(stack, pharmacy);
  return pharmacy;
}

/** Sends the form and the code: from here on the platform is at work. */
export async function beginSignUp(
  stack: RunningStack,
  subdomain: string,
  email = `owner@${subdomain}.example`,
  plan: "starter" | "professional" = "starter",
): Promise<Pharmacy> {
  const client = new Client(stack.port);
  const form = {
    companyName: `${subdomain} pharmacy`,
    ownerName: "Amina Owner",
    email,
    subdomain,
    plan,
    termsAccepted: "on",
    termsVersion: "2026-11",
  };
  const mailsBefore = (await mailsTo(stack, email)).length;
  const sent = await client.ask(ROOT, "/sign-up", { form });
  if (sent.status !== 303) throw new Error(`The form was refused: ${sent.status} ${sent.text.slice(0, 2000)}`);
  const code = await eventually("the code", async () => {
    const text = (await mailsTo(stack, email))
      .slice(mailsBefore)
      .map((mail) => mail.body.text ?? "")
      .join("\n");
    return /\b\d{6}\b/.exec(text)?.[0];
  });
  const confirmed = await client.ask(ROOT, "/sign-up/code", { form: { code } });
  if (confirmed.status !== 303)
    throw new Error(`The code was refused: ${confirmed.status} ${confirmed.text.slice(0, 2000)}`);
  return { host: `${subdomain}.${ROOT}`, email, client };
}

/** Waits until the pharmacy is ready and enters it by the link on the progress page. */
export async function enter(stack: RunningStack, { client, host }: Pharmacy): Promise<void> {
  const token = await eventually("the pharmacy", async () => {
    const { text } = await client.ask(ROOT, "/sign-up/progress/steps");
    return /name="token"[^>]*value="([^"]+)"/.exec(text)?.[1] ?? /value="([^"]+)"[^>]*name="token"/.exec(text)?.[1];
  });
  const origin = `http://${ROOT}:${stack.port}`;
  const entered = await client.ask(host, "/auth/link", { form: { token }, headers: { origin } });
  if (entered.status !== 303) throw new Error(`The link was refused: ${entered.status} ${entered.text.slice(0, 2000)}`);
}
