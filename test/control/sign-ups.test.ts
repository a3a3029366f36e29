import { Mails } from "@pharmasight/core/control/mails/mails";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlWorld, formOf, newVisitor, startControlWorld, startSignUp, wrongFor } from "./world.ts";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

const countOf = async (table: "signUps" | "tenants" | "outbox", column: string, value: string) => {
  const rows = await world.system.db.selectFrom(table).selectAll().execute();
  return rows.filter((row) => Object.entries(row).some(([name, found]) => name === column && found === value)).length;
};

describe("the form", () => {
  test("is refused with one message for each field that needs a change", async () => {
    const refused = SignUps.start(world.visitor("10.9.0.1"), { subdomain: "a", plan: "enterprise" });
    await expect(refused).rejects.toMatchObject({ code: "invalid_input" });
    const error: unknown = await refused.catch((reason: unknown) => reason);
    const fields = error instanceof DomainError ? error.fields : {};
    expect(Object.keys(fields).sort()).toEqual([
      "companyName",
      "email",
      "ownerName",
      "plan",
      "subdomain",
      "termsAccepted",
      "termsVersion",
    ]);
  });

  test.each([
    "www",
    "adm1n",
    "xn--pharm-9ta",
    "a".repeat(64),
    "grün",
    "💊pills",
    "a b",
    "-a-b",
    "a'; drop table tenants",
  ])("refuses the address %s", async (subdomain) => {
    const { email, sourceIp } = newVisitor();
    const refused = SignUps.start(world.visitor(sourceIp), formOf(subdomain, email));
    await expect(refused).rejects.toMatchObject({ fields: { subdomain: expect.any(String) } });
  });

  test.each(["'); drop table tenants; --", "<script>alert(1)</script>", "Chemist’s & Söhne 💊"])(
    "keeps the words %s as they were typed",
    async (words) => {
      const { email, sourceIp } = newVisitor();
      const form = formOf("as-typed", email, { companyName: words, ownerName: words });
      const { browserToken } = await SignUps.start(world.visitor(sourceIp), form);
      const found = await SignUps.findForBrowser(world.system, browserToken);
      expect(found).toMatchObject({ companyName: words, ownerName: words });
    },
  );

  test.each(["null\u0000byte", "two\nlines"])("refuses control characters in names", async (words) => {
    const { email, sourceIp } = newVisitor();
    const refused = SignUps.start(world.visitor(sourceIp), formOf("words", email, { companyName: words }));
    await expect(refused).rejects.toMatchObject({ fields: { companyName: expect.any(String) } });
  });

  test("sent five times at once is one sign-up with one code", async () => {
    const { email, sourceIp } = newVisitor();
    const control = world.visitor(sourceIp);
    const browserToken = SignUps.newBrowserToken();
    const started = await Promise.all(
      Array.from({ length: 5 }, () => SignUps.start(control, formOf("twice", email), browserToken)),
    );
    expect(new Set(started.map(({ signUpId }) => signUpId)).size).toBe(1);
    expect(await countOf("signUps", "email", email)).toBe(1);
    expect(await countOf("outbox", "dedupeKey", `sign-up-code:${started[0]?.signUpId}:1`)).toBe(1);
  });

  test.each(["amina@mailinator.com", "amina@deep.under.mailinator.com", "AMINA@YOPMAIL.COM"])(
    "refuses the throw-away address %s",
    async (email) => {
      const refused = SignUps.start(world.visitor("10.9.0.2"), formOf("thrown-away", email));
      await expect(refused).rejects.toMatchObject({ code: "invalid_input", fields: { email: expect.any(String) } });
    },
  );

  test("corrected in the same browser changes the sign-up, and counts as no further one", async () => {
    const { control, browserToken, signUpId, email } = await startSignUp(world, "corrected-1");
    for (let again = 2; again < 12; again += 1) {
      const started = await SignUps.start(control, formOf(`corrected-${again}`, email), browserToken);
      expect(started).toEqual({ signUpId, browserToken });
    }
    expect(await SignUps.findForBrowser(control, browserToken)).toMatchObject({ subdomain: "corrected-11" });
  });

  test.each([
    [
      "was guessed at five times",
      async (wrong: () => Promise<unknown>) => {
        for (let tried = 0; tried < 5; tried += 1) await expect(wrong()).rejects.toThrow();
      },
    ],
    ["has expired", async () => world.clock.advance(15 * 60)],
  ])("sent again by a browser whose code %s begins a new sign-up, with a new token and code", async (_, spoil) => {
    const { control, browserToken, signUpId, email, code } = await startSignUp(world, "begun-anew");
    await spoil(() => SignUps.confirm(control, browserToken, wrongFor(code)));
    const again = await SignUps.start(control, formOf(`anew-${signUpId.slice(-8)}`, email), browserToken);
    expect(again.signUpId).not.toBe(signUpId);
    expect(again.browserToken).not.toBe(browserToken);
    await SignUps.confirm(control, again.browserToken, await SignUps.codeOf(control, again.signUpId, 1));
  });
});

