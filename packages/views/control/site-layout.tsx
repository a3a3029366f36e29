import type { Child } from "hono/jsx";
import { Brand } from "../shared/brand.tsx";
import type { PageContext } from "../shared/context.ts";
import { Document } from "../shared/document.tsx";

export interface SiteLayoutProps {
  context: PageContext;
  title: string;
  description?: string;
  htmx?: boolean;
  refreshSeconds?: number;
  /** Leaves the header without links, so that a form has one way on. */
  quiet?: boolean;
  children?: Child;
}

/** The public site: header, page, footer. */
export function SiteLayout({ context, title, quiet, children, ...document }: SiteLayoutProps) {
  return (
    <Document context={context} title={title} site="PharmaSight" {...document}>
      <div class="flex min-h-dvh flex-col">
        <header class="sticky top-0 z-30 border-line border-b bg-base-100">
          <div class="mx-auto flex h-16 max-w-6xl items-center justify-between gap-4 px-4 sm:px-6">
            <a href="/" class="rounded-md">
              <Brand />
            </a>
            {quiet ? null : (
              <nav aria-label="Site" class="flex items-center gap-1">
                <a href="/#pricing" class="btn btn-ghost btn-sm hidden sm:inline-flex">
                  Pricing
                </a>
                <a href="/#questions" class="btn btn-ghost btn-sm hidden sm:inline-flex">
                  Questions
                </a>
                <a href="/find" class="btn btn-ghost btn-sm">
                  Sign in
                </a>
                <a href="/sign-up" class="btn btn-primary btn-sm sm:ml-2">
                  Start free trial
                </a>
              </nav>
            )}
          </div>
        </header>
        <main id="main" tabindex={-1} class="flex-1 outline-none">
          {children}
        </main>
        <footer class="border-line border-t bg-base-100">
          <div class="mx-auto flex max-w-6xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-6 text-muted sm:px-6">
            <p>PharmaSight, software for pharmacies</p>
            <nav aria-label="More" class="flex flex-wrap gap-x-5 gap-y-2">
              <a href="/find" class="link">
                Find your pharmacy
              </a>
              <a href="/terms" class="link">
                Terms of service
              </a>
            </nav>
            <p class="text-xs tabular-nums">Version {context.version}</p>
          </div>
        </footer>
      </div>
    </Document>
  );
}

/** A narrow column with one card: forms and messages. */
export function SiteCard({ children }: { children?: Child }) {
  return (
    <div class="mx-auto w-full max-w-xl px-4 py-10 sm:px-6 sm:py-16">
      <div class="card p-6 sm:p-8">{children}</div>
    </div>
  );
}
