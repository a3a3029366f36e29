import { openIdentity, passwordHashing } from "@pharmasight/adapters/auth/better-auth";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { SignIn } from "@pharmasight/core/tenant/accounts/sign-in";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { begin, codeOf, deliver, fieldsOf, otherPassword, password, setPassword } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const MINUTE_MS = 60_000;
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

const verify = async (login: string, text: string, sourceIp?: string) =>
  openIdentity(await alfa.visitor(sourceIp)).verifyPassword(login, text);

/** Somebody who signs in by a username. */
async function cashier(username: string): Promise<string> {
  const { actor } = await alfa.member("cashier");
  const { db } = await alfa.visitor();
  await db.updateTable("users").set({ username, email: null }).where("id", "=", actor.userId).execute();
  await setPassword(alfa, actor.userId);
  return actor.userId;
}

const failures = async () =>
  alfa.asSuperuser("select reason, after from audit_log where action = 'sign_in.failed' order by at, id");

describe("login and password", () => {
  test("let in by mail address or username, whatever the case, and by nothing else", async () => {
    const userId = await cashier("c.wanjiru");
    expect(await verify(` ${alfa.ownerEmail.toUpperCase()} `, password)).toMatchObject({ userId: alfa.ownerId });
    expect(await verify("C.Wanjiru", password)).toMatchObject({ userId });
    expect(await verify("c.wanjiru", `${password} `)).toBeUndefined();
    expect(await verify("c.wanjiru", "")).toBeUndefined();
    for (const login of ["", "c", "c.wanjiru@example.com", "\0", "' or 1=1 --", "x".repeat(5000)])
      expect(await verify(login, password)).toBeUndefined();
  });

  test("cost the same work when the login is unknown, deactivated, without a password, or the password is wrong", async () => {
    const { actor } = await alfa.member("viewer");
    const left = await cashier("left.early");
    const { db } = await alfa.visitor();
    await db.updateTable("users").set({ deactivatedAt: now }).where("id", "=", left).execute();
    for (const login of ["nobody@example.com", "left.early", actor.email ?? "", alfa.ownerEmail]) {
      const hashed = vi.spyOn(passwordHashing, "verify");
      expect([login, await verify(login, login === "left.early" ? password : "wrong password")]).toEqual([
        login,
        undefined,
      ]);
      expect(hashed).toHaveBeenCalledTimes(1);
      hashed.mockRestore();
    }
    // The decoy costs what a real hash costs: it goes through the whole derivation.
    expect(await passwordHashing.verify(password, passwordHashing.decoy)).toBe(false);
    const real = await passwordHashing.hash(password);
    expect(passwordHashing.decoy.split(":").map((part) => part.length)).toEqual(
      real.split(":").map((part) => part.length),
    );
  });
});

