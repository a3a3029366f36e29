import { Mails } from "@pharmasight/core/control/mails/mails";
import { Provisioning } from "@pharmasight/core/control/provisioning/provisioning";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { pharmaciesOfOwner } from "@pharmasight/core/control/tenants/owners";
import { hashToken } from "@pharmasight/core/kernel/tokens";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { OperatedJobs, reason } from "./operated-jobs.ts";
import { type ControlWorld, formOf, newVisitor, openTenant, startControlWorld } from "./world.ts";

let world: ControlWorld;
let jobs: OperatedJobs;

beforeAll(async () => {
  world = await startControlWorld();
  jobs = new OperatedJobs(world);
});
afterEach(() => jobs.clearFaults());
afterAll(() => world?.stop());

describe("resend", () => {
  const resend = (tenantId: string, email?: string) =>
    Provisioning.resend(world.operator, world.ports, tenantId, { reason, email });
  const linkHashes = async (tenantId: string) =>
    (await jobs.askTenant(tenantId, "select token_hash from pharmacy.sign_in_links")).map((row) => row.token_hash);
  const letters = async (tenantId: string) => {
    const rows = await jobs.welcomesOf(tenantId);
    const composed = await Promise.all(
      rows.map(({ payload }) => Mails.compose(world.system, "http://pharmasight.example", payload)),
    );
    return composed.filter((letter) => letter !== undefined);
  };

  async function opened(subdomain: string) {
    const tenant = await openTenant(world, subdomain);
    await jobs.advanceUntil(tenant.jobId, jobs.ended(tenant.jobId));
    return tenant;
  }

  test("mails another link to the corrected address; the first link and its mail are dead", async () => {
    const { tenantId, jobId } = await opened("misspelt");
    const first = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(await resend(tenantId, " Right.Address@Example.com ")).toEqual({ email: "right.address@example.com" });
    const second = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(second).not.toBe(first);
    expect(await linkHashes(tenantId)).toEqual([hashToken(second)]);
    expect(await letters(tenantId)).toMatchObject([
      { kind: "welcome", to: "right.address@example.com", link: expect.stringContaining(second) },
    ]);
    expect(await jobs.tenantOf(tenantId)).toMatchObject({ ownerEmail: "right.address@example.com" });
    expect(await jobs.askTenant(tenantId, "select email, role from pharmacy.users")).toEqual([
      { email: "right.address@example.com", role: "owner" },
    ]);
    expect(await jobs.auditOf(tenantId)).toContainEqual({
      action: "tenant.welcome_resent",
      actorKind: "operator",
      actorId: "wanjiku",
      reason,
    });
  });

  test("three times at once, and after a stop half-way, leaves one link that works and one mail that is sent", async () => {
    const { tenantId, jobId } = await opened("impatient-owner");
    const stopping = jobs.intercepted(async (method, call) => {
      await call();
      if (method === "renewOwnerLink") throw new Error("stopped");
      return call();
    });
    await expect(Provisioning.resend(world.operator, stopping, tenantId, { reason })).rejects.toThrow("stopped");
    await Promise.all([resend(tenantId), resend(tenantId), resend(tenantId)]);
    const token = await Provisioning.welcomeLinkToken(world.system, tenantId, jobId);
    expect(await linkHashes(tenantId)).toEqual([hashToken(token)]);
    expect(await letters(tenantId)).toMatchObject([{ link: expect.stringContaining(token) }]);
  });

  test("is refused once the owner has signed in, before the pharmacy is open, and to no address at all", async () => {
    const { tenantId } = await opened("signed-in");
    await expect(resend(tenantId, "nobody")).rejects.toMatchObject({ fields: { email: expect.any(String) } });
    await jobs.askTenant(tenantId, "update pharmacy.sign_in_links set used_at = now()");
    await expect(resend(tenantId, "thief@example.com")).rejects.toMatchObject({ code: "conflict" });
    expect(await jobs.askTenant(tenantId, "select email from pharmacy.users")).not.toEqual([
      { email: "thief@example.com" },
    ]);
    const failed = await jobs.failedAt("not-open", "create");
    await expect(resend(failed.tenantId)).rejects.toMatchObject({ code: "conflict" });
  });

  test("to a corrected address takes the trial from the mailbox that was mistyped, and gives it to the right one", async () => {
    const { tenantId, email } = await opened("typed-wrongly");
    const right = newVisitor().email;
    await resend(tenantId, right);
    expect(await pharmaciesOfOwner(world.system, email)).toEqual([]);
    expect(await pharmaciesOfOwner(world.system, right)).toMatchObject([{ host: "typed-wrongly" }]);
    const signUpOf = async (address: string, subdomain: string) => {
      const control = world.visitor(newVisitor().sourceIp);
      const { signUpId, browserToken } = await SignUps.start(control, formOf(subdomain, address));
      return SignUps.confirm(control, browserToken, await SignUps.codeOf(control, signUpId, 1));
    };
    await expect(signUpOf(right, "typed-twice")).rejects.toMatchObject({ code: "conflict" });
    await signUpOf(email, "typed-rightly");
  });
});
