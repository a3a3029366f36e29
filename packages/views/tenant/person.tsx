import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { countOf, formatDay } from "../shared/formats.ts";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { Moment } from "../shared/moment.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { Confirmation } from "./confirmation.tsx";
import { type PersonRow, RoleBadges } from "./people.tsx";
import { HandedLink, type HandedLinkProps } from "./people-link.tsx";
import { PersonDetails, type PersonDetailsProps } from "./person-details.tsx";
import { type BranchOption, RoleFields, type RoleOption } from "./role-fields.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface PersonFacts extends PersonRow {
  email?: string;
  username?: string;
  createdAt: Date;
  /** Absent: active. */
  deactivatedAt?: Date;
  sessions: number;
  hasSecondFactor: boolean;
  /** Whether this is the person who looks. */
  isSelf: boolean;
}

export interface PersonPageProps {
  shell: TenantShell;
  person: PersonFacts;
  /** Absent: the person who looks may not change this one. */
  change?: {
    role: string;
    branchRoles: Readonly<Record<string, string>>;
    errors: FieldErrors;
    branches: readonly BranchOption[];
    roles: readonly RoleOption[];
  };
  /** Absent: the person who looks may not change the name and the login. */
  details?: Pick<PersonDetailsProps, "values" | "seen" | "errors">;
  /** Whether the person who looks could hand the pharmacy over. */
  mayHandOver: boolean;
  /** What was done just now. */
  done?: string;
  /** A link that was made just now: this page is the only one that ever shows it. */
  link?: HandedLinkProps;
  /** Why what was asked for was not done. */
  refused?: string;
}

/**
 * Forms, each with formToken: POST /settings/people/:id/roles with role and branch-{id}; …/details, as `PersonDetails`
 * says; …/deactivate; …/reactivate; …/password-link; …/second-factor.
 */
export function PersonPage(props: PersonPageProps) {
  const { shell, person, change, details, mayHandOver, done, link, refused } = props;
  return (
    <SettingsLayout
      shell={shell}
      title={person.name}
      back={{ label: "People", href: "/settings/people" }}
      subtitle={
        <span class="flex flex-wrap items-center gap-2">
          <span class="break-all">{person.login}</span>
          {person.isSelf ? <Badge tone="primary">You</Badge> : null}
          {person.deactivatedAt === undefined ? null : <Badge tone="warning">Deactivated</Badge>}
        </span>
      }
    >
      {link === undefined ? null : <HandedLink {...link} />}
      {refused === undefined ? null : (
        <div class="mb-6">
          <Alert tone="error" title={refused} />
        </div>
      )}
      {done === undefined ? null : (
        <div class="mb-6">
          <Alert tone="success">{done}</Alert>
        </div>
      )}
      <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div class="space-y-6">
          {change === undefined ? (
            <FixedRoles person={person} />
          ) : (
            <Roles shell={shell} person={person} change={change} />
          )}
          {details === undefined ? null : (
            <PersonDetails person={person} formToken={shell.context.formToken} {...details} />
          )}
        </div>
        <div class="space-y-6">
          <Facts person={person} timeZone={shell.company.timeZone} showsLogin={details === undefined} />
          {change === undefined ? null : <Access shell={shell} person={person} />}
          {person.isSelf && mayHandOver ? <HandOver /> : null}
        </div>
      </div>
    </SettingsLayout>
  );
}

function FixedRoles({ person }: { person: PersonFacts }) {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="roles">
      <h2 id="roles" class="mb-3 font-semibold">
        Role
      </h2>
      <RoleBadges {...person} />
      <p class="mt-4 text-muted">{whyFixed(person)}</p>
    </section>
  );
}

function whyFixed(person: PersonFacts): string {
  if (person.isOwner) return "The owner may do everything. Only the owner can hand the pharmacy over to somebody else.";
  if (person.isSelf) return "Nobody changes their own role. The owner or an administrator can.";
  return "You may not change this person: they may do more than you, or you may only look.";
}

function Roles({ shell, person, change }: { shell: TenantShell; person: PersonFacts; change: Fields }) {
  const isActive = person.deactivatedAt === undefined;
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="roles">
      <h2 id="roles" class="mb-4 font-semibold">
        What {person.name} may do
      </h2>
      <form method="post" action={`/settings/people/${person.id}/roles`} data-once class="space-y-6" novalidate>
        <FormToken token={shell.context.formToken} />
        <ErrorSummary errors={change.errors} />
        <RoleFields {...change} />
        <div class="flex flex-col items-start gap-3">
          <p class="text-muted text-xs">
            {isActive ? "It counts at once, also where they are signed in." : "It counts when they are let in again."}
          </p>
          <SubmitButton busy="Saving…" class={isActive ? "btn-primary" : "btn-plain"}>
            Save role
          </SubmitButton>
        </div>
      </form>
    </section>
  );
}

