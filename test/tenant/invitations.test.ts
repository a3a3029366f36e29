import { randomUUID } from "node:crypto";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { SignIn } from "@pharmasight/core/tenant/accounts/sign-in";
import { SignInLinks } from "@pharmasight/core/tenant/accounts/sign-in-links";
import { Acceptance } from "@pharmasight/core/tenant/people/acceptance";
import { Invitations, type InviteInput } from "@pharmasight/core/tenant/people/invitations";
import { People } from "@pharmasight/core/tenant/people/people";
import { Roles } from "@pharmasight/core/tenant/people/roles";
import { Permissions, permissionsOf } from "@pharmasight/core/tenant/permissions/permissions";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addBranch, audited, colleague, deliverMail, quickHashing, takeEvents } from "./colleagues.ts";
import { type Pharmacies, type Pharmacy, startPharmacies } from "./pharmacy.ts";

const DAY_MS = 86_400_000;

let now = new Date("2026-11-24T08:00:00Z");
const pass = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};

let pharmacies: Pharmacies;
let alfa: Pharmacy;
let bravo: Pharmacy;
let branch: string;
let count = 0;

beforeAll(async () => {
  pharmacies = await startPharmacies({ now: () => now });
  [alfa, bravo] = await Promise.all([pharmacies.open("alfa"), pharmacies.open("bravo")]);
  branch = await addBranch(alfa, "WST");
});
afterAll(() => pharmacies?.stop());
beforeEach(() => alfa.asSuperuser("delete from rate_limits; delete from role_permissions"));

const newcomer = (given: Partial<InviteInput> = {}): InviteInput => {
  count += 1;
  return {
    name: `Newcomer ${count}`,
    email: `newcomer${count}@example.com`,
    username: null,
    role: "cashier",
    branchRoles: [],
    ...given,
  };
};
const byUsername = (given: Partial<InviteInput> = {}) => {
  const input = newcomer(given);
  return { ...input, email: null, username: `staff${count}` };
};

const me = { name: "Wanjiru", password: "seven blue lorries sing", passwordAgain: "seven blue lorries sing" };
const accept = async (token: string, input = me) => Acceptance.accept(await alfa.visitor(), quickHashing, token, input);
const refusalOf = async (token: string): Promise<string> =>
  accept(token).then(
    () => "accepted",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );

const tokenIn = (link: string): string => new URL(link, "http://alfa.example").searchParams.get("token") ?? "";

/** Invites by mail and reads the mail. */
async function inviteByMail(input = newcomer(), inviter = alfa.member()) {
  const { id, link } = await Invitations.invite(await inviter, input);
  expect(link).toBeUndefined();
  const [letter] = (await deliverMail(alfa)).filter((one) => one.template === "invitation");
  return { id, token: tokenIn(letter?.link ?? ""), letter };
}

async function inviteByUsername(input = byUsername(), inviter = alfa.member()) {
  const { id, link } = await Invitations.invite(await inviter, input);
  return { id, token: tokenIn(link ?? "") };
}

