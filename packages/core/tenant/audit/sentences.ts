import { textOf } from "./differences.ts";

/** What an entry says, as sentences need it. */
export interface Said {
  readonly action: string;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** What was done, after the name of who did it; for what nobody found words for, the action's own name. */
export function predicateOf(said: Said, names: ReadonlyMap<string, string>): string {
  const phrase = phraseOf(said.action);
  return phrase === undefined ? said.action : tidy(phrase(factsOf(said, names)));
}

/** The actions whose words contain a text, in any case: people search for what they read. */
export function actionsSaying(text: string): readonly string[] {
  const wanted = text.trim().toLowerCase();
  return Object.entries(phrases)
    .filter(([, phrase]) => tidy(phrase(nothing)).toLowerCase().includes(wanted))
    .map(([action]) => action);
}

/** Whether somebody who was not signed in has shown by this who they are; whoever fails may be anybody. */
export const isProof = (action: string): boolean => !/\.(?:failed|refused)$/.test(action);

interface Facts {
  /** The person that was acted upon. */
  readonly person: string;
  /** Whether that is who acted. */
  readonly isSelf: boolean;
  /** The name of the thing that was acted upon. */
  readonly name: string;
  /** ` as cashier`, ` as pharmacist in Westlands`; blank without a role. */
  readonly asRole: string;
  /** A value in words. */
  of(key: string): string;
}

type Phrase = (facts: Facts) => string;

const nothing: Facts = { person: "", isSelf: true, name: "", asRole: "", of: () => "" };

const phrases: Readonly<Record<string, Phrase>> = {
  "access.refused": () => "was refused",
  "api_key.issued": ({ name }) => `made the API key ${name}`,
  "api_key.revoked": ({ name }) => `revoked the API key ${name}`,
  "audit.exported": () => "downloaded the audit log",
  "billing.cancel_undone": () => "took the cancellation back",
  "billing.cancelled": () => "cancelled the subscription at the end of its period",
  "billing.checkout_opened": () => "opened the page to pay on",
  "billing.plan_changed": ({ of }) => `changed the subscription: ${of("changes")}`,
  "billing.planned_change_given_up": () => "gave up the change at the period’s end",
  "billing.trial_started": ({ of }) => `began a trial of ${of("module")}`,
  "branch.added": ({ name }) => `added the branch ${name}`,
  "branch.archived": ({ name }) => `archived the branch ${name}`,
  "branch.changed": ({ name }) => `changed the branch ${name}`,
  "branch.restored": ({ name }) => `opened the branch ${name} again`,
  "company.changed": () => "changed the company’s profile",
  "company.logo_changed": () => "changed the logo",
  "company.logo_removed": () => "removed the logo",
  "import.cancelled": ({ name }) => `cancelled the import of ${name}`,
  "import.finished": ({ name }) => `finished the import of ${name}`,
  "import.paused": ({ name }) => `paused the import of ${name}`,
  "import.resumed": ({ name }) => `went on with the import of ${name}`,
  "import.started": ({ name }) => `started the import of ${name}`,
  "import.stopped": ({ name }) => `stopped the import of ${name}`,
  "import.undo_started": ({ name }) => `began to undo the import of ${name}`,
  "import.undone": ({ name }) => `undid the import of ${name}`,
  "import.uploaded": ({ name }) => `uploaded ${name} to import`,
  "invitation.accepted": () => "accepted the invitation",
  "invitation.revoked": ({ name }) => `took back the invitation of ${name}`,
  "invitation.sent": ({ name, asRole }) => `invited ${name}${asRole}`,
  "invitation.sent_again": ({ name }) => `invited ${name} again`,
  "item.archived": ({ name }) => `archived the item ${name}`,
  "item.created": ({ name }) => `added the item ${name}`,
  "item.restored": ({ name }) => `restored the item ${name}`,
  "item.updated": ({ name }) => `changed the item ${name}`,
  "items.tax_class_set": ({ of }) => `set the tax class of items to ${of("taxClass").replaceAll("_", "-")}`,
  "ownership.transferred": ({ person }) => `handed the pharmacy over to ${person}`,
  "password.changed": ({ person, isSelf }) => (isSelf ? "changed their password" : `changed the password of ${person}`),
  "password.set": ({ person, isSelf }) => (isSelf ? "chose their first password" : `set a password for ${person}`),
  "password_reset.issued": ({ person }) => `made a link for a new password for ${person}`,
  "password_reset.used": () => "chose a new password by a link",
  "person.details_changed": ({ person, isSelf }) =>
    isSelf ? "changed their own name or login" : `changed the name or login of ${person}`,
  "person.deactivated": ({ person }) => `deactivated ${person}`,
  "person.reactivated": ({ person }) => `let ${person} in again`,
  "person.roles_changed": ({ person, asRole }) => `changed the role of ${person}${asRole.replace(" as ", " to ")}`,
  "recovery_code.used": () => "used a recovery code",
  "role.changed": ({ of }) => `changed what the role ${called(of("role"))} may do`,
  "second_step.failed": ({ person }) => `failed at the second step of signing in${asPerson(person)}`,
  "session.ended": () => "signed out",
  "session.others_revoked": () => "signed out everywhere else",
  "session.revoked": () => "ended a session on another device",
  "session.started": () => "signed in",
  "sign_in.failed": ({ person }) => `failed to sign in${asPerson(person)}`,
  "sign_in_link.used": () => "used a sign-in link",
  "support.entered": () => "looked at your records",
  "two_factor.recovery_codes_renewed": () => "made new recovery codes",
  "two_factor.reset": ({ person }) => `turned the second step of signing in off for ${person}`,
  "two_factor.turned_off": () => "turned the second step of signing in off",
  "two_factor.turned_on": () => "turned the second step of signing in on",
};

const tidy = (text: string): string => text.replaceAll(/ +/g, " ").trim();

const asPerson = (person: string): string => (person === "" ? "" : ` as ${person}`);

const phraseOf = (action: string): Phrase | undefined => (Object.hasOwn(phrases, action) ? phrases[action] : undefined);

function factsOf({ action, actorKind, actorId, before, after }: Said, names: ReadonlyMap<string, string>): Facts {
  const reading = { names, timeZone: "UTC" };
  const value = (key: string): unknown => after?.[key] ?? before?.[key];
  const named = (key: string): string => {
    const id = value(key);
    return (typeof id === "string" ? names.get(id) : undefined) ?? "";
  };
  const of = (key: string): string => textOf(key, value(key), reading);
  const name = of("name") || of("fileName") || named("id") || of("email") || of("username");
  const isSelf = actorKind === "visitor" ? isProof(action) : actorId === value("userId");
  return { person: named("userId") || name, isSelf, name, asRole: asRole(after, names), of };
}

function asRole(after: Said["after"], names: ReadonlyMap<string, string>): string {
  const role = after?.role;
  if (typeof role === "string") return ` as ${called(role)}`;
  const branchRoles: unknown = after?.branchRoles;
  if (!Array.isArray(branchRoles) || branchRoles.length === 0) return "";
  const parts = branchRoles.map((one: unknown) => {
    const there = textIn(one, "branchId");
    return `${called(textIn(one, "role"))} in ${names.get(there) ?? "a branch"}`;
  });
  return ` as ${parts.join(", ")}`;
}

function textIn(record: unknown, key: string): string {
  if (typeof record !== "object" || record === null) return "";
  const value: unknown = Reflect.get(record, key);
  return typeof value === "string" ? value : "";
}

const called = (role: string): string => (role === "admin" ? "administrator" : role);
