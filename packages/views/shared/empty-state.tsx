import type { Child } from "hono/jsx";
import { Icon, type IconName } from "./icons.tsx";

export interface EmptyStateProps {
  icon: IconName;
  title: string;
  message: string;
  /** The first step to take. */
  children?: Child;
}

/** In place of a list with nothing in it: what this is, and the first step. */
export function EmptyState({ icon, title, message, children }: EmptyStateProps) {
  return (
    <div class="flex flex-col items-center px-4 py-14 text-center">
      <span class="flex size-12 items-center justify-center rounded-full bg-soft-primary text-soft-primary-text">
        <Icon name={icon} class="size-6" />
      </span>
      <h2 class="mt-4 font-semibold text-base">{title}</h2>
      <p class="mt-1 max-w-sm text-muted">{message}</p>
      {children ? <div class="mt-5 flex flex-wrap justify-center gap-2">{children}</div> : null}
    </div>
  );
}
