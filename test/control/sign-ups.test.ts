import { Mails } from "@pharmasight/core/control/mails/mails";
import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlWorld, formOf, newVisitor, openTenant, startControlWorld, startSignUp } from "./world.ts";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

const notThe = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
const countOf = async (table: "signUps" | "tenants" | "outbox", column: string, value: string) => {
  const rows = await world.system.db.selectFrom(table).selectAll().execute();
  return rows.filter((row) => Object.entries(row).some(([name, found]) => name === column && found === value)).length;
};

describe("the form", () => {
  test("is refused with one message for each field that needs a change", async () => {
    const refused = SignUps.start(world.system, { subdomain: "a", plan: "enterprise" }, { sourceIp: "10.9.0.1" });
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
    const refused = SignUps.start(world.system, formOf(subdomain, email), { sourceIp });
    await expect(refused).rejects.toMatchObject({ fields: { subdomain: expect.any(String) } });
  });

  test.each(["'); drop table tenants; --", "<script>alert(1)</script>", "Chemist’s & Söhne 💊"])(
    "keeps the words %s as they were typed",
    async (words) => {
      const { email, sourceIp } = newVisitor();
      const form = formOf("as-typed", email, { companyName: words, ownerName: words });
      const { browserToken } = await SignUps.start(world.system, form, { sourceIp });
      const found = await SignUps.findForBrowser(world.system, browserToken);
      expect(found).toMatchObject({ companyName: words, ownerName: words });
    },
  );

  test.each(["null\u0000byte", "two\nlines"])("refuses control characters in names", async (words) => {
    const { email, sourceIp } = newVisitor();
    const refused = SignUps.start(world.system, formOf("words", email, { companyName: words }), { sourceIp });
    await expect(refused).rejects.toMatchObject({ fields: { companyName: expect.any(String) } });
  });

  test("sent ten times at once is one sign-up with one code", async () => {
    const { email, sourceIp } = newVisitor();
    const browserToken = SignUps.newBrowserToken();
    const started = await Promise.all(
      Array.from({ length: 10 }, () => SignUps.start(world.system, formOf("twice", email), { sourceIp, browserToken })),
    );
    expect(new Set(started.map(({ signUpId }) => signUpId)).size).toBe(1);
    expect(await countOf("signUps", "email", email)).toBe(1);
    expect(await countOf("outbox", "dedupeKey", `sign-up-code:${started[0]?.signUpId}:1`)).toBe(1);
  });

  test("is taken five times an hour from one address and twenty times from one network, exactly", async () => {
    const outcomes = async (starts: Promise<unknown>[]) => {
      const settled = await Promise.allSettled(starts);
      return {
        taken: settled.filter(({ status }) => status === "fulfilled").length,
        refused: settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])),
      };
    };
    const { email } = newVisitor();
    const byEmail = await outcomes(
      Array.from({ length: 12 }, () => SignUps.start(world.system, formOf("limits", email), newVisitor())),
    );
    expect(byEmail.taken).toBe(5);
    for (const reason of byEmail.refused)
      expect(reason).toMatchObject({ code: "rate_limited", retryAfterSeconds: 3600 });
    const byNetwork = await outcomes(
      Array.from({ length: 30 }, () =>
        SignUps.start(world.system, formOf("limits", newVisitor().email), { sourceIp: "203.0.113.7" }),
      ),
    );
    expect(byNetwork.taken).toBe(20);
    world.clock.advance(3600);
    await SignUps.start(world.system, formOf("limits", email), { sourceIp: "203.0.113.7" });
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
      const refused = SignUps.confirm(control, browserToken, notThe(code));
      await expect(refused).rejects.toMatchObject({ code: "invalid_input", fields: { code: expect.any(String) } });
    }
    await expect(SignUps.confirm(control, browserToken, code)).rejects.toThrow("tried too often");
  });

  test("is compared at most five times when guesses come at the same moment", async () => {
    const { control, browserToken, signUpId, code } = await startSignUp(world, "guessed");
    const guesses = Array.from({ length: 40 }, () => SignUps.confirm(control, browserToken, notThe(code)));
    const refused = await Promise.allSettled(guesses);
    const compared = refused.filter((one) => one.status === "rejected" && !String(one.reason).includes("too often"));
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

  test("opens one trial for an owner", async () => {
    const { email } = await openTenant(world, "first-trial");
    const { sourceIp } = newVisitor();
    const again = await SignUps.start(world.system, formOf("second-trial", email), { sourceIp });
    const code = await SignUps.codeOf(world.system, again.signUpId, 1);
    await expect(SignUps.confirm(world.system, again.browserToken, code)).rejects.toMatchObject({
      code: "conflict",
      fields: { email: expect.any(String) },
    });
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
    const { control, browserToken, signUpId, sourceIp, email, code } = loser;
    const corrected = await SignUps.start(control, formOf("wanted-too", email), { sourceIp, browserToken });
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
