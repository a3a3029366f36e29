import type { DomainError } from "@pharmasight/core/kernel/errors";
import { ErrorPage } from "@pharmasight/views/shared/error-page.tsx";
import { siteUrl } from "./addresses.ts";
import { pageContext } from "./assets.ts";
import type { EdgeContext } from "./bindings.ts";

/** An error as people see it. */
export function errorPage({ code, message, retryAfterSeconds }: DomainError, c: EdgeContext) {
  // The page's own words for these two name a way out; the error's only say what happened.
  const said = code === "not_found" || code === "internal" ? {} : { message };
  return (
    <ErrorPage
      context={pageContext(c)}
      code={code}
      homeUrl={siteUrl()}
      {...said}
      {...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })}
    />
  );
}