describe("the code", () => {
  test("is six digits that differ by sign-up and number", async () => {
    const { signUpId } = await startSignUp(world, "six-digits");
    const codes = await Promise.all([1, 2, 3].map((number) => SignUps.codeOf(world.system, signUpId, number)));
    for (const code of codes) expect(code).toMatch(/^\d{6}$/);
    expect(new Set(codes).size).toBe(3);
  });

  test("is refused when wrong, and after five wrong tries even when right", async () => {
    const { control, browserToken, code } = await startSignUp(world, "wrong-code");
    for (let tried = 1; tried <= 5; tried += 1) {
      const refused = SignUps.confirm(control, browserToken, wrongFor(code));
      await expect(refused).rejects.toMatchObject({ code: "invalid_input", fields: { code: expect.any(String) } });
    }
    await expect(SignUps.confirm(control, browserToken, code)).rejects.toThrow("tried too often");
  });

  test("is compared at most five times when guesses come at the same moment", async () => {
    const { control, browserToken, signUpId, code } = await startSignUp(world, "guessed");
    const guesses = Array.from({ length: 40 }, () => SignUps.confirm(control, browserToken, wrongFor(code)));
    const refused = await Promise.allSettled(guesses);
    const compared = refused.filter((one) => one.status === "rejected" && /not the code|wrong too/.test(one.reason));
    expect(compared).toHaveLength(5);
    const row = await world.system.db
      .selectFrom("signUps")
      .select(["codeAttempts", "tenantId"])
      .where("id", "=", signUpId)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ codeAttempts: 5, tenantId: null });
  });

  test("that is no six digits costs no try", async () => {
    const { control, browserToken, code } = await startSignUp(world, "mistyped");
    for (const typed of ["", "12345", "1234567", "abcdef", "１２３４５６"]) {
      await expect(SignUps.confirm(control, browserToken, typed)).rejects.toMatchObject({ code: "invalid_input" });
    }
    expect(await SignUps.findForBrowser(control, browserToken)).toMatchObject({ attemptsLeft: 5 });
    await SignUps.confirm(control, browserToken, ` ${code.slice(0, 3)} ${code.slice(3)} `);
  });

  test("expires after fifteen minutes, and a new one replaces it", async () => {
    const { control, browserToken, signUpId, code } = await startSignUp(world, "expired");
    world.clock.advance(15 * 60);
    await expect(SignUps.confirm(control, browserToken, code)).rejects.toThrow("expired");
    await SignUps.resendCode(control, browserToken);
    const second = await SignUps.codeOf(control, signUpId, 2);
    if (second !== code) await expect(SignUps.confirm(control, browserToken, code)).rejects.toThrow("not the code");
    await SignUps.confirm(control, browserToken, second);
  });

  test("is sent five times at most", async () => {
    const { control, browserToken } = await startSignUp(world, "five-codes");
    for (let number = 2; number <= 5; number += 1) await SignUps.resendCode(control, browserToken);
    await expect(SignUps.resendCode(control, browserToken)).rejects.toMatchObject({ code: "rate_limited" });
  });

  test("entered again, or ten times at once, leads to the same tenant", async () => {
    const { control, browserToken, code, email } = await startSignUp(world, "replayed");
    const confirmed = await Promise.allSettled(
      Array.from({ length: 10 }, () => SignUps.confirm(control, browserToken, code)),
    );
    const tenants = confirmed.flatMap((one) => (one.status === "fulfilled" ? [one.value.tenantId] : []));
    expect(tenants.length).toBeGreaterThanOrEqual(1);
    world.clock.advance(3600);
    const { tenantId } = await SignUps.confirm(control, browserToken, code);
    expect(new Set([...tenants, tenantId]).size).toBe(1);
    expect(await countOf("tenants", "ownerEmail", email)).toBe(1);
  });

  test("is worth nothing in another browser", async () => {
    const { control, code } = await startSignUp(world, "other-browser");
    await expect(SignUps.confirm(control, SignUps.newBrowserToken(), code)).rejects.toMatchObject({ code: "gone" });
  });
});

