import { DomainError } from "@pharmasight/core/kernel/errors";
import { Credentials } from "@pharmasight/core/tenant/accounts/credentials";
import { PasswordResets } from "@pharmasight/core/tenant/accounts/password-resets";
import { TwoFactorResets } from "@pharmasight/core/tenant/accounts/two-factor-resets";
import type { Member } from "@pharmasight/core/tenant/actors";
import { Branches } from "@pharmasight/core/tenant/branches/branches";
import { Limits } from "@pharmasight/core/tenant/limits/limits";
import { type InvitationDetails, Invitations } from "@pharmasight/core/tenant/people/invitations";
import { People, type Person } from "@pharmasight/core/tenant/people/people";
import { Permissions } from "@pharmasight/core/tenant/permissions/permissions";
import type { TenantScope } from "@pharmasight/core/tenant/scope";
import type { FieldErrors } from "@pharmasight/views/shared/context";
import { countOf } from "@pharmasight/views/shared/formats";
import { emptyInvite, type InviteValues } from "@pharmasight/views/tenant/invite-fields.tsx";
import {
  type PeopleFilter,
  PeoplePage,
  type PeoplePageProps,
  type PersonRow,
} from "@pharmasight/views/tenant/people.tsx";
import type { InvitationRow } from "@pharmasight/views/tenant/people-invitations.tsx";
import { InvitePage } from "@pharmasight/views/tenant/people-invite.tsx";
import type { HandedLinkProps } from "@pharmasight/views/tenant/people-link.tsx";
import { PersonPage, type PersonPageProps } from "@pharmasight/views/tenant/person.tsx";
import type { DetailsValues } from "@pharmasight/views/tenant/person-details.tsx";
import { Hono } from "hono";
import { ownOrigin } from "../../../http/addresses.ts";
import type { EdgeContext, EdgeEnv } from "../../../http/bindings.ts";
import { member } from "../../door.ts";
import { type PostedForm, readMemberForm } from "../../forms.ts";
import { rolesInWords, roleTitles } from "../../roles.ts";
import { assignmentOf, inviteOf, readInvite, readRoles, roleOptions } from "../invite-form.ts";
import { shellFor } from "../shell.ts";

export const people = new Hono<EdgeEnv>();

people.get("/", async (c) => {
  const tenant = await member(c);
  const filter = filters.find((one) => one === c.req.query("state")) ?? "active";
  const done = doneAtList.find((one) => one === c.req.query("done"));
  return c.html(await listPage(c, tenant, filter, done === undefined ? {} : { done }));
});

people.get("/new", async (c) => invitePage(c, await member(c, "work"), emptyInvite));

// A link for somebody without mail is in the answer itself: in an address or a cookie it would be kept.
people.post("/", async (c) => {
  const tenant = await member(c);
  const form = await readMemberForm(c, tenant);
  const values = readInvite(form, await Branches.list(tenant));
  try {
    const { id, link } = await Invitations.invite(tenant, inviteOf(values));
    if (link === undefined) return c.redirect("/settings/people?state=invited&done=invited", 303);
    return c.html(await listPage(c, tenant, "invited", { link: await handedInvitation(c, tenant, id, link) }), 201);
  } catch (error) {
    return invitePage(c, tenant, values, fieldErrors(error));
  }
});

people.post("/invitations/:id/resend", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  try {
    const { id, link } = await Invitations.resend(tenant, c.req.param("id"));
    if (link === undefined) return c.redirect("/settings/people?state=invited&done=resent", 303);
    return c.html(await listPage(c, tenant, "invited", { link: await handedInvitation(c, tenant, id, link) }), 201);
  } catch (error) {
    return c.html(await listPage(c, tenant, "invited", { refused: refusalOf(error) }), 409);
  }
});

people.post("/invitations/:id/revoke", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  await Invitations.revoke(tenant, c.req.param("id"));
  return c.redirect("/settings/people?state=invited&done=revoked", 303);
});

people.get("/:id", async (c) => personPage(c, await member(c), c.req.param("id")));

people.post("/:id/roles", async (c) => {
  const tenant = await member(c);
  const id = c.req.param("id");
  const form = await readMemberForm(c, tenant);
  const chosen = readRoles(form, await Branches.list(tenant));
  try {
    await People.changeRoles(tenant, id, assignmentOf(chosen));
    return c.redirect(`/settings/people/${id}?done=roles`, 303);
  } catch (error) {
    return personPage(c, tenant, id, { chosen, ...fieldErrors(error) });
  }
});

