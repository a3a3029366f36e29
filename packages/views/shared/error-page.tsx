import type { ErrorCode } from "@pharmasight/core/kernel/errors";
import type { Child } from "hono/jsx";
import { BrandMark } from "./brand.tsx";
import { type PageContext, samePage } from "./context.ts";
import { Document } from "./document.tsx";
import { formatDuration } from "./formats.ts";
import { Icon, type IconName } from "./icons.tsx";

export interface ErrorPageProps {
  context: PageContext;
  code: ErrorCode;
  /** The error's own words, when they are meant for a person; otherwise the page's standard text stands. */
  message?: string;
  /** Seconds after which trying again makes sense. */
  retryAfterSeconds?: number;
  /** Address of the public site. */
  homeUrl?: string;
}

interface ErrorText {
  status: number;
  icon: IconName;
  title: string;
  message: string;
  /** True where the same request may succeed later. */
  again?: boolean;
}

const texts: Readonly<Record<ErrorCode, ErrorText>> = {
  invalid_input: {
    status: 422,
    icon: "triangle-alert",
    title: "That did not work",
    message: "Something in the form needs correcting. Go back and try once more.",
  },
  unauthenticated: {
    status: 401,
    icon: "lock",
    title: "Please sign in",
    message: "You were signed out, or have not signed in yet.",
  },
  wrong_pharmacy: {
    status: 401,
    icon: "lock",
    title: "That sign-in is for another pharmacy",
    message: "Sign in here with an account of this pharmacy.",
  },
  forbidden: {
    status: 403,
    icon: "lock",
    title: "You don’t have access to this",
    message: "Ask the owner of your pharmacy if you need it.",
  },
  module_required: {
    status: 403,
    icon: "lock",
    title: "Your plan does not include this",
    message: "The owner of your pharmacy can change the plan.",
  },
  not_found: {
    status: 404,
    icon: "compass",
    title: "There is nothing here",
    message: "The address may be mistyped, or the page has moved. Your pharmacy’s address is in your welcome mail.",
  },
  conflict: {
    status: 409,
    icon: "triangle-alert",
    title: "Somebody was faster",
    message: "This was changed in the meantime. Go back, reload the page and try once more.",
  },
  limit_reached: {
    status: 409,
    icon: "package",
    title: "Your plan has no more room",
    message: "Archive what you do not need any more, or choose a larger plan under Billing.",
  },
  gone: {
    status: 410,
    icon: "hourglass",
    title: "This is no longer here",
    message: "The link was used already or has expired.",
  },
  payment_required: {
    status: 402,
    icon: "hourglass",
    title: "This pharmacy is paused",
    message: "The owner can start it again by paying. Nothing has been deleted.",
  },
  too_large: {
    status: 413,
    icon: "upload",
    title: "That is too large",
    message: "Files can have up to 4 MB. Split the file and upload the parts.",
  },
  rate_limited: {
    status: 429,
    icon: "clock",
    title: "One moment, please",
    message: "There were many requests in a short time.",
    again: true,
  },
  unavailable: {
    status: 503,
    icon: "refresh-cw",
    title: "We’ll be right back",
    message: "This pharmacy cannot be reached at the moment. Your records are safe, and we are on it.",
    again: true,
  },
  maintenance: {
    status: 503,
    icon: "wrench",
    title: "Open again soon",
    message: "We are improving PharmaSight for your pharmacy. Your records are safe.",
    again: true,
  },
  internal: {
    status: 500,
    icon: "triangle-alert",
    title: "Something went wrong",
    message: "The mistake is ours, and it has been recorded. Please try again.",
    again: true,
  },
};

/** The page for any error of the closed set. */
export function ErrorPage({ context, code, message, retryAfterSeconds, homeUrl }: ErrorPageProps) {
  const text = texts[code];
  return (
    <ErrorFrame context={context} status={text.status} icon={text.icon} title={text.title}>
      <p class="mt-2 text-base text-muted">{message ?? text.message}</p>
      {retryAfterSeconds === undefined ? null : (
        <p class="mt-2 text-base text-muted">Please try again in {formatDuration(retryAfterSeconds)}.</p>
      )}
      <div class="mt-7 flex flex-wrap justify-center gap-2">
        {text.again ? (
          <a href={samePage(context)} class="btn btn-primary">
            <Icon name="refresh-cw" />
            Try again
          </a>
        ) : null}
        {code === "unauthenticated" || code === "wrong_pharmacy" ? (
          <a href="/auth/sign-in" class="btn btn-primary">
            Sign in
          </a>
        ) : (
          <a href="/" class={`btn ${text.again ? "btn-plain" : "btn-primary"}`}>
            Go to the start page
          </a>
        )}
        {homeUrl === undefined ? null : (
          <a href={code === "not_found" ? `${homeUrl}/find` : homeUrl} class="btn btn-plain">
            {code === "not_found" ? "Find your pharmacy" : "About PharmaSight"}
          </a>
        )}
      </div>
    </ErrorFrame>
  );
}

/** The same page for an unknown path and for an address that is no pharmacy's: it names no company. */
export function NotFoundPage({ context, homeUrl }: { context: PageContext; homeUrl?: string }) {
  return <ErrorPage context={context} code="not_found" {...(homeUrl === undefined ? {} : { homeUrl })} />;
}

/** 503 while a pharmacy's database is still being made. */
export function BeingSetUpPage({ context }: { context: PageContext }) {
  return (
    <ErrorFrame context={context} status={503} icon="hourglass" title="Being set up" refreshSeconds={5}>
      <p class="mt-2 text-base text-muted">
        This pharmacy is nearly ready. We mail the owner as soon as its doors open, usually within a minute.
      </p>
      <div class="mt-7 flex justify-center">
        <a href={samePage(context)} class="btn btn-primary">
          <Icon name="refresh-cw" />
          Look again
        </a>
      </div>
    </ErrorFrame>
  );
}

export interface ErrorFrameProps {
  context: PageContext;
  status: number;
  icon: IconName;
  title: string;
  refreshSeconds?: number;
  children?: Child;
}

/** What all error pages share: the status, the words, the way out, and the request id to quote. */
export function ErrorFrame({ context, status, icon, title, refreshSeconds, children }: ErrorFrameProps) {
  return (
    <Document
      context={context}
      title={title}
      site="PharmaSight"
      {...(refreshSeconds === undefined ? {} : { refreshSeconds })}
    >
      <div class="flex min-h-dvh flex-col items-center justify-center px-4 py-12">
        <main id="main" tabindex={-1} class="w-full max-w-md text-center outline-none">
          <span class="mx-auto flex size-14 items-center justify-center rounded-2xl bg-soft-primary text-soft-primary-text">
            <Icon name={icon} class="size-7" />
          </span>
          <p class="mt-6 font-medium text-muted tabular-nums">Error {status}</p>
          <h1 class="mt-1 font-semibold text-3xl">{title}</h1>
          {children}
        </main>
        <footer class="mt-12 text-center text-muted text-xs">
          <p class="flex items-center justify-center gap-1.5">
            <BrandMark class="size-4" />
            PharmaSight
          </p>
          <p class="mt-2">
            Request <code class="select-all font-mono">{context.requestId}</code>
          </p>
        </footer>
      </div>
    </Document>
  );
}