describe("an invitation", () => {
  test("by mail makes a person with the role, the branch and the password that were meant", async () => {
    await takeEvents(alfa);
    const input = newcomer({ email: " Grace@Example.COM ", branchRoles: [{ branchId: branch, role: "pharmacist" }] });
    const { token, letter } = await inviteByMail(input);
    expect(letter).toMatchObject({
      to: "grace@example.com",
      name: input.name,
      invitedByName: "Amina",
      role: "cashier",
      branchRoles: [{ branchName: "Branch WST", role: "pharmacist" }],
    });
    expect(await takeEvents(alfa)).toEqual([]);
    const offer = await Acceptance.look(await alfa.visitor(), token);
    expect(offer).toMatchObject({ name: input.name, email: "grace@example.com", invitedByName: "Amina" });
    const { userId } = await accept(token);
    const found = await People.find(await alfa.member(), userId);
    expect(found).toMatchObject({ name: "Wanjiru", email: "grace@example.com", role: "cashier" });
    expect(found.branchRoles).toEqual([{ branchId: branch, branchName: "Branch WST", role: "pharmacist" }]);
    expect(
      await SignIn.withPassword(await alfa.visitor(), quickHashing, "grace@example.com", me.password),
    ).toMatchObject({ userId });
    expect(await takeEvents(alfa)).toMatchObject([
      { event: "person_changed", email: "grace@example.com", isPresent: "true" },
    ]);
    const [entry] = await audited(alfa, "invitation.accepted", userId);
    expect(entry).toMatchObject({ before: { invitedBy: alfa.ownerId }, after: { userId, role: "cashier" } });
  });

  test("by username is handed over: nothing is mailed, told to the control plane, or stored of its token", async () => {
    await takeEvents(alfa);
    const { token } = await inviteByUsername();
    expect(await deliverMail(alfa)).toEqual([]);
    const { userId } = await accept(token);
    expect((await People.find(await alfa.member(), userId)).email).toBeNull();
    expect(await takeEvents(alfa)).toEqual([]);
    const proof = token.split(".")[1] ?? "";
    for (const table of ["invitations", "outbox", "audit_log", "users"]) {
      const rows = await alfa.asSuperuser(`select 1 from ${table} t where t::text like '%' || $1 || '%'`, [proof]);
      expect({ table, rows: rows.length }).toEqual({ table, rows: 0 });
    }
  });

  test("is used once, of twenty attempts at the same moment and ever after", async () => {
    const { token } = await inviteByMail();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refusalOf(token)));
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(1);
    for (const answer of answers.filter((one) => one !== "accepted")) {
      expect(answer).toMatch(/^gone: .*(accepted already|signs in here already)/);
    }
    expect(await refusalOf(token)).toMatch(/accepted already/);
    const people = await alfa.asSuperuser("select 1 from users where email = $1", [`newcomer${count}@example.com`]);
    expect(people).toHaveLength(1);
  });

  test("is not used up by looking, nor by a password that will not do", async () => {
    const { token } = await inviteByMail();
    for (let looks = 0; looks < 3; looks += 1) await Acceptance.look(await alfa.visitor(), token);
    const weak = { name: " ", password: "short", passwordAgain: "short" };
    await expect(accept(token, weak)).rejects.toMatchObject({
      code: "invalid_input",
      fields: { name: expect.any(String), password: expect.any(String) },
    });
    await expect(accept(token, { ...me, passwordAgain: "another" })).rejects.toMatchObject({
      fields: { passwordAgain: expect.any(String) },
    });
    expect(await refusalOf(token)).toBe("accepted");
  });

  test("ends on the very moment that its week is over, and a clock set back does not undo an acceptance", async () => {
    const early = await inviteByMail();
    pass(7 * DAY_MS - 1);
    await Acceptance.look(await alfa.visitor(), early.token);
    pass(1);
    expect(await refusalOf(early.token)).toMatch(/^gone: .*too old. Ask Amina/);
    const [row] = await Invitations.list(await alfa.member());
    expect(row).toMatchObject({ id: early.id, state: "expired" });
    const used = await inviteByMail();
    expect(await refusalOf(used.token)).toBe("accepted");
    pass(-3 * DAY_MS);
    expect(await refusalOf(used.token)).toMatch(/accepted already/);
    pass(3 * DAY_MS);
  });

  test("that is sent again has one link that works: the newest", async () => {
    const { id, token, letter } = await inviteByMail();
    pass(6 * DAY_MS);
    await Invitations.resend(await alfa.member(), id);
    expect(await refusalOf(token)).toMatch(/use that/);
    const [second] = await deliverMail(alfa);
    expect(second?.link).not.toBe(letter?.link);
    pass(6 * DAY_MS);
    expect(await refusalOf(tokenIn(second?.link ?? ""))).toBe("accepted");
    await expect(Invitations.resend(await alfa.member(), id)).rejects.toMatchObject({ code: "not_found" });
  });

  test("that was sent again, taken back or accepted before its mail left is not mailed", async () => {
    const first = await Invitations.invite(await alfa.member(), newcomer());
    await Invitations.resend(await alfa.member(), first.id);
    expect(await deliverMail(alfa)).toHaveLength(1);
    const second = await Invitations.invite(await alfa.member(), newcomer());
    await Invitations.revoke(await alfa.member(), second.id);
    expect(await deliverMail(alfa)).toEqual([]);
  });

  test("is sent again five times an hour at most, also when all ask at once", async () => {
    const { id } = await inviteByUsername();
    const owner = await alfa.member();
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => Invitations.resend(owner, id)));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    await expect(Invitations.resend(owner, id)).rejects.toMatchObject({ code: "rate_limited" });
  });

  test("that was taken back opens nothing, and the person can be invited again", async () => {
    const { id, token } = await inviteByMail();
    await Invitations.revoke(await alfa.member(), id);
    expect(await refusalOf(token)).toMatch(/^gone: .*taken back. Ask Amina/);
    await expect(Invitations.revoke(await alfa.member(), id)).rejects.toMatchObject({ code: "not_found" });
    const again = await inviteByMail(newcomer({ email: `newcomer${count}@example.com` }));
    expect(await refusalOf(again.token)).toBe("accepted");
  });

  test("is one for each address, of eight at the same moment; one that is too old gives way", async () => {
    const owner = await alfa.member();
    for (const input of [newcomer(), byUsername()]) {
      const answers = await Promise.allSettled(Array.from({ length: 8 }, () => Invitations.invite(owner, input)));
      expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const upper = { ...input, email: input.email?.toUpperCase() ?? null };
      await expect(Invitations.invite(owner, upper)).rejects.toMatchObject({ code: "conflict" });
      await alfa.asSuperuser("delete from rate_limits");
      pass(8 * DAY_MS);
      await Invitations.invite(await alfa.member(), input);
    }
  });

  test("is not for somebody who is here, and says whether to reactivate them", async () => {
    const here = await colleague(alfa, { role: "viewer", email: "here@example.com", username: "here.too" });
    const owner = await alfa.member();
    for (const login of [newcomer({ email: "HERE@example.com" }), { ...byUsername(), username: "Here.Too" }]) {
      await expect(Invitations.invite(owner, login)).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/works here already/),
      });
    }
    await People.deactivate(owner, here.userId);
    await expect(Invitations.invite(owner, newcomer({ email: "here@example.com" }))).rejects.toMatchObject({
      message: expect.stringMatching(/Reactivate/),
    });
  });

  test("is refused when somebody has come with this login meanwhile", async () => {
    const { token } = await inviteByMail(newcomer({ email: "meanwhile@example.com" }));
    await colleague(alfa, { role: "viewer", email: "meanwhile@example.com" });
    expect(await refusalOf(token)).toMatch(/^gone: meanwhile@example.com signs in here already/);
  });

  test.each([
    ["was deactivated", "does not work here any more. Ask Amina", (id: string) => deactivate(id)],
    ["lost the right", "may no longer give you this role. Ask Amina", (id: string) => demote(id)],
    ["may do less than the role by now", "may no longer give", () => raiseCashier()],
  ])("is refused when its inviter %s, and says whom to ask", async (_, words, change) => {
    // A pharmacist who may manage people, and nothing of the pharmacy.
    await alfa.asSuperuser(
      `insert into role_permissions select 'pharmacist', p, true, '${alfa.ownerId}', now()
       from unnest(array['people.view', 'people.manage']) p`,
    );
    const inviter = await colleague(alfa, { role: "pharmacist", name: "Otieno" });
    const { id, token } = await inviteByUsername(byUsername(), inviter.enter());
    await Acceptance.look(await alfa.visitor(), token);
    await change(inviter.userId);
    expect(await refusalOf(token)).toContain(words);
    // Whoever sends it again answers for it.
    const { link } = await Invitations.resend(await alfa.member(), id);
    expect(await refusalOf(tokenIn(link ?? ""))).toBe("accepted");
  });
  const deactivate = async (id: string) => People.deactivate(await alfa.member(), id);
  const demote = async (id: string) => People.changeRoles(await alfa.member(), id, { role: "viewer", branchRoles: [] });
  const raiseCashier = async () => {
    const allowed = [...permissionsOf("cashier", [])];
    await Roles.change(await alfa.member(), "cashier", [...allowed, "audit.view"], allowed);
  };

  test("to a branch that was closed meanwhile gives nothing", async () => {
    const closed = await addBranch(alfa, `C${count}`);
    const { token } = await inviteByUsername(
      byUsername({ role: null, branchRoles: [{ branchId: closed, role: "cashier" }] }),
    );
    await alfa.asSuperuser("update branches set archived_at = now() where id = $1", [closed]);
    expect(await refusalOf(token)).toMatch(/was closed. Ask Amina/);
  });
});