people.post("/:id/details", async (c) => {
  const tenant = await member(c);
  const id = c.req.param("id");
  const form = await readMemberForm(c, tenant);
  const values = readDetails(form, "");
  const seen = readDetails(form, "seen-");
  try {
    const { sessionsEnded } = await People.changeDetails(tenant, id, { details: named(values), seen: named(seen) });
    return c.redirect(`/settings/people/${id}?done=details&sessions=${sessionsEnded}`, 303);
  } catch (error) {
    const { errors, status } = fieldErrors(error);
    return personPage(c, tenant, id, { details: { values, seen, errors }, status });
  }
});

people.post("/:id/deactivate", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const id = c.req.param("id");
  const { sessionsEnded } = await People.deactivate(tenant, id);
  return c.redirect(`/settings/people/${id}?done=deactivated&sessions=${sessionsEnded}`, 303);
});

people.post("/:id/reactivate", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const id = c.req.param("id");
  try {
    await People.reactivate(tenant, id);
    return c.redirect(`/settings/people/${id}?done=reactivated`, 303);
  } catch (error) {
    return personPage(c, tenant, id, { refused: refusalOf(error), status: 409 });
  }
});

people.post("/:id/password-link", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const id = c.req.param("id");
  const { token, expiresAt } = await PasswordResets.issueFor(tenant, id);
  const { name } = await People.find(tenant, id);
  const link = absolute(c, `/auth/reset?token=${encodeURIComponent(token)}`);
  const { timeZone } = tenant.tenant;
  return personPage(c, tenant, id, { link: { name, purpose: "password", link, expiresAt, timeZone }, status: 201 });
});

people.post("/:id/second-factor", async (c) => {
  const tenant = await member(c);
  await readMemberForm(c, tenant);
  const id = c.req.param("id");
  await TwoFactorResets.resetFor(tenant, id);
  return c.redirect(`/settings/people/${id}?done=factor`, 303);
});

const filters: readonly PeopleFilter[] = ["active", "invited", "deactivated"];
const doneAtList = ["invited", "resent", "revoked"] as const;

type Status = 200 | 201 | 403 | 409 | 422;

async function listPage(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  filter: PeopleFilter,
  state: Pick<PeoplePageProps, "link" | "done" | "refused">,
) {
  const search = (c.req.query("q") ?? "").trim().slice(0, 100);
  const stateOfPeople = filter === "deactivated" ? "deactivated" : "active";
  const page = await People.list(tenant, { state: stateOfPeople, search, after: c.req.query("after") });
  const invitations = filter === "invited" ? await Invitations.list(tenant) : [];
  const query = { ...(filter === "active" ? {} : { state: filter }), ...(search === "" ? {} : { q: search }) };
  return (
    <PeoplePage
      shell={await shellFor(c, tenant)}
      filter={filter}
      search={search}
      counts={{ ...page.counts, invited: await Invitations.countWaiting(tenant) }}
      people={page.people.map(personRow)}
      total={page.total}
      {...(page.next === undefined
        ? {}
        : { next: `/settings/people?${new URLSearchParams({ ...query, after: page.next })}` })}
      invitations={invitations.map(invitationRow)}
      mayManage={Permissions.may(tenant.actor, "people.manage")}
      {...state}
    />
  );
}

async function invitePage(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  values: InviteValues,
  { errors = {}, status = 200 }: { readonly errors?: FieldErrors; readonly status?: Status } = {},
) {
  const roles = await roleOptions(tenant);
  const branches = await Branches.list(tenant);
  const shell = await shellFor(c, tenant);
  const noRoom = status === 200 ? await Limits.noRoom(tenant, "users") : undefined;
  const fields = { values, errors, branches, roles, ...(noRoom === undefined ? {} : { noRoom }) };
  return c.html(<InvitePage shell={shell} {...fields} />, status);
}

interface PersonState {
  /** Roles that were sent and refused. */
  readonly chosen?: Pick<InviteValues, "role" | "branchRoles">;
  readonly errors?: FieldErrors;
  /** A name and login that were sent and refused. */
  readonly details?: NonNullable<PersonPageProps["details"]>;
  readonly link?: HandedLinkProps;
  /** Why what was asked for was not done. */
  readonly refused?: string;
  readonly status?: Status;
}

