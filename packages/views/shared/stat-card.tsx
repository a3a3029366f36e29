import type { Child } from "hono/jsx";

export interface StatCardProps {
  label: string;
  /** Already formatted for people. */
  value: string;
  children?: Child;
}

/** One number with its name; inside a `<dl>`. */
export function StatCard({ label, value, children }: StatCardProps) {
  return (
    <div class="card min-w-0 p-4">
      <dt class="text-muted">{label}</dt>
      <dd class="mt-1 font-semibold text-2xl tabular-nums tracking-tight">{value}</dd>
      {children ? <dd class="mt-1 text-muted text-xs">{children}</dd> : null}
    </div>
  );
}
