import { Mails } from "@pharmasight/core/control/mails/mails";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { recordTenantEvent } from "@pharmasight/core/control/tenants/events";
import { pharmaciesOfOwner } from "@pharmasight/core/control/tenants/owners";
import { newId } from "@pharmasight/core/kernel/ids";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { observe } from "./observed.ts";
import {
  type ControlWorld,
  formOf,
  newVisitor,
  openTenant,
  startControlWorld,
  startSignUp,
  wrongFor,
} from "./world.ts";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

describe("an owner", () => {
  /** Another sign-up of somebody, up to the right code. */
  async function again(subdomain: string, email: string) {
    const control = world.visitor(newVisitor().sourceIp);
    const { signUpId, browserToken } = await SignUps.start(control, formOf(subdomain, email));
    const code = await SignUps.codeOf(control, signUpId, 1);
    return { signUpId, confirm: () => SignUps.confirm(control, browserToken, code) };
  }
  const refusal = { code: "conflict", fields: { email: expect.any(String) } };
  const tagged = (email: string) => email.replace("@", "+another@");

  test("has one trial, however the address is written", async () => {
    const { email } = await openTenant(world, "first-trial");
    await expect((await again("second-trial", email)).confirm()).rejects.toMatchObject(refusal);
    await expect((await again("third-trial", tagged(email.toUpperCase()))).confirm()).rejects.toMatchObject(refusal);
    const gmail = newVisitor().email.replace("example.com", "gmail.com");
    await (await again("gmail-trial", gmail)).confirm();
    const sameMailbox = gmail.replace("owner", "o.w.n.e.r").replace("gmail.com", "googlemail.com");
    await expect((await again("gmail-again", sameMailbox)).confirm()).rejects.toMatchObject(refusal);
  });

  test("gets one pharmacy when two sign-ups are confirmed at the same moment", async () => {
    const { email } = newVisitor();
    const both = [
      await again("at-once-1", email),
      await again("at-once-2", tagged(email)),
      await again("at-once-3", email),
    ];
    const outcomes = await Promise.allSettled(both.map(({ confirm }) => confirm()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(refusal);
  });

  test("whose pharmacy is closed has had the trial", async () => {
    const { email, tenantId } = await openTenant(world, "closed-trial");
    await world.system.db.updateTable("tenants").set({ state: "closed" }).where("id", "=", tenantId).execute();
    await world.system.db.deleteFrom("tenantHosts").where("tenantId", "=", tenantId).execute();
    await expect((await again("after-closing", email)).confirm()).rejects.toMatchObject(refusal);
  });

  /** The pharmacy says that somebody else owns it now. */
  const handOver = (tenantId: string, ownerEmail: string, version: number) =>
    recordTenantEvent(world.system, {
      event: "profile_changed",
      tenantId,
      outboxId: newId(world.clock),
      companyName: "Green Cross",
      currency: "KES",
      timeZone: "Africa/Nairobi",
      ownerName: "Next Owner",
      ownerEmail,
      logoDigest: "",
      version,
    });

  test("who handed the pharmacy over has had the trial, and so has the owner after them", async () => {
    const { email, tenantId } = await openTenant(world, "handed-over");
    const { email: successor } = newVisitor();
    await handOver(tenantId, successor, 1);
    await expect((await again("after-handing", email)).confirm()).rejects.toMatchObject(refusal);
    await expect((await again("after-taking", successor)).confirm()).rejects.toMatchObject(refusal);
    // What is somebody else's now is no address to send them to.
    const named = { companyName: "Green Cross" };
    expect(await pharmaciesOfOwner(world.system, email)).toEqual([{ ...named, host: null }]);
    expect(await pharmaciesOfOwner(world.system, successor)).toEqual([{ ...named, host: "handed-over" }]);
  });

  test("who took a pharmacy over and handed it on has had no trial and may have one", async () => {
    const { email, tenantId } = await openTenant(world, "handed-on");
    const between = newVisitor().email;
    const last = newVisitor().email;
    await handOver(tenantId, between, 1);
    await handOver(tenantId, last, 2);
    expect(await pharmaciesOfOwner(world.system, between)).toEqual([]);
    await (await again("after-handing-on", between)).confirm();
    await expect((await again("first-of-three", email)).confirm()).rejects.toMatchObject(refusal);
    await expect((await again("last-of-three", last)).confirm()).rejects.toMatchObject(refusal);
  });

  test("whose provisioning failed may try again", async () => {
    const { email, tenantId } = await openTenant(world, "failed-trial");
    const state = "provisioning_failed";
    await world.system.db.updateTable("tenants").set({ state }).where("id", "=", tenantId).execute();
    await (await again("after-failing", email)).confirm();
  });

  test("whose provisioning was rolled back is told, and may try again, in that browser too", async () => {
    const { control, browserToken, signUpId, code, email } = await startSignUp(world, "rolled-back");
    const { tenantId } = await SignUps.confirm(control, browserToken, code);
    expect(await SignUps.findForBrowser(control, browserToken)).toMatchObject({ tenantId, isRolledBack: false });
    // As the last step of a rollback leaves it.
    const { db } = world.system;
    await db.deleteFrom("tenantHosts").where("tenantId", "=", tenantId).execute();
    await db.updateTable("signUps").set({ tenantId: null, confirmedAt: null }).where("id", "=", signUpId).execute();
    await db.updateTable("tenants").set({ state: "closed" }).where("id", "=", tenantId).execute();
    const finished = { state: "rolled_back", finishedAt: world.clock.now() } as const;
    await db.updateTable("provisioningJobs").set(finished).where("tenantId", "=", tenantId).execute();

    expect(await SignUps.findForBrowser(control, browserToken)).toMatchObject({ tenantId: null, isRolledBack: true });
    await (await again("rolled-on", tagged(email))).confirm();
    await db
      .updateTable("tenants")
      .set({ state: "provisioning_failed" })
      .where("ownerEmail", "=", tagged(email))
      .execute();
    await SignUps.resendCode(control, browserToken);
    await SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 2));
    expect(await SignUps.findForBrowser(control, browserToken)).toMatchObject({ isRolledBack: false });
  });

  test("is told by mail who has a pharmacy already, in place of every code", async () => {
    const { email, tenantId } = await openTenant(world, "known-owner");
    const control = world.visitor(newVisitor().sourceIp);
    const { signUpId, browserToken } = await SignUps.start(control, formOf("known-again", tagged(email)));
    const letters: unknown[] = [];
    const deliver = async (number: number) => {
      const { id } = await world.system.db
        .selectFrom("outbox")
        .select("id")
        .where("dedupeKey", "=", `sign-up-code:${signUpId}:${number}`)
        .executeTakeFirstOrThrow();
      await Mails.deliver(world.system, "https://pharmasight.example", id, async (letter) => void letters.push(letter));
    };
    const letter = {
      kind: "existing_owner",
      to: tagged(email),
      pharmacies: [{ companyName: "Green Cross", address: "https://known-owner.pharmasight.example" }],
      findUrl: "https://pharmasight.example/find",
    };
    await deliver(1);
    await SignUps.resendCode(control, browserToken);
    await world.system.db.updateTable("tenants").set({ state: "closed" }).where("id", "=", tenantId).execute();
    await deliver(2);
    expect(letters).toEqual([letter, { ...letter, pharmacies: [] }]);
  });

  test("and a stranger run through the same statements, at every step up to the right code", async () => {
    const { email: known } = await openTenant(world, "same-statements");
    const seen = [];
    for (const email of [known, newVisitor().email]) {
      const { control, statements, messages } = observe(world, { kind: "visitor", ...newVisitor(), requestId: "test" });
      const started = await SignUps.start(control, formOf("same-name", email));
      const wrong = wrongFor(await SignUps.codeOf(control, started.signUpId, 1));
      const refused: unknown = await SignUps.confirm(control, started.browserToken, wrong).catch((error) => error);
      await SignUps.resendCode(control, started.browserToken);
      const found = await SignUps.findForBrowser(control, started.browserToken);
      const { id, email: _, ...page } = found ?? expect.unreachable();
      seen.push({ statements, messages, refused: String(refused), page });
    }
    expect(seen[0]?.statements.length).toBeGreaterThan(20);
    expect(seen[1]).toEqual(seen[0]);
  });
});
