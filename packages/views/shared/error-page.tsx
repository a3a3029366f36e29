import type { ErrorCode } from "@pharmasight/core/kernel/errors";
import type { PageContext } from "./context.ts";

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

/** The page for any error of the closed set; `errorStatus` gives its status. */
export function ErrorPage({ code }: ErrorPageProps) {
  return <p>{code}</p>;
}

/** The same page for an unknown path and for an address that is no pharmacy's: it names no company. */
export function NotFoundPage({ context, homeUrl }: { context: PageContext; homeUrl?: string }) {
  return <ErrorPage context={context} code="not_found" {...(homeUrl === undefined ? {} : { homeUrl })} />;
}

/** 503 while a pharmacy's database is still being made. */
export function BeingSetUpPage({ context }: { context: PageContext }) {
  return <p>{context.path}</p>;
}
