import * as z from "zod";
import { DomainError, invalidInput } from "../../kernel/errors.ts";
import type { Member, Visitor } from "../actors.ts";
import type { TenantScope } from "../scope.ts";

/** What somebody signs in with. */
export interface Login {
  readonly email: string | null;
  readonly username: string | null;
}

/** Somebody's name and login. */
export interface Named extends Login {
  readonly name: string;
}

const NAME_LENGTH_MAX = 100;

const emailSchema = z.email().max(254);
/** The database checks the same shape. It holds no @, so that a username is never taken for a mail address. */
const usernameSchema = z
  .string()
  .min(3)
  .max(30)
  .regex(/^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/);

/**
 * Name and login of somebody new, tidied: a mail address or a username.
 * @throws DomainError `invalid_input` by field
 */
export function checkInvited(input: Named): Named {
  return check(input, ({ email, username }) =>
    email !== null && username !== null
      ? { username: "Choose one of the two: mail address or username." }
      : unreachable({ email, username }, "Write a mail address, or choose a username."),
  );
}

/**
 * Name and login of somebody who is here, tidied: a mail address, a username or both.
 * @throws DomainError `invalid_input` by field
 */
export function checkDetails(input: Named): Named {
  return check(input, (login) =>
    unreachable(login, "Keep at least one of the two: mail address or username. Nobody signs in without."),
  );
}

/** What is wrong with a person's name, in words that say what to do. */
export function nameError(name: string): string | undefined {
  if (name === "") return "Write the name, as colleagues know it.";
  if (name.length > NAME_LENGTH_MAX) return `Use at most ${NAME_LENGTH_MAX} characters.`;
  if (/\p{Cc}/u.test(name)) return "Use letters, digits and signs in one line.";
  return undefined;
}

/** @throws DomainError `conflict` by field when somebody here signs in with one of these, or used to */
export async function requireStranger(tenant: TenantScope<Member> | TenantScope<Visitor>, login: Login): Promise<void> {
  for (const [field, value] of given(login)) {
    const known = await tenant.db
      .selectFrom("users")
      .select(["name", "deactivatedAt"])
      .where(field, "=", value)
      .executeTakeFirst();
    if (known === undefined) continue;
    const what = field === "username" ? "username" : "mail address";
    const message =
      known.deactivatedAt === null
        ? `${known.name} works here already with this ${what}.`
        : `${known.name} worked here with this ${what} and was deactivated. Reactivate them instead.`;
    throw new DomainError("conflict", message, { fields: { [field]: message } });
  }
}

/**
 * Ends an expired invitation of one of these, so that its login is free; one that still works is not.
 * @throws DomainError `conflict` by field for an invitation that still works
 */
export async function requireUninvited(tx: TenantScope<Member>, login: Login): Promise<void> {
  const now = tx.clock.now();
  for (const [field, value] of given(login)) {
    const open = await tx.db
      .selectFrom("invitations")
      .select(["id", "expiresAt"])
      .where("acceptedAt", "is", null)
      .where("revokedAt", "is", null)
      .where(field, "=", value)
      .executeTakeFirst();
    if (open === undefined) continue;
    if (open.expiresAt > now) {
      const message = "This person is invited already. Send the invitation again from the list, or revoke it first.";
      throw new DomainError("conflict", message, { fields: { [field]: message } });
    }
    await tx.db.updateTable("invitations").set({ revokedAt: now }).where("id", "=", open.id).execute();
  }
}

type LoginErrors = Partial<Record<keyof Login, string>>;

const unreachable = ({ email, username }: Login, message: string): LoginErrors =>
  email === null && username === null ? { email: message } : {};

function check(input: Named, checkLogin: (login: Login) => LoginErrors): Named {
  const email = input.email?.trim().toLowerCase() ?? null;
  const username = input.username?.trim().toLowerCase() ?? null;
  const name = input.name.trim();
  const wrongName = nameError(name);
  const fields = {
    ...(wrongName === undefined ? {} : { name: wrongName }),
    ...checkLogin({ email, username }),
    ...(email === null || emailSchema.safeParse(email).success
      ? {}
      : { email: "Write a mail address, like amina@example.com." }),
    ...(username === null || usernameSchema.safeParse(username).success
      ? {}
      : { username: "Use 3 to 30 small letters and digits, beginning with a letter, like amina.o." }),
  };
  if (Object.keys(fields).length > 0) throw invalidInput("Some of the values need a change.", fields);
  return { name, email, username };
}

const given = ({ email, username }: Login): readonly (readonly [keyof Login, string])[] => [
  ...(email === null ? [] : [["email", email] as const]),
  ...(username === null ? [] : [["username", username] as const]),
];
