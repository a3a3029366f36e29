import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Items } from "@pharmasight/core/tenant/items/items";
import { Overview } from "@pharmasight/core/tenant/setup/overview";
import { Setup, steps } from "@pharmasight/core/tenant/setup/setup";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies();
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  await alfa.asSuperuser("delete from setup_steps");
  await alfa.asSuperuser("delete from items");
});

describe("the first day", () => {
  test("can be left and come back to at any step: it goes on at the first that is neither done nor skipped", async () => {
    const member = await alfa.member();
    await Setup.mark(member, "company", "done");
    await Setup.mark(member, "people", "skipped");
    expect(Setup.firstOpen(await Setup.progress(await alfa.member("admin")))).toBe("branches");
    await Setup.mark(member, "branches", "skipped");
    expect(Setup.firstOpen(await Setup.progress(member))).toBe("items");
    await Setup.mark(member, "items", "skipped");
    expect(Setup.firstOpen(await Setup.progress(member))).toBeUndefined();
  });

  test("keeps a step done, whatever is skipped and however often, in any order", async () => {
    const member = await alfa.member();
    const said = fc.record({ step: fc.constantFrom(...steps), state: fc.constantFrom("done", "skipped") });
    await Items.create(member, { name: "Paracetamol", baseUnit: "tablet" });
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 12 }), async (sequence) => {
        await alfa.asSuperuser("delete from setup_steps");
        for (const { step, state } of sequence) await Setup.mark(member, step, state);
        const { states } = await Setup.progress(member);
        for (const step of steps) {
          const of = sequence.filter((one) => one.step === step);
          const isDone = step === "items" || of.some(({ state }) => state === "done");
          expect(states[step]).toBe(isDone ? "done" : of.length > 0 ? "skipped" : "open");
        }
      }),
      { numRuns: 60 },
    );
  });

  test("has its items done as soon as there are any, and not before", async () => {
    const member = await alfa.member();
    expect(await codeOf(Setup.mark(member, "items", "done"))).toBe("conflict");
    await Setup.mark(member, "items", "skipped");
    await Items.create(member, { name: "Paracetamol", baseUnit: "tablet" });
    expect((await Setup.progress(member)).states.items).toBe("done");
    expect(await codeOf(Setup.mark(member, "items", "done"))).toBe("done");
  });

  test("is said by two people at once without a quarrel", async () => {
    const [owner, admin] = [await alfa.member(), await alfa.member("admin")];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        Setup.mark(index % 2 ? owner : admin, "company", index % 3 ? "done" : "skipped"),
      ),
    );
    expect((await Setup.progress(owner)).states.company).toBe("done");
  });

  test("begins by itself once: not after it was put off, begun, or done in another way", async () => {
    const bravo = await pharmacies.open("bravo");
    const member = await bravo.member();
    const isFresh = async () => (await Setup.progress(member)).isFresh;
    expect(await isFresh()).toBe(true);
    await Setup.postpone(member);
    expect(await isFresh()).toBe(false);
    expect(Setup.firstOpen(await Setup.progress(member))).toBe("company");
    await bravo.asSuperuser("delete from setup_steps");
    await Setup.mark(member, "company", "skipped");
    expect(await isFresh()).toBe(false);
    await bravo.asSuperuser("delete from setup_steps");
    await Branches.add(member, { code: "WEST", name: "West", address: "", phone: "", starts: {} });
    expect(await isFresh()).toBe(false);
  });

  test("leaves the dashboard when somebody says so, once nothing is open", async () => {
    const member = await alfa.member();
    expect(await codeOf(Setup.dismissChecklist(member))).toBe("conflict");
    for (const step of steps) await Setup.mark(member, step, "skipped");
    expect((await Setup.progress(member)).isDismissed).toBe(false);
    await Setup.dismissChecklist(member);
    expect((await Setup.progress(member)).isDismissed).toBe(true);
  });

  test("belongs to who may manage the company", async () => {
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const member = await alfa.member(role);
      for (const work of [
        Setup.progress(member),
        Setup.mark(member, "company", "done"),
        Setup.mark(member, "items", "done"),
        Setup.postpone(member),
        Setup.dismissChecklist(member),
      ]) {
        expect(await codeOf(work)).toBe("forbidden");
      }
    }
  });
});

describe("the overview", () => {
  test("counts what is there, and items that wait for the pharmacist", async () => {
    const member = await alfa.member();
    await Items.create(member, { name: "Paracetamol", baseUnit: "tablet", taxClass: "zero_rated" });
    await Items.create(member, { name: "Aspirin", baseUnit: "tablet" });
    const figures = await Overview.figures(member);
    expect(figures).toMatchObject({ items: 2, itemsWithoutTaxClass: 1, branches: 1, headquarters: "Main branch" });
    expect(figures.people).toBeGreaterThan(0);
  });

  test("says nothing of people to who may not see them, and nothing of items to who has no role", async () => {
    expect(await Overview.figures(await alfa.member("cashier"))).not.toHaveProperty("people");
    const nobody = await alfa.member("viewer");
    const rights = { everywhere: new Set<never>(), byBranch: new Map() };
    Object.assign(nobody.actor, { rights });
    expect(Object.keys(await Overview.figures(nobody)).toSorted()).toEqual(["branches", "headquarters"]);
  });
});