type Fields = NonNullable<PersonPageProps["change"]>;

interface FactsProps {
  person: PersonFacts;
  timeZone: string;
  /** False where the login is in a form beside it. */
  showsLogin: boolean;
}

function Facts({ person, timeZone, showsLogin }: FactsProps) {
  return (
    <section class="card p-5" aria-labelledby="facts">
      <h2 id="facts" class="mb-3 font-semibold">
        About
      </h2>
      <dl class="space-y-3">
        {person.email === undefined || !showsLogin ? null : <Fact term="Mail address">{person.email}</Fact>}
        {person.username === undefined || !showsLogin ? null : <Fact term="Username">{person.username}</Fact>}
        <Fact term="Here since">{formatDay(person.createdAt, timeZone)}</Fact>
        <Fact term="Last seen">
          {person.lastSeenAt === undefined ? "Not yet" : <Moment at={person.lastSeenAt} timeZone={timeZone} />}
        </Fact>
        <Fact term="Signed in on">{countOf(person.sessions, "device")}</Fact>
        <Fact term="Second step at sign-in">{person.hasSecondFactor ? "On" : "Off"}</Fact>
        {person.deactivatedAt === undefined ? null : (
          <Fact term="Deactivated on">{formatDay(person.deactivatedAt, timeZone)}</Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ term, children }: { term: string; children?: Child }) {
  return (
    <div>
      <dt class="text-muted text-xs">{term}</dt>
      <dd class="break-words">{children}</dd>
    </div>
  );
}

function Access({ shell, person }: { shell: TenantShell; person: PersonFacts }) {
  const { formToken } = shell.context;
  const at = `/settings/people/${person.id}`;
  const { id, name } = person;
  const wide = "btn-plain w-full";
  if (person.deactivatedAt !== undefined) {
    return (
      <Card title="Access">
        <p class="mb-4 text-muted">{name} cannot sign in. Their records keep their name.</p>
        <form method="post" action={`${at}/reactivate`} data-once>
          <FormToken token={formToken} />
          <SubmitButton busy="Reactivating…" class="btn-primary w-full" grows>
            Let them in again
          </SubmitButton>
        </form>
        <p class="mt-2 text-muted text-xs">With the role above and the password they had.</p>
      </Card>
    );
  }
  return (
    <Card title="Access">
      <div class="flex flex-col gap-3">
        {person.email === undefined ? (
          <Confirmation
            id={`password-${id}`}
            action={`${at}/password-link`}
            formToken={formToken}
            open="Make a link for a new password"
            class={wide}
            title={`Make a link for ${name}?`}
            keep="Not now"
            confirm="Make the link"
            busy="Making…"
          >
            You see it once and hand it over. Whoever opens it chooses a new password for {name}, and every session of
            theirs ends then.
          </Confirmation>
        ) : (
          <p class="text-muted text-xs">
            {name} can ask for a new password on the sign-in page: the link goes to {person.email}.
          </p>
        )}
        {person.hasSecondFactor ? (
          <Confirmation
            id={`factor-${id}`}
            action={`${at}/second-factor`}
            formToken={formToken}
            open="Turn the second step off"
            class={wide}
            title={`Turn the second step off for ${name}?`}
            keep="Keep it on"
            confirm="Turn it off"
            busy="Turning off…"
          >
            For a lost phone. Be sure that it is {name} who asks. They sign in with the password alone until they set it
            up again; their sessions end.
          </Confirmation>
        ) : null}
        <Confirmation
          id={`deactivate-${id}`}
          action={`${at}/deactivate`}
          formToken={formToken}
          open="Deactivate"
          class={wide}
          title={`Deactivate ${name}?`}
          keep="Keep them active"
          confirm="Deactivate"
          busy="Deactivating…"
        >
          They are signed out everywhere ({countOf(person.sessions, "session")}) and cannot sign in any more. What they
          did keeps their name, and API keys that they made go on working. You can let them in again at any time.
        </Confirmation>
      </div>
    </Card>
  );
}

function HandOver() {
  return (
    <Card title="Hand the pharmacy over">
      <p class="mb-4 text-muted">Make somebody else the owner. You become an administrator.</p>
      <ActionLink href="/auth/ownership" class="btn btn-plain w-full">
        Choose the new owner
      </ActionLink>
    </Card>
  );
}

function Card({ title, children }: { title: string; children?: Child }) {
  return (
    <section class="card p-5">
      <h2 class="mb-3 font-semibold">{title}</h2>
      {children}
    </section>
  );
}
