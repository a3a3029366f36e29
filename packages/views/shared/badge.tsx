import type { Child } from "hono/jsx";
import { Icon, type IconName } from "./icons.tsx";

export type Tone = "neutral" | "primary" | "success" | "warning" | "error" | "info";

/** Soft background and readable text of a tone. */
export const toneClasses: Readonly<Record<Tone, string>> = {
  neutral: "bg-soft-neutral text-soft-neutral-text",
  primary: "bg-soft-primary text-soft-primary-text",
  success: "bg-soft-success text-soft-success-text",
  warning: "bg-soft-warning text-soft-warning-text",
  error: "bg-soft-error text-soft-error-text",
  info: "bg-soft-info text-soft-info-text",
};

export interface BadgeProps {
  tone: Tone;
  icon?: IconName;
  children?: Child;
}

/** A short state in a soft colour. The words carry the meaning, the colour only helps. */
export function Badge({ tone, icon, children }: BadgeProps) {
  return (
    <span
      class={`inline-flex items-center gap-1 whitespace-nowrap rounded-md px-2 py-0.5 font-medium text-xs tabular-nums ${toneClasses[tone]}`}
    >
      {icon === undefined ? null : <Icon name={icon} class="size-3" />}
      {children}
    </span>
  );
}
