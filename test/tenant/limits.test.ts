import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { People } from "@pharmasight/core/tenant/people/people";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quickHashing } from "./colleagues.ts";
import { type Pharmacies, startPharmacies } from "./pharmacy.ts";

/** What a plan has room for is counted in the transaction that adds or restores one, however many come at once. */

let pharmacies: Pharmacies;
beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies?.stop());

const item = (name: string) => ({ name, baseUnit: "tablet" });
const branch = (code: string) => ({ code, name: `Branch ${code}`, address: "", phone: "", starts: {} });
const invite = (name: string) => ({ name, email: null, username: name, role: "cashier", branchRoles: [] });
/** What became of several who came at once. */
async function outcomes(all: readonly Promise<unknown>[]) {
  const settled = await Promise.allSettled(all);
  const codes = settled.map((one) => (one.status === "fulfilled" ? "done" : String(one.reason.code ?? one.reason)));
  return { done: codes.filter((code) => code === "done").length, others: new Set(codes.filter((c) => c !== "done")) };
}
const refused = { code: "limit_reached" };

describe("of twenty who come at once, exactly as many get in as there is room", () => {
  test("for items: added, brought back and added by programs", async () => {
    const alfa = await pharmacies.open("limits_items", ["inventory", "api_access"], { maxItems: 30 });
    const owner = await alfa.member();
    const old = [];
    for (let index = 0; index < 6; index++) old.push(await Items.create(owner, item(`Old ${index}`)));
    for (const { id } of old) await Items.archive(owner, id);
    for (let index = 0; index < 23; index++) await Items.create(owner, item(`Here ${index}`));
    const { key } = await ApiKeys.issue(owner, { name: "Shop", scopes: ["items:write"], expiresInDays: null });
    const program = await alfa.program(key);
    const { done, others } = await outcomes([
      ...Array.from({ length: 7 }, (_, index) => Items.create(owner, item(`New ${index}`))),
      ...Array.from({ length: 7 }, (_, index) => Items.create(program, item(`Called ${index}`))),
      ...old.map(({ id }) => Items.restore(owner, id)),
    ]);
    expect({ done, others }).toEqual({ done: 7, others: new Set(["limit_reached"]) });
    expect((await Limits.used(owner)).items).toEqual({ used: 30, max: 30 });
    await expect(Items.create(owner, item("One more"))).rejects.toMatchObject({
      ...refused,
      message: "Your plan has room for 30 items and 30 are active. Archive one, or choose a larger plan under Billing.",
      fields: { name: expect.stringContaining("Archive one") },
    });
  });

  test("for branches: added and opened again", async () => {
    const alfa = await pharmacies.open("limits_branches", ["inventory"], { maxBranches: 5 });
    const owner = await alfa.member();
    const closed = [];
    for (const code of ["C1", "C2", "C3"]) closed.push(await Branches.add(owner, branch(code)));
    for (const id of closed) await Branches.archive(owner, id);
    const { done, others } = await outcomes([
      ...Array.from({ length: 17 }, (_, index) => Branches.add(owner, branch(`B${index}`))),
      ...closed.map((id) => Branches.restore(owner, id)),
    ]);
    expect({ done, others }).toEqual({ done: 4, others: new Set(["limit_reached"]) });
    expect((await Limits.used(owner)).branches).toEqual({ used: 5, max: 5 });
    const shut = (await Branches.listAll(owner)).find(({ archivedAt }) => archivedAt !== null);
    await expect(Branches.restore(owner, shut?.id ?? "")).rejects.toMatchObject(refused);
    // One that is open already takes no room.
    await Branches.restore(owner, (await Branches.list(owner))[0]?.id ?? "");
  });

  test("for people: those who are invited have their place", async () => {
    const alfa = await pharmacies.open("limits_people", ["inventory"], { maxUsers: 10 });
    const owner = await alfa.member();
    const sent = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => Invitations.invite(owner, invite(`person.${index}x`))),
    );
    const links = sent.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(links).toHaveLength(9);
    await expect(Invitations.invite(owner, invite("one.more"))).rejects.toMatchObject({
      ...refused,
      message:
        "Your plan has room for 10 people: 1 is active and 9 are invited. Deactivate somebody or take an invitation " +
        "back, or choose a larger plan under Billing.",
    });
    const visitor = await alfa.visitor();
    const tokens = links.map(({ link }) => new URL(link ?? "", "https://alfa.example").searchParams.get("token") ?? "");
    const password = { password: "seven purple bicycles", passwordAgain: "seven purple bicycles" };
    const accept = (token: string, name: string) =>
      Acceptance.accept(visitor, quickHashing, token, { name, ...password });
    // The plan became smaller meanwhile: whoever comes first gets in.
    alfa.change({ maxUsers: 6 });
    const later = await alfa.visitor();
    const joined = await outcomes(
      tokens.map((token, index) => Acceptance.accept(later, quickHashing, token, { name: `P ${index}`, ...password })),
    );
    expect(joined).toEqual({ done: 5, others: new Set(["gone"]) });
    alfa.change({ maxUsers: 10 });
    const [left] = await Promise.all(tokens.map((token, index) => accept(token, `Q ${index}`).catch(() => undefined)));
    expect(left ?? "").toBeDefined();
    const now = await alfa.member();
    expect((await Limits.used(now)).users).toEqual({ used: 10, max: 10 });
    const person = (await People.list(now, { state: "active" })).people.find(({ role }) => role === "cashier");
    await People.deactivate(now, person?.id ?? "");
    await Invitations.invite(now, invite("taker"));
    await expect(People.reactivate(now, person?.id ?? "")).rejects.toMatchObject(refused);
  });
});

test("what was bought beyond the plan counts, and nothing is counted where there is no limit", async () => {
  const alfa = await pharmacies.open("limits_raised", ["inventory"], {
    maxBranches: 1,
    raises: [{ limit: "branches", by: 2 }],
  });
  const owner = await alfa.member();
  await Branches.add(owner, branch("B1"));
  await Branches.add(owner, branch("B2"));
  await expect(Branches.add(owner, branch("B3"))).rejects.toMatchObject(refused);
  alfa.change({ maxBranches: null });
  await Branches.add(await alfa.member(), branch("B3"));
});

test("an invitation that has expired gives its place up, and takes one when it is sent again", async () => {
  const alfa = await pharmacies.open("limits_expired", ["inventory"], { maxUsers: 2 });
  const owner = await alfa.member();
  const { id } = await Invitations.invite(owner, invite("late.one"));
  await alfa.asSuperuser(`update invitations set expires_at = now() - interval '1 minute' where id = $1`, [id]);
  await Invitations.invite(owner, invite("new.one"));
  await expect(Invitations.resend(owner, id)).rejects.toMatchObject(refused);
});
