import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { Totp } from "@pharmasight/core/kernel/totp";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { SecondSteps } from "@pharmasight/core/tenant/accounts/second-steps";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { TwoFactor } from "@pharmasight/core/tenant/accounts/two-factor";
import { TwoFactorResets } from "@pharmasight/core/tenant/accounts/two-factor-resets";
import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../harness/stack.ts";
import { begin, codeOf, deliver, fieldsOf, otherPassword, password, setPassword, tokenIn } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const STEP_MS = 30_000;
let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let opened = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
});
afterAll(() => pharmacies?.stop());
beforeEach(async () => {
  alfa = await pharmacies.open(`alfa${++opened}`);
  await setPassword(alfa, alfa.ownerId);
});

/** What the app on the phone shows, `steps` of half a minute from now. */
const shown = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now.getTime() + steps * STEP_MS });

/** Sets the owner's second factor up. */
async function setUp(userId = alfa.ownerId) {
  const { person } = await begin(alfa, userId);
  await TwoFactor.begin(person, passwordHashing, "");
  const secret = (await TwoFactor.pending(person))?.secret ?? "";
  const codes = await TwoFactor.confirm(person, shown(secret));
  pass(STEP_MS);
  return { person, secret, codes };
}

const step = async (answer: Parameters<typeof TwoFactor.pass>[2]) =>
  TwoFactor.pass(await alfa.visitor(), alfa.ownerId, answer);

test("codes are those of RFC 6238, one step around", () => {
  // Appendix B, SHA-1, the last six of eight digits.
  const secret = new Secret({ buffer: new TextEncoder().encode("12345678901234567890").buffer }).base32;
  const at = (seconds: number) => new Date(seconds * 1000);
  expect(Totp.stepOf("287082", secret, at(59))).toBe(1);
  expect(Totp.stepOf("081804", secret, at(1111111109))).toBe(37037036);
  expect(Totp.stepOf("287082", secret, at(89))).toBe(1);
  expect(Totp.stepOf("287082", secret, at(90))).toBeUndefined();
  expect(Totp.stepOf("94287082", secret, at(59))).toBeUndefined();
  expect(Totp.stepOf("", secret, at(59))).toBeUndefined();
});

describe("setting it up", () => {
  test("counts once a code of the app was seen, and not before", async () => {
    const { person } = await begin(alfa, alfa.ownerId);
    await TwoFactor.begin(person, passwordHashing, "");
    expect(await TwoFactor.isOn(person, alfa.ownerId)).toBe(false);
    const pending = await TwoFactor.pending(person);
    expect(pending?.keyUri).toContain(`secret=${pending?.secret}`);
    expect(await fieldsOf(TwoFactor.confirm(person, "000000"))).toEqual(["code"]);
    const codes = await TwoFactor.confirm(person, shown(pending?.secret ?? ""));
    expect(new Set(codes).size).toBe(10);
    expect(await TwoFactor.stateOf(person)).toMatchObject({ isOn: true, codesLeft: 10 });
    expect(await TwoFactor.pending(person)).toBeUndefined();
    expect(await codeOf(TwoFactor.begin(person, passwordHashing, ""))).toBe("conflict");
    expect((await deliver(alfa)).at(-1)).toMatchObject({ template: "two_factor_changed", change: "on" });
  });

  test("needs the password once the sign-in is fifteen minutes old; what was begun is shown for fifteen", async () => {
    const { person } = await begin(alfa, alfa.ownerId);
    pass(15 * 60_000);
    expect(await fieldsOf(TwoFactor.begin(person, passwordHashing, "wrong password"))).toEqual(["password"]);
    await TwoFactor.begin(person, passwordHashing, password);
    const secret = (await TwoFactor.pending(person))?.secret ?? "";
    pass(15 * 60_000);
    expect(await TwoFactor.pending(person)).toBeUndefined();
    expect(await codeOf(TwoFactor.confirm(person, shown(secret)))).toBe("not_found");
  });

  test("stores neither secret nor codes, and a row that was moved to somebody else opens nothing", async () => {
    const { person, secret, codes } = await setUp();
    const tables = ["two_factors", "recovery_codes", "audit_log", "outbox"];
    for (const table of tables) {
      const text = JSON.stringify(await alfa.asSuperuser(`select to_jsonb(t)::text as row from ${table} t`));
      expect([table, [secret, ...codes].filter((one) => text.includes(one))]).toEqual([table, []]);
    }
    const { actor } = await alfa.member("viewer");
    await person.db.updateTable("twoFactors").set({ userId: actor.userId }).execute();
    await expect(TwoFactor.pass(await alfa.visitor(), actor.userId, { code: shown(secret) })).rejects.toThrow();
  });
});

