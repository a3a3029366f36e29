import type { Child } from "hono/jsx";
import { Badge } from "../shared/badge.tsx";
import { CompanyMark, initials } from "../shared/brand.tsx";
import type { FormContext } from "../shared/context.ts";
import { Document } from "../shared/document.tsx";
import { countOf } from "../shared/formats.ts";
import { FormToken } from "../shared/forms.tsx";
import { Icon, type IconName } from "../shared/icons.tsx";
import { type Writing, WritingContext } from "../shared/writing.tsx";
import { type Overdue, OverdueBanner } from "./overdue.tsx";

export type { Overdue } from "./overdue.tsx";

export interface NavigationEntry {
  label: string;
  href: string;
  icon: IconName;
  current: boolean;
  /** Name of the plan that has this module, when the pharmacy's plan does not. */
  locked?: string;
}

/** What surrounds every page of a signed-in member. */
export interface TenantShell {
  context: FormContext;
  company: {
    name: string;
    /** IANA name, for example `Africa/Nairobi`: dates are shown in it. */
    timeZone: string;
    /** Absent: its letters stand for it. */
    logoUrl?: string;
  };
  member: {
    name: string;
    /** What they sign in with: their mail address or username. */
    login: string;
    /** What they are here, in words. */
    role: string;
  };
  /** Whole days until the trial ends; absent outside a trial. */
  trialDaysLeft?: number;
  navigation: NavigationEntry[];
  /** The settings that this person may open, as tabs; empty when there are none. */
  settings: NavigationEntry[];
  /** What the buttons of this page may do. */
  writing: Writing;
  /** Absent: nothing is. */
  overdue?: Overdue;
}

export interface TenantLayoutProps {
  shell: TenantShell;
  title: string;
  /** A line under the title. */
  subtitle?: Child;
  /** The page above this one. */
  back?: { label: string; href: string };
  /** The page's one primary action, after any lesser ones. */
  actions?: Child;
  htmx?: boolean;
  refreshSeconds?: number;
  children?: Child;
}

/** A page of the pharmacy: navigation on the left (a drawer on small screens), title with its actions, content. */
export function TenantLayout(props: TenantLayoutProps) {
  const { shell, title, subtitle, back, actions, children, htmx, refreshSeconds } = props;
  return (
    <Document
      context={shell.context}
      title={title}
      site={shell.company.name}
      {...(htmx === undefined ? {} : { htmx })}
      {...(refreshSeconds === undefined ? {} : { refreshSeconds })}
    >
      <div class="lg:grid lg:min-h-dvh lg:grid-cols-[15.5rem_minmax(0,1fr)]">
        <Navigation shell={shell} />
        <div class="flex min-h-dvh min-w-0 flex-col border-line lg:border-l">
          <TopBar shell={shell} />
          <main
            id="main"
            tabindex={-1}
            class="mx-auto w-full max-w-6xl flex-1 px-4 py-6 outline-none sm:px-6 lg:px-8 lg:py-8"
          >
            {shell.overdue === undefined ? null : <OverdueBanner name={shell.company.name} overdue={shell.overdue} />}
            {back === undefined ? null : (
              <a
                href={back.href}
                class="-ml-1 mb-2 inline-flex items-center gap-1 rounded-md text-muted hover:text-base-content"
              >
                <Icon name="chevron-left" />
                {back.label}
              </a>
            )}
            <WritingContext.Provider value={shell.writing}>
              <div class="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
                <div class="min-w-0">
                  <h1 class="font-semibold text-2xl">{title}</h1>
                  {subtitle ? <div class="mt-1 text-muted">{subtitle}</div> : null}
                </div>
                {actions ? <div class="flex flex-wrap gap-2">{actions}</div> : null}
              </div>
              {children}
            </WritingContext.Provider>
          </main>
          <footer class="mx-auto w-full max-w-6xl px-4 py-5 text-muted text-xs tabular-nums sm:px-6 lg:px-8">
            PharmaSight {shell.context.version}
          </footer>
        </div>
      </div>
    </Document>
  );
}

/*
 * One list for both sizes: below 1024 px it is a popover, which the browser opens, closes and stacks without a
 * script; above, it stands beside the page.
 */
