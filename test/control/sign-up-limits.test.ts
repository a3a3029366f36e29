import { SignUps } from "@pharmasight/core/control/sign-ups/sign-ups";
import { DomainError } from "@pharmasight/core/kernel/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlWorld, formOf, newVisitor, startControlWorld, startSignUp, wrongFor } from "./world.ts";

let world: ControlWorld;

beforeAll(async () => {
  world = await startControlWorld();
});
afterAll(() => world?.stop());

/** How many of many at once came through; each other one was refused for its number. */
async function taken(field: string, attempts: readonly Promise<unknown>[]): Promise<number> {
  const settled = await Promise.allSettled(attempts);
  for (const one of settled) {
    if (one.status === "fulfilled") continue;
    expect(one.reason).toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: expect.any(Number),
      fields: { [field]: expect.any(String) },
    });
  }
  return settled.filter(({ status }) => status === "fulfilled").length;
}

describe("the limits", () => {
  const fifty = <T>(one: (index: number) => Promise<T>) => Array.from({ length: 50 }, (_, index) => one(index));
  /** Addresses of one subscriber's network. */
  const inNetwork = (network: string) => (index: number) => world.visitor(`2001:db8:${network}::${index.toString(16)}`);

  test("let five forms an hour through for one mailbox, exactly, however its address is written", async () => {
    const { email } = newVisitor();
    const [name] = email.split("@");
    const form = (index: number) => formOf("limits", index % 2 === 0 ? email : `${name}+${index}@example.com`);
    const start = (index: number) => SignUps.start(world.visitor(newVisitor().sourceIp), form(index));
    expect(await taken("email", fifty(start))).toBe(5);
    world.clock.advance(3599);
    await expect(start(0)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 1 });
    world.clock.advance(1);
    await start(0);
  });

  test("let twenty forms an hour through for one network, exactly, and leave the room of a mailbox alone", async () => {
    const from = inNetwork("1:1");
    const start = (index: number) => SignUps.start(from(index), formOf("limits", newVisitor().email));
    expect(await taken("email", fifty(start))).toBe(20);
    const { email } = newVisitor();
    expect(
      await taken(
        "email",
        fifty((index) => SignUps.start(from(index), formOf("limits", email))),
      ),
    ).toBe(0);
    await SignUps.start(world.visitor(newVisitor().sourceIp), formOf("limits", email));
    await SignUps.start(world.visitor("2001:db8:1:2::1"), formOf("limits", newVisitor().email));
    world.clock.advance(3600);
    await start(0);
  });

  test("let sixty codes an hour be entered from one network", async () => {
    const from = inNetwork("2:1");
    const started = await Promise.all(Array.from({ length: 14 }, () => startSignUp(world, "many-guesses")));
    const guesses = started.flatMap(({ browserToken, code }, nth) =>
      Array.from({ length: 5 }, (_, index) => SignUps.confirm(from(nth * 5 + index), browserToken, wrongFor(code))),
    );
    const refused = (await Promise.allSettled(guesses)).map((one) => one.status === "rejected" && one.reason);
    expect(refused.filter((reason) => reason.code === "invalid_input")).toHaveLength(60);
    expect(refused.filter((reason) => reason.code === "rate_limited")).toHaveLength(10);
    // Elsewhere the right one is still good.
    const unused = await startSignUp(world, "elsewhere");
    await expect(SignUps.confirm(from(1), unused.browserToken, unused.code)).rejects.toMatchObject({
      fields: { code: expect.any(String) },
    });
    await SignUps.confirm(unused.control, unused.browserToken, unused.code);
  });

  test("let thirty codes an hour be entered for one mailbox, from wherever", async () => {
    const { email } = newVisitor();
    const elsewhere = () => world.visitor(newVisitor().sourceIp);
    let compared = 0;
    for (let signUps = 0; signUps < 5; signUps += 1) {
      const { signUpId, browserToken } = await SignUps.start(elsewhere(), formOf("one-mailbox", email));
      for (let number = 1; number <= 2; number += 1) {
        if (number > 1) await SignUps.resendCode(elsewhere(), browserToken);
        const wrong = wrongFor(await SignUps.codeOf(world.system, signUpId, number));
        for (let tried = 0; tried < 5; tried += 1) {
          const refused: unknown = await SignUps.confirm(elsewhere(), browserToken, wrong).catch((error) => error);
          if (refused instanceof DomainError && refused.code === "invalid_input") compared += 1;
          else expect(refused).toMatchObject({ code: "rate_limited" });
        }
      }
    }
    expect(compared).toBe(30);
  });

  test("let ten codes an hour be sent again to one mailbox and thirty for one network, exactly", async () => {
    const { email } = newVisitor();
    const elsewhere = () => world.visitor(newVisitor().sourceIp);
    const own = await Promise.all(Array.from({ length: 5 }, () => SignUps.start(elsewhere(), formOf("resent", email))));
    const all = own.flatMap(({ browserToken }) => Array.from({ length: 4 }, () => browserToken));
    expect(
      await taken(
        "code",
        all.map((token) => SignUps.resendCode(elsewhere(), token)),
      ),
    ).toBe(10);
    const from = inNetwork("3:1");
    const others = await Promise.all(Array.from({ length: 10 }, () => startSignUp(world, "resent-too")));
    const more = others.flatMap(({ browserToken }) => Array.from({ length: 4 }, () => browserToken));
    expect(
      await taken(
        "code",
        more.map((token, index) => SignUps.resendCode(from(index), token)),
      ),
    ).toBe(30);
  });

  test("let a hundred names a minute be looked up from one network, through the form too", async () => {
    const from = inNetwork("4:1");
    const look = (index: number) => SignUps.availability(from(index), `name-${index}`);
    expect(
      await taken(
        "subdomain",
        Array.from({ length: 130 }, (_, index) => look(index)),
      ),
    ).toBe(100);
    const { email } = newVisitor();
    expect(await taken("subdomain", [SignUps.start(from(0), formOf("name-1", email))])).toBe(0);
    world.clock.advance(60);
    await SignUps.start(from(0), formOf("name-1", email));
  });
});
