import { Sessions } from "@pharmasight/core/tenant/accounts/sessions";
import { deviceOf } from "@pharmasight/core/tenant/sessions/devices";
import { SessionTokens } from "@pharmasight/core/tenant/sessions/tokens";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { begin, codeOf } from "./accounts.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const DAY_MS = 86_400_000;
let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};

let pharmacies: Pharmacies;
let alfa: Pharmacy;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  alfa = await pharmacies.open("alfa");
});
afterAll(() => pharmacies?.stop());
beforeEach(() => alfa.asSuperuser("delete from sessions"));

const endOf = (token: string) => new Date((SessionTokens.claimsOf(token)?.expiresAt ?? 0) * 1000);

describe("renewal", () => {
  test("is not due in the first half, and then moves the end without ending the token before", async () => {
    const { token } = await begin(alfa, alfa.ownerId);
    pass(3.5 * DAY_MS - 1000);
    expect(await Sessions.renew(await alfa.holder(token), token)).toBeUndefined();
    pass(1000);
    const later = await Sessions.renew(await alfa.holder(token), token);
    expect(later && endOf(later.token)).toEqual(new Date(now.getTime() + 7 * DAY_MS));
    pass(3.5 * DAY_MS - 1000);
    expect(await codeOf(alfa.holder(token))).toBe("done");
    pass(1000);
    expect(await codeOf(alfa.holder(token))).toBe("unauthenticated");
    expect(await codeOf(alfa.holder(later?.token))).toBe("done");
  });

  test("asked for by thirty requests at once, none fails and every token works until its own end, everywhere", async () => {
    const { token } = await begin(alfa, alfa.ownerId);
    pass(4 * DAY_MS);
    const renewals = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const person = await alfa.holder(token, index % 2 === 0 ? "elsewhere" : undefined);
        return Sessions.renew(person, token);
      }),
    );
    const tokens = renewals.map((renewal) => renewal?.token ?? "");
    expect(tokens).not.toContain("");
    pass(3 * DAY_MS - 1000);
    for (const one of [token, ...tokens]) {
      expect(await codeOf(alfa.holder(one))).toBe("done");
      expect(await codeOf(alfa.holder(one, "elsewhere"))).toBe("done");
    }
    pass(4 * DAY_MS);
    for (const one of tokens) expect(await codeOf(alfa.holder(one, "elsewhere"))).toBe("done");
  });

  test("at the last second is known to a process that had read the earlier end", async () => {
    const { token } = await begin(alfa, alfa.ownerId);
    pass(7 * DAY_MS - 1000);
    await alfa.holder(token, "elsewhere");
    const later = await Sessions.renew(await alfa.holder(token), token);
    pass(2000);
    expect(await codeOf(alfa.holder(later?.token, "elsewhere"))).toBe("done");
    expect(await codeOf(alfa.holder(later?.token))).toBe("done");
  });

  test("never brings an ended session back", async () => {
    const { token, person } = await begin(alfa, alfa.ownerId);
    pass(4 * DAY_MS);
    const stale = await alfa.holder(token, "elsewhere");
    await Sessions.end(person);
    expect(await Sessions.renew(stale, token)).toBeUndefined();
    expect(await stale.db.selectFrom("sessions").select("id").execute()).toEqual([]);
  });

  test("asks the database nothing while it is not due", async () => {
    const { token } = await begin(alfa, alfa.ownerId);
    const person = await alfa.holder(token);
    await alfa.asSuperuser("alter table sessions rename to sessions_away");
    try {
      expect(await Sessions.renew(await alfa.holder(token), token)).toBeUndefined();
    } finally {
      await alfa.asSuperuser("alter table sessions_away rename to sessions");
    }
    expect(person.actor.userId).toBe(alfa.ownerId);
  });
});

describe("one's sessions", () => {
  test("are listed with device, network and times, this one first, and nobody else's", async () => {
    await alfa.member("cashier");
    const phone =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1";
    await begin(alfa, alfa.ownerId, phone);
    const first = now;
    pass(60_000);
    const { person } = await begin(alfa, alfa.ownerId);
    expect(await Sessions.list(person)).toMatchObject([
      { isThis: true, device: "Unknown device", network: "192.0.2.7", signedInAt: now },
      { isThis: false, device: "Safari on iPhone", signedInAt: first, lastSeenAt: first },
    ]);
  });

  test("end one by one: here at once, elsewhere within ten seconds; another's does not", async () => {
    const mine = await begin(alfa, alfa.ownerId);
    const other = await begin(alfa, alfa.ownerId);
    const stranger = await alfa.member("cashier");
    await alfa.holder(other.token, "elsewhere");
    expect(await codeOf(Sessions.endOne(stranger, other.person.actor.sessionId))).toBe("not_found");
    expect(await codeOf(Sessions.endOne(mine.person, "x"))).toBe("not_found");
    await Sessions.endOne(mine.person, other.person.actor.sessionId);
    expect(await codeOf(alfa.holder(other.token))).toBe("unauthenticated");
    pass(10_000);
    expect(await codeOf(alfa.holder(other.token, "elsewhere"))).toBe("unauthenticated");
    expect(await codeOf(alfa.holder(mine.token))).toBe("done");
    expect(await codeOf(Sessions.endOne(mine.person, other.person.actor.sessionId))).toBe("not_found");
  });

  test("end all but this one", async () => {
    const mine = await begin(alfa, alfa.ownerId);
    const others = [await begin(alfa, alfa.ownerId), await begin(alfa, alfa.ownerId)];
    const colleague = await alfa.member("cashier");
    expect(await Sessions.endOthers(mine.person)).toBe(2);
    for (const { token } of others) expect(await codeOf(alfa.holder(token))).toBe("unauthenticated");
    expect(await codeOf(alfa.holder(mine.token))).toBe("done");
    expect(await colleague.db.selectFrom("sessions").select("id").execute()).toHaveLength(2);
  });
});

test.each([
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 SamsungBrowser/27.0 Chrome/125.0",
    "Samsung Internet on Android",
  ],
  ["Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36", "Chrome on Android"],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
    "Safari on Mac",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"],
  ["curl/8.5.0", "Unknown device"],
  ["", "Unknown device"],
])("%s is %s", (userAgent, device) => {
  expect(deviceOf(userAgent)).toBe(device);
});
