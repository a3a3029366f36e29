import { ApiKeys } from "@pharmasight/core/tenant/api-keys/api-keys";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations } from "@pharmasight/core/tenant/people/invitations";
import { People } from "@pharmasight/core/tenant/people/people";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pharmacies, startPharmacies } from "./pharmacy.ts";

/** What may be done while a payment is overdue, and after: in the operations, whatever pages show. */

let pharmacies: Pharmacies;
beforeAll(async () => {
  pharmacies = await startPharmacies();
});
afterAll(() => pharmacies?.stop());

const item = (name: string) => ({ name, baseUnit: "tablet" });
const branch = (code: string) => ({ code, name: `Branch ${code}`, address: "", phone: "", starts: {} });
const invite = (name: string) => ({ name, email: null, username: name, role: "cashier", branchRoles: [] });
const newKey = { name: "Shop", scopes: ["items:read" as const], expiresInDays: null };

test("while a payment is overdue work goes on, and nobody adds people, branches or keys", async () => {
  const alfa = await pharmacies.open("states_grace", ["inventory", "api_access"]);
  const before = await alfa.member();
  const closed = await Branches.add(before, branch("B1"));
  await Branches.archive(before, closed);
  const { link = "" } = await Invitations.invite(before, invite("asked.before"));
  const cashier = await alfa.member("cashier");
  await People.deactivate(before, cashier.actor.userId);
  const { id: keyId } = await ApiKeys.issue(before, newKey);

  alfa.change({ state: "past_due", graceEndsAt: new Date(Date.now() + 86_400_000) });
  const owner = await alfa.member();
  const wait = (what: string) => ({
    code: "payment_required",
    message: `A payment is overdue. ${what} works again as soon as it is paid under Billing.`,
  });
  await expect(Branches.add(owner, branch("B2"))).rejects.toMatchObject(wait("Adding branches"));
  await expect(Branches.restore(owner, closed)).rejects.toMatchObject(wait("Opening branches"));
  await expect(Invitations.invite(owner, invite("asked.now"))).rejects.toMatchObject(wait("Inviting people"));
  await expect(People.reactivate(owner, cashier.actor.userId)).rejects.toMatchObject(wait("Reactivating people"));
  await expect(ApiKeys.issue(owner, newKey)).rejects.toMatchObject(wait("Issuing API keys"));
  const token = new URL(link, "https://alfa.example").searchParams.get("token") ?? "";
  await expect(Acceptance.look(await alfa.visitor(), token)).rejects.toMatchObject({ code: "gone" });

  // What is open is finished, what is there is changed, and what may leak is stopped.
  const { id } = await Items.create(owner, item("Panadol"));
  await Items.archive(owner, id);
  await Items.restore(owner, id);
  await ApiKeys.revoke(owner, keyId);
  await Branches.change(owner, (await Branches.list(owner))[0]?.id ?? "", branch("HQ"));
});

test("who came to read a suspended pharmacy's records cannot change them, whatever a page does", async () => {
  const alfa = await pharmacies.open("states_suspended", ["inventory", "api_access"]);
  const before = await alfa.member();
  const { id } = await Items.create(before, item("Panadol"));
  const { key } = await ApiKeys.issue(before, newKey);
  alfa.change({ state: "suspended", suspension: "unpaid" });
  await expect(alfa.member()).rejects.toMatchObject({ code: "payment_required" });
  await expect(alfa.program(key)).rejects.toMatchObject({ code: "payment_required" });

  const reader = await alfa.member("owner", "read_records");
  expect((await Items.get(reader, id)).name).toBe("Panadol");
  expect((await Items.list(reader, { search: "panadoll", filter: "all" })).items).toHaveLength(1);
  const program = await alfa.program(key, undefined, "read_records");
  expect((await Items.list(program, {})).total).toBe(1);
  // Postgres itself says no: 25006, read_only_sql_transaction.
  await expect(Items.create(reader, item("Second"))).rejects.toMatchObject({ code: "25006" });
  await expect(Items.archive(reader, id)).rejects.toMatchObject({ code: "25006" });
  expect((await Items.get(reader, id)).archivedAt).toBeNull();
});

test("paying opens everything again", async () => {
  const alfa = await pharmacies.open("states_paid");
  alfa.change({ state: "suspended", suspension: "unpaid" });
  await expect(alfa.member()).rejects.toMatchObject({ code: "payment_required" });
  for (const state of ["active", "trial", "cancelled"] as const) {
    alfa.change({ state, suspension: null });
    await Branches.add(await alfa.member(), branch(state.slice(0, 5).toUpperCase()));
  }
});
