import { Badge } from "../../shared/badge.tsx";
import { Icon } from "../../shared/icons.tsx";
import type { TenantShell } from "../shell.tsx";
import { AddOnActions } from "./add-on-actions.tsx";
import { type AmountColumn, amountColumn, amountHead } from "./amounts.ts";
import { Day } from "./day.tsx";
import type { AddOnCard, BillingProps } from "./props.ts";

type AddOnsProps = Pick<BillingProps, "addOns" | "grants"> & { shell: TenantShell };

/** What there is beside the plan, what can be added, and which modules can be tried. */
export function AddOns({ shell, addOns, grants }: AddOnsProps) {
  const sold = addOns.filter(({ isIncluded, quantity }) => !isIncluded || quantity > 0);
  const included = addOns.filter(({ isIncluded, quantity }) => isIncluded && quantity === 0);
  if (addOns.length === 0 && grants.length === 0) return null;
  const had = sold.filter(isThere);
  const others = sold.filter((addOn) => !isThere(addOn));
  const column = amountColumn(sold.flatMap(({ price }) => (price === undefined ? [] : [price])));
  const hindrances = [...new Set(sold.flatMap(({ change }) => (change.isPossible ? [] : [change.why])))];
  return (
    <section id="additions" class="card overflow-clip" aria-labelledby="additions-title">
      <div class="p-5 sm:p-6">
        <h2 id="additions-title" class="font-semibold text-base">
          Beside your plan
        </h2>
        <p class="mt-0.5 text-muted">
          Modules and room that can be added to a plan.{" "}
          {hindrances.length === 0 ? (
            "You see the exact amount before anything is bought."
          ) : (
            <strong class="font-medium text-base-content">{hindrances.join(" ")}</strong>
          )}
        </p>
      </div>
      {had.length === 0 && grants.length === 0 ? null : (
        <AddOnTable title="You have" addOns={had} grants={grants} column={column} shell={shell} />
      )}
      {others.length === 0 ? null : (
        <AddOnTable
          title={hindrances.length === 0 ? "You can add" : "There is also"}
          addOns={others}
          grants={[]}
          column={column}
          shell={shell}
        />
      )}
      {included.length === 0 ? null : (
        <p class="border-line border-t px-5 py-4 text-muted sm:px-6">
          <span class="font-medium text-base-content">Part of your plan:</span>{" "}
          {included.map(({ name }) => name).join(", ")}
        </p>
      )}
    </section>
  );
}

const isThere = ({ quantity, trial }: AddOnCard): boolean => quantity > 0 || trial?.state === "running";

interface AddOnTableProps extends AddOnsProps {
  title: string;
  column: AmountColumn;
}

const rowGrid = "max-md:grid max-md:grid-cols-[minmax(0,1fr)_auto]";

/** On a phone what can be done stands under the name. */
function AddOnTable({ title, addOns, grants, column, shell }: AddOnTableProps) {
  const interval = addOns[0]?.interval;
  const head = interval === undefined ? "" : amountHead(`Price a ${interval}`, column);
  return (
    <table class="w-full border-collapse text-left max-md:block">
      <caption class="sr-only">{title}</caption>
      <thead class="bg-base-200 text-muted text-xs max-md:block">
        <tr class={`border-line border-y ${rowGrid}`}>
          <th scope="col" class="px-5 py-2.5 font-medium sm:px-6">
            {title}
          </th>
          <th scope="col" class="whitespace-nowrap px-5 py-2.5 text-right font-medium sm:px-6 md:w-44">
            {head === "" ? <span class="sr-only">Price</span> : head}
          </th>
          <th scope="col" class="max-md:sr-only md:w-72">
            <span class="sr-only">What you can do</span>
          </th>
        </tr>
      </thead>
      <tbody class="divide-y divide-line max-md:block">
        {addOns.map((addOn) => (
          <AddOnRow addOn={addOn} column={column} shell={shell} />
        ))}
        {grants.map(({ title: name, source, until }) => (
          <tr class={rowGrid}>
            <th scope="row" class="px-5 py-3.5 font-medium sm:px-6">
              {name}
              <span class="mt-1.5 flex flex-wrap gap-1.5">
                <Badge tone="primary">{source === "grant" ? "A gift from us" : "Made for your pharmacy"}</Badge>
                {until === undefined ? null : (
                  <Badge tone="neutral">
                    Until <Day at={until} timeZone={shell.company.timeZone} />
                  </Badge>
                )}
              </span>
            </th>
            <td class="whitespace-nowrap py-3.5 pr-5 text-right align-top text-muted sm:pr-6">Free</td>
            <td class="max-md:hidden" />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function AddOnRow({ addOn, column, shell }: { addOn: AddOnCard; column: AmountColumn; shell: TenantShell }) {
  const { code, name, description, price, quantity, trial } = addOn;
  return (
    <tr
      id={trial === undefined ? `addition-${code}` : `module-${trial.module}`}
      class={`target:bg-soft-primary ${rowGrid}`}
    >
      <th scope="row" class="min-w-0 px-5 py-3.5 align-top font-normal sm:px-6">
        <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span class="font-medium">{name}</span>
          <States addOn={addOn} timeZone={shell.company.timeZone} />
        </span>
        <span class="mt-0.5 block text-muted">{description}</span>
      </th>
      <td class="whitespace-nowrap py-3.5 pr-5 text-right align-top tabular-nums sm:pr-6">
        {price === undefined ? (
          <span class="text-muted">Not sold</span>
        ) : (
          <span class="font-medium">{column.figure(price)}</span>
        )}
        {quantity > 1 ? <span class="block text-muted text-xs">each</span> : null}
      </td>
      <td class="px-5 align-top max-md:col-span-2 max-md:pb-4 max-md:empty:hidden sm:px-6 md:py-2.5">
        <AddOnActions addOn={addOn} formToken={shell.context.formToken} />
      </td>
    </tr>
  );
}

function States({ addOn, timeZone }: { addOn: AddOnCard; timeZone: string }) {
  const { quantity, isCountable, endsAt, trial } = addOn;
  return (
    <>
      {quantity === 0 || endsAt !== undefined ? null : (
        <Badge tone="success">{isCountable ? `You have ${quantity}` : "Added"}</Badge>
      )}
      {endsAt === undefined ? null : (
        <Badge tone="warning" icon="calendar-clock">
          {isCountable ? "Fewer" : "Ends"} on <Day at={endsAt} timeZone={timeZone} />
        </Badge>
      )}
      {trial?.state !== "running" ? null : (
        <Badge tone="primary" icon="clock">
          {trial.until === undefined ? (
            "Being tried"
          ) : (
            <>
              Trial until <Day at={trial.until} timeZone={timeZone} />
            </>
          )}
        </Badge>
      )}
      {trial?.state === "used" && quantity === 0 ? (
        <span class="inline-flex items-center gap-1 text-muted text-xs">
          <Icon name="check" class="size-3" />
          Tried before
        </span>
      ) : null}
    </>
  );
}