async function personPage(c: EdgeContext, tenant: TenantScope<Member>, id: string, state: PersonState = {}) {
  const person = await People.find(tenant, id);
  const done = doneAtPerson(c);
  const change = person.mayChange
    ? {
        ...(state.chosen ?? {
          role: person.role ?? "",
          branchRoles: Object.fromEntries(person.branchRoles.map(({ branchId, role }) => [branchId, role])),
        }),
        errors: state.errors ?? {},
        branches: await Branches.list(tenant),
        roles: await roleOptions(tenant),
      }
    : undefined;
  const details = person.mayChangeDetails ? (state.details ?? unchanged(person)) : undefined;
  const { email, username, deactivatedAt, createdAt, sessions, hasSecondFactor } = person;
  const isSelf = person.id === tenant.actor.userId;
  return c.html(
    <PersonPage
      shell={await shellFor(c, tenant)}
      person={{
        ...personRow(person),
        ...(email === null ? {} : { email }),
        ...(username === null ? {} : { username }),
        ...(deactivatedAt === null ? {} : { deactivatedAt }),
        createdAt,
        sessions,
        hasSecondFactor,
        isSelf,
      }}
      mayHandOver={isSelf && person.role === "owner"}
      {...(change === undefined ? {} : { change })}
      {...(details === undefined ? {} : { details })}
      {...(done === undefined ? {} : { done })}
      {...(state.link === undefined ? {} : { link: state.link })}
      {...(state.refused === undefined ? {} : { refused: state.refused })}
    />,
    state.status ?? 200,
  );
}

/** The form of the details as it opens. */
function unchanged({ name, email, username }: Person): NonNullable<PersonPageProps["details"]> {
  const values = { name, email: email ?? "", username: username ?? "" };
  return { values, seen: values, errors: {} };
}

/** Fields of a name and login as they were typed, or, with a prefix, as they were before. */
function readDetails(form: PostedForm, prefix: "" | "seen-"): DetailsValues {
  const text = (field: string) => form.text(`${prefix}${field}`).slice(0, 1000);
  return { name: text("name"), email: text("email"), username: text("username") };
}

const named = ({ name, email, username }: DetailsValues) => ({
  name,
  email: blankAsNull(email),
  username: blankAsNull(username),
});

const blankAsNull = (text: string): string | null => (text.trim() === "" ? null : text);

function doneAtPerson(c: EdgeContext): string | undefined {
  switch (c.req.query("done")) {
    case "roles":
      return "The role is saved. It counts at once.";
    case "details":
      return `Name and login are saved. ${countOf(Number(c.req.query("sessions")) || 0, "session")} ended.`;
    case "deactivated":
      return `Deactivated. ${countOf(Number(c.req.query("sessions")) || 0, "session")} ended.`;
    case "reactivated":
      return "They can sign in again.";
    case "owner":
      return "The pharmacy is handed over. You are an administrator now.";
    case "factor":
      return "The second step is off, and their sessions ended.";
    default:
      return undefined;
  }
}

function personRow(person: Person): PersonRow {
  return {
    id: person.id,
    name: person.name,
    login: Credentials.shownLogin(person),
    isOwner: person.role === "owner",
    branchRoles: person.branchRoles.map(({ branchName, role }) => ({ branch: branchName, role: roleTitles[role] })),
    ...(person.role === null ? {} : { role: roleTitles[person.role] }),
    ...(person.lastSeenAt === null ? {} : { lastSeenAt: person.lastSeenAt }),
  };
}

function invitationRow(invitation: InvitationDetails): InvitationRow {
  const { id, name, state, invitedByName, sentAt, expiresAt, email } = invitation;
  const login = Credentials.shownLogin(invitation);
  return {
    id,
    name,
    login,
    byMail: email !== null,
    role: rolesInWords(invitation),
    state,
    invitedByName,
    sentAt,
    expiresAt,
  };
}

async function handedInvitation(
  c: EdgeContext,
  tenant: TenantScope<Member>,
  id: string,
  path: string,
): Promise<HandedLinkProps> {
  const { name, expiresAt } = await Invitations.find(tenant, id);
  return { name, purpose: "invitation", link: absolute(c, path), expiresAt, timeZone: tenant.tenant.timeZone };
}

const absolute = (c: EdgeContext, path: string): string => `${ownOrigin(new URL(c.req.url).hostname)}${path}`;

/** What the form shows beside its fields; an error of no field is thrown on. */
function fieldErrors(error: unknown): { readonly errors: FieldErrors; readonly status: Status } {
  if (!(error instanceof DomainError) || Object.keys(error.fields).length === 0) throw error;
  const statuses: Partial<Record<DomainError["code"], Status>> = { conflict: 409, limit_reached: 409, forbidden: 403 };
  return { errors: error.fields, status: statuses[error.code] ?? 422 };
}

/** Why there is no room for one more person; any other error is thrown on. */
function refusalOf(error: unknown): string {
  if (error instanceof DomainError && error.code === "limit_reached") return error.message;
  throw error;
}