describe("failures", () => {
  // What is counted here is not what hashing costs.
  beforeEach(() => {
    vi.spyOn(passwordHashing, "verify").mockImplementation(async (text) => text === password);
  });
  afterEach(() => vi.restoreAllMocks());

  test("are limited by login: of thirty at once ten are tried, and the right password is not let in then", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        codeOf(verify(alfa.ownerEmail, "wrong password", `198.51.100.${index}`)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(SignIn.LOGIN_LIMIT.hits);
    expect(outcomes.filter((outcome) => outcome === "rate_limited")).toHaveLength(20);
    expect(await codeOf(verify(alfa.ownerEmail, password))).toBe("rate_limited");
    expect(await codeOf(verify("nobody@example.com", password))).toBe("done");
    pass(15 * MINUTE_MS);
    expect(await verify(alfa.ownerEmail, password)).toBeDefined();
  });

  test("of an unknown login are limited like those of a known one", async () => {
    for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits; tried += 1) await verify("nobody@example.com", "x");
    expect(await codeOf(verify("Nobody@Example.com", "x"))).toBe("rate_limited");
  });

  test("are not doubled by a second login of the same person", async () => {
    const { db } = await alfa.visitor();
    await db.updateTable("users").set({ username: "amina" }).where("id", "=", alfa.ownerId).execute();
    for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits; tried += 1)
      await verify(tried % 2 === 0 ? "amina" : alfa.ownerEmail, "wrong password");
    expect(await codeOf(verify("amina", password))).toBe("rate_limited");
    expect(await codeOf(verify(alfa.ownerEmail, password))).toBe("rate_limited");
  });

  test("are limited by network, an IPv6 one counting as a whole", async () => {
    const { hits } = SignIn.NETWORK_LIMIT;
    for (let tried = 0; tried < hits; tried += 1)
      await verify(`nobody${tried}@example.com`, "x", `2001:db8:1:2::${tried.toString(16)}`);
    expect(await codeOf(verify(alfa.ownerEmail, password, "2001:db8:1:2:ffff::1"))).toBe("rate_limited");
    expect(await codeOf(verify(alfa.ownerEmail, password, "2001:db8:1:3::1"))).toBe("done");
  });

  test("are forgotten once the person got in", async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits - 1; tried += 1)
        await verify(alfa.ownerEmail, "wrong password");
      expect(await verify(alfa.ownerEmail, password)).toBeDefined();
    }
  });

  test("do not keep a mailed link from letting in", async () => {
    for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits; tried += 1) await verify(alfa.ownerEmail, "wrong password");
    await SignInLinks.request(await alfa.visitor(), alfa.ownerEmail);
    expect(await deliver(alfa)).toMatchObject(
      [{ template: "password_changed" }, { template: "sign_in_link" }].slice(1),
    );
  });

  test("are in the audit log once a minute for each login and network, with how many there were", async () => {
    for (let tried = 0; tried < 4; tried += 1) await verify(alfa.ownerEmail, "wrong password");
    expect(await failures()).toEqual([
      { reason: "wrong password", after: { userId: alfa.ownerId, network: "192.0.2.7", failures: 1 } },
    ]);
    pass(1000);
    await verify(alfa.ownerEmail, "wrong password", "198.51.100.1");
    pass(MINUTE_MS);
    await verify(alfa.ownerEmail, "wrong password");
    expect((await failures()).slice(1)).toEqual([
      { reason: "wrong password", after: { userId: alfa.ownerId, network: "198.51.100.1", failures: 5 } },
      { reason: "wrong password", after: { userId: alfa.ownerId, network: "192.0.2.7", failures: 6 } },
    ]);
    pass(MINUTE_MS);
    for (let tried = 0; tried < 5; tried += 1) await codeOf(verify(alfa.ownerEmail, "wrong password"));
    expect((await failures()).at(-1)).toMatchObject({ after: { failures: 7 } });
    pass(MINUTE_MS);
    await codeOf(verify(alfa.ownerEmail, "wrong password"));
    expect((await failures()).at(-1)).toMatchObject({ reason: "too many attempts", after: { failures: 10 } });
  });

  test("do not write what was typed for an unknown login into the log", async () => {
    await verify("my secret password", "x");
    expect(JSON.stringify(await failures())).not.toContain("secret");
    expect(await failures()).toMatchObject([{ reason: "unknown login" }]);
  });
});

describe("a session", () => {
  test("is in the audit log with device and network", async () => {
    const agent =
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36";
    await begin(alfa, alfa.ownerId, agent);
    const [entry] = await alfa.asSuperuser("select after from audit_log where action = 'session.started'");
    expect(entry).toMatchObject({ after: { userId: alfa.ownerId, device: "Chrome on Windows", network: "192.0.2.7" } });
  });

  test("does not begin by a password that was changed after it was checked", async () => {
    const proof = await verify(alfa.ownerEmail, password);
    await setPassword(alfa, alfa.ownerId, otherPassword);
    const options = { userAgent: undefined, stamp: proof?.stamp ?? "" };
    expect(await codeOf(Sessions.begin(await alfa.visitor(), alfa.ownerId, options))).toBe("unauthenticated");
  });

  test("of twenty begun while the password changes, none outlives the change", async () => {
    const proof = await verify(alfa.ownerEmail, password);
    const options = { userAgent: undefined, stamp: proof?.stamp ?? "" };
    const visitor = await alfa.visitor();
    const beginning = Array.from({ length: 20 }, () => codeOf(Sessions.begin(visitor, alfa.ownerId, options)));
    await setPassword(alfa, alfa.ownerId, otherPassword);
    await Promise.all(beginning);
    expect(await visitor.db.selectFrom("sessions").select("id").execute()).toEqual([]);
  });

  test("does not begin for somebody who has left", async () => {
    const userId = await cashier("c.left");
    const { db } = await alfa.visitor();
    await db.updateTable("users").set({ deactivatedAt: now }).where("id", "=", userId).execute();
    expect(await codeOf(begin(alfa, userId))).toBe("unauthenticated");
  });
});

