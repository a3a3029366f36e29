import type { Child } from "hono/jsx";
import { Icon } from "./icons.tsx";

export interface PaginationProps {
  /** What is paged, for screen readers, for example `Items`. */
  label: string;
  next?: string | undefined;
  previous?: string | undefined;
}

/** Links to the neighbouring pages of a list; nothing when there is one page only. */
export function Pagination({ label, next, previous }: PaginationProps) {
  if (next === undefined && previous === undefined) return null;
  return (
    <nav aria-label={`${label}: pages`} class="flex justify-end gap-2">
      <Step href={previous} rel="prev">
        <Icon name="chevron-left" />
        Previous
      </Step>
      <Step href={next} rel="next">
        Next
        <Icon name="chevron-right" />
      </Step>
    </nav>
  );
}

function Step({ href, rel, children }: { href: string | undefined; rel: "next" | "prev"; children?: Child }) {
  if (href === undefined) {
    return (
      <button type="button" disabled class="btn btn-plain btn-sm">
        {children}
      </button>
    );
  }
  return (
    <a href={href} rel={rel} class="btn btn-plain btn-sm">
      {children}
    </a>
  );
}
