import { Icon } from "../../shared/icons.tsx";
import type { ChangeProps } from "./props.ts";

/** What is too much for the plan that was asked for, each with the way to where it is archived. */
export function Blocked({ wanted, excesses }: Extract<ChangeProps, { kind: "blocked" }>) {
  return (
    <>
      <section class="card max-w-3xl overflow-clip" aria-labelledby="excess">
        <div class="flex gap-4 p-5 sm:p-6">
          <span class="flex size-11 shrink-0 items-center justify-center rounded-xl bg-soft-warning text-soft-warning-text">
            <Icon name="archive" class="size-5.5" />
          </span>
          <div class="min-w-0">
            <h2 id="excess" class="font-semibold text-lg">
              You use more than there is room for
            </h2>
            <p class="mt-1 text-muted">
              You asked for <strong class="font-medium text-base-content">{wanted}</strong>. Nothing was changed: make
              room, then ask for it once more. What is archived can be brought back.
            </p>
          </div>
        </div>
        <table class="w-full border-collapse text-left">
          <thead class="bg-base-200 text-muted text-xs">
            <tr class="border-line border-y">
              <th scope="col" class="py-2.5 pr-3 pl-5 font-medium sm:pl-6">
                <span class="sr-only">What</span>
              </th>
              <th scope="col" class="px-3 py-2.5 text-right font-medium">
                You have
              </th>
              <th scope="col" class="px-3 py-2.5 text-right font-medium max-sm:pr-5">
                Room for
              </th>
              <th scope="col" class="hidden py-2.5 pr-6 pl-3 sm:table-cell">
                <span class="sr-only">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody class="divide-y divide-line">
            {excesses.map(({ what, used, max, remedy, href }, index) => (
              <tr class="max-sm:relative">
                <th scope="row" class="py-3.5 pr-3 pl-5 font-medium first-letter:uppercase sm:pl-6">
                  {what}
                  <a href={href} class="link mt-1 block sm:hidden">
                    {remedy}
                  </a>
                </th>
                <td class="px-3 py-3.5 text-right align-top font-medium text-error tabular-nums sm:align-middle">
                  {used}
                </td>
                <td class="px-3 py-3.5 text-right align-top tabular-nums max-sm:pr-5 sm:align-middle">{max}</td>
                <td class="hidden w-px whitespace-nowrap py-2.5 pr-6 pl-6 text-right sm:table-cell">
                  <a href={href} class={`btn btn-sm ${index === 0 ? "btn-primary" : "btn-plain"}`}>
                    {remedy}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="mt-6">
        <a href="/billing/plans" class="btn btn-plain">
          Compare the plans again
        </a>
      </p>
    </>
  );
}
