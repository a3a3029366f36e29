import type { Child } from "hono/jsx";
import { Alert } from "../shared/alert.tsx";
import { Badge } from "../shared/badge.tsx";
import { countOf, formatDay } from "../shared/formats.ts";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { Moment } from "../shared/moment.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export interface AccountSession {
  readonly id: string;
  /** In plain words: `Chrome on Windows`. */
  readonly device: string;
  readonly network: string | null;
  readonly signedInAt: Date;
  /** Null: not since they signed in. */
  readonly lastSeenAt: Date | null;
  readonly isThis: boolean;
}

export interface AccountPageProps {
  shell: TenantShell;
  person: {
    name: string;
    /** What they sign in with. */
    login: string;
    /** What else they sign in with. */
    username?: string;
    role: string;
  };
  hasPassword: boolean;
  factor: { isOn: boolean; since: Date | null; codesLeft: number };
  sessions: readonly AccountSession[];
  /** What was done just now. */
  done?: "password" | "two-factor-off" | "session" | "sessions";
}

const doneWords: Readonly<Record<NonNullable<AccountPageProps["done"]>, string>> = {
  password: "Your password is changed. Every other device was signed out.",
  "two-factor-off": "The second step is off. Your password alone lets you in.",
  session: "That device is signed out.",
  sessions: "Every other device is signed out.",
};

/** Forms: POST /auth/sessions/:id/end, /auth/sessions/end-others and /auth/sign-out, each with formToken. */
export function AccountPage({ shell, person, hasPassword, factor, sessions, done }: AccountPageProps) {
  return (
    <TenantLayout shell={shell} title="Your account" subtitle="How you sign in, and where you are signed in.">
      <div class="max-w-3xl space-y-6">
        {done === undefined ? null : <Alert tone="success">{doneWords[done]}</Alert>}
        <section class="card overflow-clip" aria-labelledby="signing-in">
          <h2 id="signing-in" class="border-line border-b px-4 py-3 font-semibold sm:px-5">
            Signing in
          </h2>
          <ul class="divide-y divide-line">
            <Row title="Name">
              <p class="break-words">{person.name}</p>
              <p class="mt-1">
                <Badge tone="neutral">{person.role}</Badge>
              </p>
            </Row>
            <Row title="Mail address or username">
              <p class="break-words">{person.login}</p>
              {person.username === undefined ? null : <p class="text-muted">or {person.username}</p>}
            </Row>
            <Row
              title="Password"
              action={<Action href="/auth/password">{hasPassword ? "Change password" : "Choose a password"}</Action>}
            >
              {hasPassword ? "Set" : "None: you come in by links that are mailed to you."}
            </Row>
            <Row
              title="Second step"
              action={<Action href="/auth/two-factor">{factor.isOn ? "Change" : "Set it up"}</Action>}
            >
              <SecondStep factor={factor} timeZone={shell.company.timeZone} />
            </Row>
          </ul>
        </section>
        <SessionList shell={shell} sessions={sessions} />
      </div>
    </TenantLayout>
  );
}

function Row({ title, action, children }: { title: string; action?: Child; children: Child }) {
  return (
    <li class="flex flex-wrap items-center justify-between gap-x-4 gap-y-3 px-4 py-4 sm:px-5">
      <div class="min-w-0 flex-1 basis-56">
        <h3 class="text-muted text-xs">{title}</h3>
        <div class="mt-0.5">{children}</div>
      </div>
      {action}
    </li>
  );
}

function Action({ href, children }: { href: string; children: Child }) {
  return (
    <a href={href} class="btn btn-plain btn-sm">
      {children}
    </a>
  );
}

function SecondStep({ factor, timeZone }: { factor: AccountPageProps["factor"]; timeZone: string }) {
  if (!factor.isOn || factor.since === null) {
    return <>Off. A code from your phone besides the password keeps out who learns your password.</>;
  }
  return (
    <>
      <Badge tone="success" icon="shield-check">
        On
      </Badge>{" "}
      since {formatDay(factor.since, timeZone)}, {countOf(factor.codesLeft, "recovery code")} left
    </>
  );
}

function SessionList({ shell, sessions }: Pick<AccountPageProps, "shell" | "sessions">) {
  return (
    <section class="card overflow-clip" aria-labelledby="sessions">
      <div class="flex flex-wrap items-center justify-between gap-3 border-line border-b px-4 py-3 sm:px-5">
        <h2 id="sessions" class="font-semibold">
          Where you are signed in
        </h2>
        {sessions.length < 2 ? null : (
          <form method="post" action="/auth/sessions/end-others" data-once>
            <FormToken token={shell.context.formToken} />
            <SubmitButton busy="Signing out…" class="btn-plain btn-sm">
              Sign out all others
            </SubmitButton>
          </form>
        )}
      </div>
      <ul class="divide-y divide-line">
        {sessions.map((session) => (
          <li class="flex flex-wrap items-start justify-between gap-x-4 gap-y-3 px-4 py-4 sm:px-5">
            <SessionSummary session={session} timeZone={shell.company.timeZone} />
            <form
              method="post"
              action={session.isThis ? "/auth/sign-out" : `/auth/sessions/${session.id}/end`}
              data-once
            >
              <FormToken token={shell.context.formToken} />
              <SubmitButton busy="Signing out…" class="btn-plain btn-sm">
                Sign out
                <span class="sr-only"> {session.device}</span>
              </SubmitButton>
            </form>
          </li>
        ))}
      </ul>
      <p class="border-line border-t px-4 py-3 text-muted text-xs sm:px-5">
        Do you not know one of them? Sign it out and change your password. A device that is not used for a week is
        signed out by itself.
      </p>
    </section>
  );
}

function SessionSummary({ session, timeZone }: { session: AccountSession; timeZone: string }) {
  const { device, network, signedInAt, lastSeenAt, isThis } = session;
  const isPhone = /iPhone|iPad|Android/.test(device);
  return (
    <div class="flex min-w-0 flex-1 basis-56 gap-3">
      <Icon name={isPhone ? "smartphone" : "monitor"} class="mt-0.5 size-5 text-muted" />
      <div class="min-w-0">
        <p class="flex flex-wrap items-center gap-2 font-medium">
          {device}
          {isThis ? <Badge tone="primary">This device</Badge> : null}
        </p>
        <p class="mt-0.5 text-muted text-xs">
          {isThis ? "In use now" : lastSeenAt === null ? "Not used since" : "Last seen "}
          {isThis || lastSeenAt === null ? null : <Moment at={lastSeenAt} timeZone={timeZone} />}
          {network === null ? null : <>, network {network}</>}
        </p>
        <p class="mt-0.5 text-muted text-xs">
          Signed in <Moment at={signedInAt} timeZone={timeZone} />
        </p>
      </div>
    </div>
  );
}