describe("one address wanted by fifty", () => {
  test("goes to one of them, and the others choose again and keep their form and code", async () => {
    const wanted = await Promise.all(Array.from({ length: 50 }, () => startSignUp(world, "wanted")));
    const outcomes = await Promise.allSettled(
      wanted.map(({ control, browserToken, code }) => SignUps.confirm(control, browserToken, code)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(outcome.reason).toMatchObject({ code: "conflict", fields: { subdomain: expect.any(String) } });
    }
    expect(await SignUps.availability(world.system, "Wanted")).toMatchObject({ state: "taken" });

    const loser = wanted[outcomes.findIndex(({ status }) => status === "rejected")];
    if (loser === undefined) throw new Error("Everybody won.");
    const { control, browserToken, signUpId, email, code } = loser;
    const corrected = await SignUps.start(control, formOf("wanted-too", email), browserToken);
    expect(corrected).toEqual({ signUpId, browserToken });
    const { tenantId } = await SignUps.confirm(control, browserToken, code);
    const host = await world.system.db
      .selectFrom("tenantHosts")
      .selectAll()
      .where("tenantId", "=", tenantId)
      .executeTakeFirstOrThrow();
    expect(host).toMatchObject({ host: "wanted-too", kind: "primary" });
  }, 120_000);
});

describe("the mail with the code", () => {
  const outboxOf = (signUpId: string) =>
    world.system.db
      .selectFrom("outbox")
      .select(["id", "payload"])
      .where("dedupeKey", "=", `sign-up-code:${signUpId}:1`)
      .executeTakeFirstOrThrow();

  test("says the code that confirms, and the outbox does not", async () => {
    const { signUpId, code, email } = await startSignUp(world, "mailed");
    const { id, payload } = await outboxOf(signUpId);
    expect(JSON.stringify(payload)).not.toContain(code);
    const letters: unknown[] = [];
    await Mails.deliver(world.system, "https://pharmasight.example", id, async (letter) => void letters.push(letter));
    expect(letters).toEqual([{ kind: "sign_up_code", to: email, code, minutes: 15 }]);
  });

  test("is sent once when its message comes ten times at once", async () => {
    const { signUpId } = await startSignUp(world, "mailed-once");
    const { id } = await outboxOf(signUpId);
    let sendings = 0;
    const deliver = () =>
      Mails.deliver(world.system, "https://pharmasight.example", id, async () => {
        sendings += 1;
      });
    await Promise.all(Array.from({ length: 10 }, deliver));
    await deliver();
    expect(sendings).toBe(1);
  });

  test("is tried again after the mail service refused it", async () => {
    const { signUpId } = await startSignUp(world, "mailed-later");
    const { id } = await outboxOf(signUpId);
    const refused = Mails.deliver(world.system, "https://pharmasight.example", id, async () => {
      throw new Error("no");
    });
    await expect(refused).rejects.toThrow("no");
    expect(await world.system.isSettled(id)).toBe(false);
  });

  test("is not sent when the code was replaced or used", async () => {
    const { signUpId, control, browserToken } = await startSignUp(world, "moot");
    const { id } = await outboxOf(signUpId);
    await SignUps.resendCode(control, browserToken);
    await Mails.deliver(world.system, "https://pharmasight.example", id, async () => expect.unreachable());
    expect(await world.system.isSettled(id)).toBe(true);
  });
});