describe("a token", () => {
  test("of another kind is no invitation, and an invitation's is nothing else", async () => {
    const staff = await colleague(alfa, { role: "viewer", email: null, username: "token.staff" });
    const { token: reset } = await PasswordResets.issueFor(await alfa.member(), staff.userId);
    await SignInLinks.request(await alfa.visitor(), alfa.ownerEmail);
    const link = (await deliverMail(alfa)).find(({ template }) => template === "sign_in_link")?.link ?? "";
    const session = await alfa.token({ userId: staff.userId, sessionId: randomUUID() });
    for (const other of [reset, tokenIn(link), session, "", ".", "x".repeat(10_000)]) {
      expect(await refusalOf(other)).toMatch(/^gone: This link is no invitation/);
    }
    const { id, token } = await inviteByMail();
    expect(await PasswordResets.find(await alfa.visitor(), token)).toBeUndefined();
    expect(await SignInLinks.isUsable(await alfa.visitor(), token)).toBe(false);
    await expect(alfa.holder(token)).rejects.toMatchObject({ code: "unauthenticated" });
    const forged = [
      `${id}.`,
      `${id}.${"A".repeat(43)}`,
      token.toUpperCase(),
      `${token}.`,
      `${randomUUID()}.${token.split(".")[1]}`,
    ];
    for (const one of forged) expect(await refusalOf(one)).toMatch(/^gone: This link is no invitation/);
    expect(await refusalOf(token)).toBe("accepted");
  });

  test("of another pharmacy opens nothing here, even when its row was copied over", async () => {
    const { id, link } = await Invitations.invite(await bravo.member(), byUsername());
    const [found] = await bravo.asSuperuser("select to_jsonb(i) as row from invitations i where id = $1", [id]);
    const row = (found as { row: Record<string, unknown> }).row;
    const copy = "insert into invitations select * from jsonb_populate_record(null::invitations, $1::text::jsonb)";
    await alfa.asSuperuser(copy, [JSON.stringify({ ...row, invited_by: alfa.ownerId })]);
    expect(await refusalOf(tokenIn(link ?? ""))).toMatch(/no invitation of this pharmacy/);
  });
});