describe("the second step", () => {
  test("is not passed over by any way in", async () => {
    await setUp();
    const visitor = await alfa.visitor();
    const proof = await openIdentity(visitor).verifyPassword(alfa.ownerEmail, password);
    const options = { userAgent: undefined, stamp: proof?.stamp ?? "" };
    expect(await codeOf(Sessions.begin(visitor, alfa.ownerId, options))).toBe("unauthenticated");
    await PasswordResets.requestByMail(visitor, alfa.ownerEmail);
    const token = tokenIn((await deliver(alfa)).at(-1));
    const input = { password: otherPassword, passwordAgain: otherPassword };
    const reset = await PasswordResets.complete(visitor, passwordHashing, token, input);
    const after = { userAgent: undefined, stamp: reset?.stamp ?? "" };
    expect(await codeOf(Sessions.begin(visitor, alfa.ownerId, after))).toBe("unauthenticated");
    expect(await codeOf(Sessions.begin(visitor, alfa.ownerId, { ...after, factorPassed: true }))).toBe("done");
    expect(await TwoFactor.isOn(visitor, alfa.ownerId)).toBe(true);
  });

  test("takes each code once: of ten attempts at once, one passes, and an earlier code no more", async () => {
    const { secret } = await setUp();
    const code = shown(secret);
    const earlier = shown(secret, -1);
    const passed = await Promise.all(Array.from({ length: 10 }, () => codeOf(step({ code }).then(requireTrue))));
    expect(passed.filter((outcome) => outcome === "done")).toHaveLength(1);
    pass(5 * 60_000);
    await alfa.asSuperuser("delete from rate_limits");
    expect(await step({ code: earlier })).toBe(false);
    expect(await step({ code: shown(secret) })).toBe(true);
  });

  test("judges attempts one after the other, however they meet", async () => {
    const { person, secret } = await setUp();
    const code = shown(secret);
    let attempts: Promise<boolean[]> | undefined;
    await person.db.transaction().execute(async (holding) => {
      await holding.selectFrom("twoFactors").select("userId").forUpdate().execute();
      attempts = Promise.all([step({ code }), step({ code }), step({ code })]);
      await eventually("three that wait for the row", async () => {
        const waiting = await alfa.asSuperuser(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return waiting.length === 3 ? true : undefined;
      });
    });
    expect((await attempts)?.filter((passed) => passed)).toHaveLength(1);
  });

  test("takes the code of half a minute before or after, of a clock that is off, and none further", async () => {
    const { secret } = await setUp();
    for (const [steps, isRight] of [
      [-3, false],
      [2, false],
      [1, true],
      [1, false],
    ] as const)
      expect([steps, await step({ code: shown(secret, steps) })]).toEqual([steps, isRight]);
    pass(2 * STEP_MS);
    expect(await step({ code: ` ${shown(secret).replace(/^(...)/, "$1 ")} ` })).toBe(true);
  });

  test("takes each recovery code once, however it is typed, and tells by mail", async () => {
    const { person, codes } = await setUp();
    const [first = "", second = ""] = codes;
    const attempts = Array.from({ length: 5 }, () => codeOf(step({ recoveryCode: first }).then(requireTrue)));
    expect((await Promise.all(attempts)).filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(await step({ recoveryCode: first })).toBe(false);
    expect(await step({ recoveryCode: ` ${second.toUpperCase().replace("-", " ")} ` })).toBe(true);
    expect(await step({ recoveryCode: "" })).toBe(false);
    expect((await TwoFactor.stateOf(person)).codesLeft).toBe(8);
    expect((await deliver(alfa)).at(-1)).toMatchObject({ change: "recovery_code_used" });
  });

  test("is guessed at five times in five minutes, by code and recovery code together", async () => {
    const { secret, codes } = await setUp();
    const guesses = Array.from({ length: 20 }, (_, index) =>
      codeOf(step(index % 2 === 0 ? { code: "000000" } : { recoveryCode: "aaaaa-aaaaa" })),
    );
    expect((await Promise.all(guesses)).filter((outcome) => outcome === "done")).toHaveLength(5);
    expect(await codeOf(step({ code: shown(secret) }))).toBe("rate_limited");
    expect(await codeOf(step({ recoveryCode: codes[0] ?? "" }))).toBe("rate_limited");
    pass(5 * 60_000);
    expect(await step({ code: shown(secret) })).toBe(true);
  });

  test("is asked of whoever passed the first, for five minutes, and not with another password", async () => {
    const visitor = await alfa.visitor();
    const proof = await openIdentity(visitor).verifyPassword(alfa.ownerEmail, password);
    if (proof === undefined) throw new Error("the password was refused");
    const { token } = await SecondSteps.begin(visitor, proof);
    expect(await SecondSteps.read(visitor, token)).toEqual(proof);
    await setPassword(alfa, alfa.ownerId, otherPassword);
    const options = { userAgent: undefined, stamp: proof.stamp, factorPassed: true };
    expect(await codeOf(Sessions.begin(visitor, alfa.ownerId, options))).toBe("unauthenticated");
    pass(5 * 60_000);
    expect(await SecondSteps.read(visitor, token)).toBeUndefined();
    const bravo = await pharmacies.open(`bravo${opened}`);
    const fresh = await SecondSteps.begin(visitor, proof);
    expect(await SecondSteps.read(await bravo.visitor(), fresh.token)).toBeUndefined();
  });
});

describe("between the steps", () => {
  const firstStep = async () => {
    const proof = await openIdentity(await alfa.visitor()).verifyPassword(alfa.ownerEmail, password);
    if (proof === undefined) throw new Error("the password was refused");
    return proof;
  };
  const isDue = async (proof: Awaited<ReturnType<typeof firstStep>>) => SecondSteps.isDue(await alfa.visitor(), proof);

  test("the second is not asked for once the password is another, the factor gone, or the person", async () => {
    const { person } = await setUp();
    const proof = await firstStep();
    expect(await isDue(proof)).toBe(true);
    const deactivated = (at: Date | null) => person.db.updateTable("users").set({ role: "admin", deactivatedAt: at });
    await alfa.asSuperuser("alter table users disable trigger users_keep_owner");
    await deactivated(now).execute();
    expect(await isDue(proof)).toBe(false);
    await deactivated(null).execute();
    await TwoFactor.turnOff(person, passwordHashing, { password, recoveryCode: "" });
    expect(await isDue(proof)).toBe(false);
    await setUp();
    expect(await isDue(proof)).toBe(true);
    await setPassword(alfa, alfa.ownerId, otherPassword);
    expect(await isDue(proof)).toBe(false);
  });
});

describe("changing it", () => {
  const wrong = { password: "wrong password", recoveryCode: "" };

  test("turning it off needs the password or a recovery code, and then the password alone lets in", async () => {
    const { person, codes } = await setUp();
    expect(await fieldsOf(TwoFactor.turnOff(person, passwordHashing, wrong))).toEqual(["password"]);
    const wrongCode = { password: "", recoveryCode: "aaaaa-aaaaa" };
    expect(await fieldsOf(TwoFactor.turnOff(person, passwordHashing, wrongCode))).toEqual(["recoveryCode"]);
    await TwoFactor.turnOff(person, passwordHashing, { password: "", recoveryCode: codes[3] ?? "" });
    expect(await TwoFactor.isOn(person, alfa.ownerId)).toBe(false);
    expect(await codeOf(Sessions.begin(await alfa.visitor(), alfa.ownerId, { userAgent: undefined }))).toBe("done");
    expect((await deliver(alfa)).at(-1)).toMatchObject({ change: "off" });
    expect(await codeOf(TwoFactor.turnOff(person, passwordHashing, { ...wrong, password }))).toBe("not_found");
  });

  test("new recovery codes end the ones before", async () => {
    const { person, codes } = await setUp();
    expect(await fieldsOf(TwoFactor.renewCodes(person, passwordHashing, wrong))).toEqual(["password"]);
    const renewed = await TwoFactor.renewCodes(person, passwordHashing, { password, recoveryCode: "" });
    expect(await step({ recoveryCode: codes[0] ?? "" })).toBe(false);
    expect(await step({ recoveryCode: renewed[0] ?? "" })).toBe(true);
  });

  test("a lost one is reset by who stands above, ends their sessions, and is told", async () => {
    const { actor } = await alfa.member("cashier");
    await setUp(actor.userId);
    const { token } = await begin(alfa, actor.userId);
    const pharmacist = await alfa.member("pharmacist");
    expect(await codeOf(TwoFactorResets.resetFor(pharmacist, actor.userId))).toBe("forbidden");
    const admin = await alfa.member("admin");
    await TwoFactorResets.resetFor(admin, actor.userId);
    expect(await TwoFactor.isOn(admin, actor.userId)).toBe(false);
    expect(await codeOf(alfa.holder(token))).toBe("unauthenticated");
    expect((await deliver(alfa)).at(-1)).toMatchObject({ change: "reset", to: actor.email });
    expect(await codeOf(TwoFactorResets.resetFor(admin, actor.userId))).toBe("not_found");
    await setUp();
    expect(await codeOf(TwoFactorResets.resetFor(admin, alfa.ownerId))).toBe("forbidden");
  });
});

function requireTrue(passed: boolean): void {
  if (!passed) throw new Error("refused");
}
