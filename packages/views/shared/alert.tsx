import type { Child } from "hono/jsx";
import { toneClasses } from "./badge.tsx";
import { Icon, type IconName } from "./icons.tsx";

type AlertTone = "success" | "warning" | "error" | "info";

const icons: Readonly<Record<AlertTone, IconName>> = {
  success: "circle-check",
  warning: "triangle-alert",
  error: "circle-x",
  info: "info",
};

export interface AlertProps {
  tone: AlertTone;
  title?: string;
  children?: Child;
}

/** What just happened, or what to know before going on. Mistakes are spoken at once, the rest when there is a pause. */
export function Alert({ tone, title, children }: AlertProps) {
  return (
    <div
      role={tone === "error" ? "alert" : "status"}
      class={`flex gap-3 rounded-box px-4 py-3 text-sm ${toneClasses[tone]}`}
    >
      <Icon name={icons[tone]} class="mt-0.5 size-4" />
      <div class="min-w-0">
        {title === undefined ? null : <p class="font-semibold">{title}</p>}
        {children}
      </div>
    </div>
  );
}