describe("what is refused", () => {
  const wrong: readonly (readonly [string, Partial<InviteInput>, string])[] = [
    ["the owner's role", { role: "owner" }, "role"],
    ["a role with a capital", { role: "Admin" }, "role"],
    ["a role of another system", { role: "superadmin" }, "role"],
    ["a name of every object", { role: "constructor" }, "role"],
    ["no role at all", { role: null }, "role"],
    ["an unknown branch", { branchRoles: [{ branchId: randomUUID(), role: "cashier" }] }, "branchRoles"],
    ["a branch that is no id", { branchRoles: [{ branchId: "' or 1=1", role: "cashier" }] }, "branchRoles"],
    ["a blank name", { name: "  " }, "name"],
    ["a name with a line break", { name: "A\nBcc: x@example.com" }, "name"],
    ["a name that is too long", { name: "x".repeat(101) }, "name"],
    ["no mail address", { email: "amina" }, "email"],
    ["a mail address with a line break", { email: "a@example.com\nBcc: b@example.com" }, "email"],
    ["a mail address that is too long", { email: `${"a".repeat(250)}@example.com` }, "email"],
    ["both ways to sign in", { username: "amina" }, "username"],
    ["neither", { email: null }, "email"],
    ["a username with a space", { email: null, username: "amina o" }, "username"],
    ["a username that is a mail address", { email: null, username: "a@b.co" }, "username"],
    ["a username of two letters", { email: null, username: "ab" }, "username"],
  ];
  test.each(wrong)("%s", async (_, given, field) => {
    await expect(Invitations.invite(await alfa.member(), newcomer(given))).rejects.toMatchObject({
      code: "invalid_input",
      fields: { [field]: expect.any(String) },
    });
  });

  test("a branch of another pharmacy, one that is closed, and one twice", async () => {
    const foreign = await addBranch(bravo, "FRN");
    const closed = await addBranch(alfa, "CLS");
    await alfa.asSuperuser("update branches set archived_at = now() where id = $1", [closed]);
    for (const ids of [[foreign], [closed], [branch, branch]]) {
      const branchRoles = ids.map((branchId) => ({ branchId, role: "cashier" }));
      await expect(Invitations.invite(await alfa.member(), newcomer({ branchRoles }))).rejects.toMatchObject({
        fields: { branchRoles: expect.any(String) },
      });
    }
  });

  test("the owner's role in a branch", async () => {
    const branchRoles = [{ branchId: branch, role: "owner" }];
    await expect(Invitations.invite(await alfa.member(), newcomer({ branchRoles }))).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  test("everything, for whoever may not manage people", async () => {
    const { id } = await inviteByUsername();
    for (const role of ["pharmacist", "cashier", "procurement", "viewer"] as const) {
      const scope = await (await colleague(alfa, { role })).enter();
      const attempts = [
        () => Invitations.invite(scope, newcomer({ role: "viewer" })),
        () => Invitations.list(scope),
        () => Invitations.resend(scope, id),
        () => Invitations.revoke(scope, id),
        () => Invitations.find(scope, id),
        () => Invitations.countWaiting(scope),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: "forbidden" });
    }
  });

  test("an invitation, sent again or taken back, for more than one's own rights", async () => {
    await alfa.asSuperuser(
      `insert into role_permissions select 'pharmacist', p, true, '${alfa.ownerId}', now()
       from unnest(array['people.view', 'people.manage']) p`,
    );
    const pharmacist = await (await colleague(alfa, { role: "pharmacist" })).enter();
    expect(Permissions.may(pharmacist.actor, "people.manage")).toBe(true);
    const inABranch = newcomer({ role: null, branchRoles: [{ branchId: branch, role: "admin" }] });
    await expect(Invitations.invite(pharmacist, newcomer({ role: "admin" }))).rejects.toMatchObject({
      code: "forbidden",
      fields: { role: expect.any(String) },
    });
    // What a role of a branch gives counts in that branch alone: an administrator's there is within a pharmacist's.
    await Invitations.invite(pharmacist, inABranch);
    const { id } = await Invitations.invite(await alfa.member(), newcomer({ role: "admin" }));
    await expect(Invitations.resend(pharmacist, id)).rejects.toMatchObject({ code: "forbidden" });
    await expect(Invitations.revoke(pharmacist, id)).rejects.toMatchObject({ code: "forbidden" });
  });
});
