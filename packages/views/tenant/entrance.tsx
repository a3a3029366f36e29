import type { Child } from "hono/jsx";
import { BrandMark, CompanyMark } from "../shared/brand.tsx";
import type { PageContext } from "../shared/context.ts";
import { Document } from "../shared/document.tsx";

export interface EntranceProps {
  context: PageContext;
  companyName: string;
  title: string;
  children?: Child;
}

/** The pharmacy's pages before somebody is signed in: one card under its name. */
export function Entrance({ context, companyName, title, children }: EntranceProps) {
  return (
    <Document context={context} title={title} site={companyName}>
      <div class="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
        <main id="main" tabindex={-1} class="w-full max-w-sm outline-none">
          <div class="mb-6 flex flex-col items-center gap-3 text-center">
            <CompanyMark name={companyName} class="size-12 text-base" />
            <p class="font-semibold text-lg">{companyName}</p>
          </div>
          <div class="card p-6 sm:p-7">{children}</div>
        </main>
        <footer class="mt-8 flex items-center gap-1.5 text-muted text-xs">
          <BrandMark class="size-4" />
          PharmaSight {context.version}
        </footer>
      </div>
    </Document>
  );
}
