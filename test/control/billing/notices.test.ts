import { createHmac } from "node:crypto";
import { API_VERSION } from "@pharmasight/adapters/stripe/client";
import { stripeNotices } from "@pharmasight/adapters/stripe/notices";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manualClock } from "../../local/stand-ins/world.ts";

const SECRET = "whsec_current";
const clock = manualClock();
const now = clock.now().getTime() / 1000;
const notices = (...secrets: readonly string[]) => stripeNotices({ secrets: async () => secrets, clock });
const event = (about: Readonly<Record<string, unknown>>, changes: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({
    id: "evt_1",
    object: "event",
    type: "invoice.paid",
    api_version: API_VERSION,
    created: now,
    data: { object: about },
    ...changes,
  });
const invoice = event({ object: "invoice", id: "in_1", customer: "cus_1" });
const bytes = (text: string) => new TextEncoder().encode(text);
const sign = (body: string, secret = SECRET, at = now) =>
  `t=${at},v1=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`;
const refused = { code: "unauthenticated" };

describe("who may tell us something", () => {
  test("Stripe, with the secret that is current or the one before", async () => {
    const both = notices(SECRET, "whsec_previous");
    expect(await both.verify(bytes(invoice), sign(invoice))).toMatchObject({ id: "evt_1" });
    expect(await both.verify(bytes(invoice), sign(invoice, "whsec_previous"))).toMatchObject({ id: "evt_1" });
    // A header may carry the signatures of both.
    const doubled = `${sign(invoice, "whsec_older")},${sign(invoice).split(",")[1]}`;
    expect(await both.verify(bytes(invoice), doubled)).toMatchObject({ id: "evt_1" });
    await expect(both.verify(bytes(invoice), sign(invoice, "whsec_older"))).rejects.toMatchObject(refused);
  });

  test("nobody while there is no secret, and a secret copied with its line's end is the same", async () => {
    await expect(notices().verify(bytes(invoice), sign(invoice))).rejects.toMatchObject(refused);
    await expect(notices("", "\n").verify(bytes(invoice), sign(invoice, ""))).rejects.toMatchObject(refused);
    expect(await notices(` ${SECRET}\n`).verify(bytes(invoice), sign(invoice))).toMatchObject({ id: "evt_1" });
  });

  test.each([
    ["just now", 0, true],
    ["five minutes ago", -300, true],
    ["longer ago", -301, false],
    ["by a clock that is a little ahead", 30, true],
    ["in the future", 31, false],
  ])("signed %s", async (_, seconds, isTaken) => {
    const verified = notices(SECRET).verify(bytes(invoice), sign(invoice, SECRET, now + seconds));
    if (isTaken) expect(await verified).toMatchObject({ id: "evt_1" });
    else await expect(verified).rejects.toMatchObject(refused);
  });

  test("nobody with another header or another body, whatever they are", async () => {
    for (const header of [
      undefined,
      "",
      "t=,v1=",
      `t=${now}`,
      `v1=${"0".repeat(64)}`,
      `t=${now},v0=${"0".repeat(64)}`,
    ]) {
      await expect(notices(SECRET).verify(bytes(invoice), header)).rejects.toMatchObject(refused);
    }
    await expect(notices(SECRET).verify(bytes(`${invoice} `), sign(invoice))).rejects.toMatchObject(refused);
    await expect(notices(SECRET).verify(bytes(invoice.slice(0, -1)), sign(invoice))).rejects.toMatchObject(refused);
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.uint8Array(), async (header, body) => {
        await expect(notices(SECRET).verify(body, header)).rejects.toMatchObject(refused);
      }),
    );
  });

  test("the bytes are what counts: not the text that they stand for", async () => {
    const spaced = JSON.stringify(JSON.parse(invoice), null, 2);
    expect(await notices(SECRET).verify(bytes(spaced), sign(spaced))).toMatchObject({ id: "evt_1" });
    await expect(notices(SECRET).verify(bytes(spaced), sign(invoice))).rejects.toMatchObject(refused);
  });
});

describe("what a notice says", () => {
  const read = (body: string) => notices(SECRET).verify(bytes(body), sign(body));

  test.each([
    ["an invoice", { object: "invoice", id: "in_1", customer: "cus_1" }, "cus_1", "in_1"],
    ["an expanded customer", { object: "subscription", id: "sub_1", customer: { id: "cus_1" } }, "cus_1", "sub_1"],
    ["a customer", { object: "customer", id: "cus_1" }, "cus_1", "cus_1"],
    ["a dispute, which names a charge", { object: "dispute", id: "dp_1", charge: "ch_1" }, null, "ch_1"],
    ["a preview, which has no id", { object: "invoice", customer: "cus_1" }, "cus_1", null],
    ["a price, which is nobody's", { object: "price", id: "price_1" }, null, "price_1"],
  ])("about %s", async (_, about, customerId, objectId) => {
    expect(await read(event(about))).toMatchObject({ customerId, objectId, createdAt: clock.now() });
  });

  test("another version of the API is told, not read", async () => {
    const about = { object: "subscription", id: "sub_1", customer: "cus_1" };
    expect(await read(event(about))).toMatchObject({ apiVersion: API_VERSION, isOurVersion: true });
    expect(await read(event(about, { api_version: "2020-08-27" }))).toMatchObject({
      apiVersion: "2020-08-27",
      isOurVersion: false,
    });
    expect(await read(event(about, { api_version: null }))).toMatchObject({ apiVersion: null, isOurVersion: false });
  });

  test.each([
    "",
    "null",
    "[]",
    '{"object":"event"}',
    "not json",
    event({}),
    event({ object: "invoice", id: "in_1" }, { object: "v2.core.event" }),
    event({ object: "invoice", id: "in_1" }, { id: "x".repeat(256) }),
  ])("%j is signed, and is no notice", async (body) => {
    await expect(read(body)).rejects.toMatchObject({ code: "invalid_input" });
  });
});