function Navigation({ shell }: { shell: TenantShell }) {
  return (
    <aside
      id="navigation"
      popover="auto"
      aria-label="Main"
      class="fixed inset-y-0 right-auto left-0 m-0 h-dvh max-h-none w-72 max-w-[85vw] flex-col border-line border-r bg-base-200 p-3 text-base-content backdrop:bg-black/40 open:flex lg:sticky lg:top-0 lg:flex lg:w-auto lg:border-r-0"
    >
      <div class="mb-3 flex items-center gap-2.5 px-2 py-1.5">
        <CompanyMark name={shell.company.name} logoUrl={shell.company.logoUrl} />
        <p class="line-clamp-2 min-w-0 flex-1 font-semibold leading-tight">{shell.company.name}</p>
        <button
          type="button"
          popovertarget="navigation"
          popovertargetaction="hide"
          class="btn btn-ghost btn-sm btn-square lg:hidden"
          aria-label="Close menu"
        >
          <Icon name="x" />
        </button>
      </div>
      <nav aria-label="Pages" class="min-h-0 flex-1 overflow-y-auto p-0.5">
        <ul class="space-y-0.5">
          {shell.navigation.map((entry) => (
            <li>
              <NavigationLink entry={entry} />
            </li>
          ))}
        </ul>
      </nav>
    </aside>
  );
}

function NavigationLink({ entry }: { entry: NavigationEntry }) {
  const look = entry.current
    ? "border-line bg-base-100 font-medium text-base-content"
    : "border-transparent text-muted hover:bg-base-300 hover:text-base-content";
  return (
    <a
      href={entry.href}
      aria-current={entry.current ? "page" : undefined}
      class={`flex min-h-9 items-center gap-2.5 rounded-lg border px-2.5 py-1.5 ${look}`}
    >
      <Icon name={entry.icon} class={`size-4.5 ${entry.current ? "text-primary" : ""}`} />
      <span class="min-w-0 flex-1">{entry.label}</span>
      {entry.locked === undefined ? null : (
        <Badge tone="neutral">
          <span class="sr-only">Needs </span>
          {entry.locked}
        </Badge>
      )}
    </a>
  );
}

function TopBar({ shell }: { shell: TenantShell }) {
  return (
    <header class="sticky top-0 z-20 flex h-14 items-center gap-2 border-line border-b bg-base-100 px-3 sm:px-6 lg:px-8">
      <button
        type="button"
        popovertarget="navigation"
        class="btn btn-ghost btn-square btn-sm lg:hidden"
        aria-label="Open menu"
      >
        <Icon name="menu" class="size-5" />
      </button>
      <p class="min-w-0 truncate font-semibold lg:hidden">{shell.company.name}</p>
      <div class="ml-auto flex shrink-0 items-center gap-2">
        {shell.trialDaysLeft === undefined ? null : <TrialBadge daysLeft={shell.trialDaysLeft} />}
        <AccountMenu shell={shell} />
      </div>
    </header>
  );
}

function TrialBadge({ daysLeft }: { daysLeft: number }) {
  return (
    <a href="/billing" class="flex rounded-md">
      <Badge tone={daysLeft <= 3 ? "warning" : "primary"} icon="clock">
        {daysLeft <= 0 ? (
          "Trial ends today"
        ) : (
          <>
            <span class="sr-only sm:not-sr-only">Trial:</span> {countOf(daysLeft, "day")} left
          </>
        )}
      </Badge>
    </a>
  );
}

function AccountMenu({ shell }: { shell: TenantShell }) {
  const { member, context } = shell;
  return (
    <details data-menu class="relative">
      <summary class="flex h-9 cursor-pointer list-none items-center gap-1.5 rounded-lg px-1.5 hover:bg-base-300">
        <span
          class="flex size-7 items-center justify-center rounded-full bg-soft-neutral font-semibold text-soft-neutral-text text-xs"
          aria-hidden="true"
        >
          {initials(member.name)}
        </span>
        <span class="sr-only">Account of {member.name}</span>
        <Icon name="chevron-down" class="size-4 text-muted" />
      </summary>
      <div class="card absolute right-0 z-30 mt-2 w-64 p-1.5 shadow-lg">
        <div class="px-2.5 py-2">
          <p class="font-medium">{member.name}</p>
          <p class="break-words text-muted text-xs">{member.login}</p>
          <p class="mt-2">
            <Badge tone="neutral">{member.role}</Badge>
          </p>
        </div>
        <div class="mt-1 border-line border-t pt-1.5">
          <a href="/auth/account" class="flex items-center gap-2.5 rounded-lg px-2.5 py-2 hover:bg-base-300">
            <Icon name="user-round" class="size-4 text-muted" />
            Your account
          </a>
          <form method="post" action="/auth/sign-out" data-once>
            <FormToken token={context.formToken} />
            <button
              type="submit"
              class="flex w-full cursor-pointer items-center gap-2.5 rounded-lg px-2.5 py-2 hover:bg-base-300"
            >
              <Icon name="log-out" class="size-4 text-muted" />
              Sign out
            </button>
          </form>
        </div>
      </div>
    </details>
  );
}
