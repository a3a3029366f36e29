import { type Child, createContext, useContext } from "hono/jsx";

/** What a page's buttons may do: everything, all but add people, branches and keys, or nothing. */
export type Writing = "all" | "no growth" | "none";

/** Said once, around a whole page: buttons hide themselves, those of pages that are yet to be written too. */
export const WritingContext = createContext<Writing>("all");

/** The banner that says what is overdue: buttons that wait for it point there. */
export const BANNER_ID = "overdue";

interface Bounds {
  /** Whether it adds people, branches or keys. */
  grows?: boolean | undefined;
}

/** `hidden` where nothing may be changed, `disabled` where only this may not. */
export function usePossibility({ grows = false }: Bounds): "open" | "disabled" | "hidden" {
  const writing = useContext(WritingContext);
  if (writing === "none") return "hidden";
  return writing === "no growth" && grows ? "disabled" : "open";
}

/** What makes no sense where nothing may be changed. */
export function Writable({ children }: { children?: Child }) {
  return usePossibility({}) === "open" ? <>{children}</> : null;
}

export interface ActionLinkProps extends Bounds {
  href: string;
  class: string;
  children?: Child;
}

/** A link that looks like a button and leads to a form. */
export function ActionLink({ href, class: className, grows, children }: ActionLinkProps) {
  const possibility = usePossibility({ grows });
  if (possibility === "hidden") return null;
  if (possibility === "open") {
    return (
      <a href={href} class={className}>
        {children}
      </a>
    );
  }
  return (
    <button type="button" disabled aria-describedby={BANNER_ID} class={className}>
      {children}
    </button>
  );
}