describe("one's own password", () => {
  const set = (person: Awaited<ReturnType<typeof begin>>["person"], text: string, again = text) =>
    Credentials.setOwn(person, passwordHashing, { password: text, passwordAgain: again });

  test("the first one needs a sign-in of the last fifteen minutes", async () => {
    const { actor } = await alfa.member("viewer");
    const { person } = await begin(alfa, actor.userId);
    pass(15 * MINUTE_MS);
    expect(await fieldsOf(set(person, otherPassword))).toEqual(["password"]);
    const fresh = await begin(alfa, actor.userId);
    expect(await fieldsOf(set(fresh.person, "short"))).toEqual(["password"]);
    expect(await fieldsOf(set(fresh.person, otherPassword, password))).toEqual(["passwordAgain"]);
    await set(fresh.person, otherPassword);
    expect(await verify(actor.email ?? "", otherPassword)).toMatchObject({ userId: actor.userId });
  });

  test("a later one needs the old one, however fresh the session is, and ends all others here and elsewhere", async () => {
    const mine = await begin(alfa, alfa.ownerId);
    const other = await begin(alfa, alfa.ownerId);
    await alfa.holder(other.token, "elsewhere");
    expect(await fieldsOf(set(mine.person, otherPassword))).toEqual(["password"]);
    const old = await SignIn.confirmOwn(mine.person, passwordHashing, password);
    if (old === undefined) throw new Error("the password was refused");
    const input = { password: otherPassword, passwordAgain: otherPassword, old };
    await Credentials.setOwn(mine.person, passwordHashing, input);
    expect(await codeOf(alfa.holder(other.token))).toBe("unauthenticated");
    expect(await codeOf(alfa.holder(mine.token))).toBe("done");
    pass(10_000);
    expect(await codeOf(alfa.holder(other.token, "elsewhere"))).toBe("unauthenticated");
    expect(await verify(alfa.ownerEmail, password)).toBeUndefined();
    // Proof of a password that is none any more changes nothing.
    expect(await codeOf(Credentials.setOwn(mine.person, passwordHashing, input))).toBe("conflict");
  });

  test("is told by mail, and its hash alone is stored", async () => {
    const { person } = await begin(alfa, alfa.ownerId);
    const old = await SignIn.confirmOwn(person, passwordHashing, password);
    if (old === undefined) throw new Error("the password was refused");
    await Credentials.setOwn(person, passwordHashing, { password: otherPassword, passwordAgain: otherPassword, old });
    expect((await deliver(alfa)).at(-1)).toMatchObject({ template: "password_changed", to: alfa.ownerEmail });
    const rows = await alfa.asSuperuser(
      "select (select jsonb_agg(a) from accounts a)::text || (select jsonb_agg(l) from audit_log l)::text as text",
    );
    expect(JSON.stringify(rows)).not.toContain(otherPassword);
  });

  test("is confirmed by whoever is signed in, however often a stranger guesses at the sign-in", async () => {
    const { person } = await begin(alfa, alfa.ownerId);
    for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits; tried += 1) await verify(alfa.ownerEmail, "wrong password");
    expect(await codeOf(verify(alfa.ownerEmail, password))).toBe("rate_limited");
    expect(await SignIn.confirmOwn(person, passwordHashing, password)).toMatchObject({ userId: alfa.ownerId });
  });

  test("is guessed at no more often than at the sign-in", async () => {
    const { person } = await begin(alfa, alfa.ownerId);
    for (let tried = 0; tried < SignIn.LOGIN_LIMIT.hits; tried += 1)
      await SignIn.confirmOwn(person, passwordHashing, "wrong password");
    expect(await codeOf(SignIn.confirmOwn(person, passwordHashing, password))).toBe("rate_limited");
  });
});
