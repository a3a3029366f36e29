import { Badge } from "../../shared/badge.tsx";
import { countOf } from "../../shared/formats.ts";
import type { BillingProps, UsageBar } from "./props.ts";

type UsageProps = Pick<BillingProps, "usage" | "usageMonth" | "moduleDays"> & {
  /** Where there is more room to be had. */
  roomHref: string;
};

/** What is used of what there is room for, and what this month has used. */
export function Usage({ usage, usageMonth, moduleDays, roomHref }: UsageProps) {
  return (
    <section class="card p-5 sm:p-6" aria-labelledby="usage">
      <h2 id="usage" class="font-semibold text-base">
        Usage
      </h2>
      <ul class="mt-4 grid gap-x-10 gap-y-6 sm:grid-cols-2 lg:grid-cols-3">
        {usage.map((bar) => (
          <li class="min-w-0">
            <Bar bar={bar} roomHref={roomHref} />
          </li>
        ))}
      </ul>
      {moduleDays.length === 0 ? null : (
        <div class="mt-6 border-line border-t pt-4">
          <h3 class="text-muted text-xs">Days on which a module was used, {usageMonth}</h3>
          <dl class="mt-2 flex flex-wrap gap-x-6 gap-y-1.5">
            {moduleDays.map(({ title, days }) => (
              <div class="flex min-w-0 items-baseline gap-2">
                <dt class="min-w-0">{title}</dt>
                <dd class="whitespace-nowrap text-muted tabular-nums">{countOf(days, "day")}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </section>
  );
}

function Bar({ bar, roomHref }: { bar: UsageBar; roomHref: string }) {
  const { label, used, max, percent, level, href } = bar;
  return (
    <>
      <p class="flex items-baseline justify-between gap-3">
        <span class="flex min-w-0 flex-wrap items-center gap-x-2">
          <span class="font-medium">{label}</span>
          {level === "fine" ? null : <Badge tone="warning">{level === "full" ? "Full" : "Nearly full"}</Badge>}
        </span>
        <span class="shrink-0 tabular-nums">
          <span class="font-medium">{used}</span>
          {max === undefined ? null : <span class="text-muted"> of {max}</span>}
        </span>
      </p>
      {percent === undefined ? (
        href === undefined ? null : (
          <p class="mt-1 text-muted text-xs">Unlimited</p>
        )
      ) : (
        <progress
          class={`progress bar mt-2 block ${level === "fine" ? "" : "text-warning!"}`}
          value={percent}
          max={100}
          aria-label={`${label}: ${used} of ${max ?? ""}`}
        />
      )}
      {level === "full" && href !== undefined ? (
        <p class="mt-2 text-muted text-xs">
          No room for more:{" "}
          {used === "1" ? null : (
            <>
              <a href={href} class="link">
                free some
              </a>{" "}
              or{" "}
            </>
          )}
          <a href={roomHref} class="link">
            add some
          </a>
          .
        </p>
      ) : null}
    </>
  );
}
