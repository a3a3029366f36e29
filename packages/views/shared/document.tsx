import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { PageContext } from "./context.ts";

/*
 * htmx under a strict content security policy, without keeping pages with a pharmacy's data in browser storage,
 * and with 422 shown like any other answer, since that is a form with its mistakes marked.
 */
const htmxConfig = JSON.stringify({
  includeIndicatorStyles: false,
  allowEval: false,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  selfRequestsOnly: true,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

export interface DocumentProps {
  context: PageContext;
  title: string;
  /** What follows the title in the browser's tab. */
  site: string;
  description?: string;
  /** True on pages where a part changes without a reload. */
  htmx?: boolean;
  /** Seconds between reloads where scripts are off. */
  refreshSeconds?: number;
  children?: Child;
}

/** The frame of every page: head, skip link, the line that screen readers hear. The children hold `<main id="main">`. */
export function Document({ context, title, site, description, htmx, refreshSeconds, children }: DocumentProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{title === site ? title : `${title} · ${site}`}</title>
          {description === undefined ? null : <meta name="description" content={description} />}
          <meta name="color-scheme" content="light dark" />
          <meta name="theme-color" content="#0f6b66" media="(prefers-color-scheme: light)" />
          <meta name="theme-color" content="#12191b" media="(prefers-color-scheme: dark)" />
          <link rel="icon" type="image/svg+xml" href={context.assets("favicon.svg")} />
          <link rel="preload" as="font" type="font/woff2" crossorigin="" href={context.assets("inter.woff2")} />
          <link rel="stylesheet" href={context.assets("app.css")} />
          {refreshSeconds === undefined ? null : (
            <noscript>
              <meta http-equiv="refresh" content={String(refreshSeconds)} />
            </noscript>
          )}
          {htmx ? (
            <>
              <meta name="htmx-config" content={htmxConfig} />
              <script src={context.assets("htmx.js")} defer />
            </>
          ) : null}
          <script type="module" src={context.assets("app.js")} />
        </head>
        <body class="bg-base-200 text-base-content antialiased">
          <a
            href="#main"
            class="btn btn-primary fixed top-2 left-2 z-50 -translate-y-20 focus-visible:translate-y-0 motion-safe:transition-transform"
          >
            Skip to content
          </a>
          {children}
          <p id="announcer" class="sr-only" role="status" />
        </body>
      </html>
    </>
  );
}
