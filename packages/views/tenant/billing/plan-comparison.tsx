import type { Child } from "hono/jsx";
import { Icon } from "../../shared/icons.tsx";
import { amountColumn, amountHead } from "./amounts.ts";
import type { PlansProps } from "./props.ts";

type ComparedPlans = Pick<PlansProps, "plans">;

/** Which plan has which module. On a phone each module says in words which plans have it. */
export function Modules({ plans, modules }: ComparedPlans & Pick<PlansProps, "modules">) {
  if (modules.length === 0) return null;
  return (
    <Section id="modules" title="What each plan has">
      <table class="w-full border-collapse text-left">
        <thead class="bg-base-200 text-muted text-xs">
          <tr class="border-line border-b">
            <Head>Module</Head>
            {plans.map(({ name }) => (
              <th scope="col" class="hidden w-36 px-3 py-2.5 text-center font-medium md:table-cell">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="divide-y divide-line">
          {modules.map(({ title, description, plans: having }) => (
            <tr>
              <NameCell name={title} description={description}>
                <span class="mt-1 block text-primary text-xs md:hidden">
                  {having.length === plans.length ? "In every plan" : `In ${namesOf(plans, having)}`}
                </span>
              </NameCell>
              {plans.map(({ code }) => (
                <td class="hidden px-3 py-3 text-center md:table-cell">
                  {having.includes(code) ? (
                    <>
                      <Icon name="check" class="mx-auto size-4.5 text-primary" />
                      <span class="sr-only">Yes</span>
                    </>
                  ) : (
                    <>
                      <span class="text-muted" aria-hidden="true">
                        –
                      </span>
                      <span class="sr-only">No</span>
                    </>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

/** What can be bought beside a plan. */
export function BesidePlans({ plans, addOns, interval }: ComparedPlans & Pick<PlansProps, "addOns" | "interval">) {
  if (addOns.length === 0) return null;
  const column = amountColumn(addOns.map(({ price }) => price));
  return (
    <Section id="beside" title="What you can add to a plan">
      <table class="w-full border-collapse text-left">
        <thead class="bg-base-200 text-muted text-xs">
          <tr class="border-line border-b">
            <Head>Addition</Head>
            <th scope="col" class="hidden px-3 py-2.5 font-medium md:table-cell">
              Comes with
            </th>
            <th scope="col" class="py-2.5 pr-5 pl-3 text-right font-medium max-sm:w-24 sm:whitespace-nowrap sm:pr-6">
              {amountHead(`Price a ${interval}`, column)}
            </th>
          </tr>
        </thead>
        <tbody class="divide-y divide-line">
          {addOns.map(({ name, description, price, includedIn }) => (
            <tr>
              <NameCell name={name} description={description}>
                {includedIn.length === 0 ? null : (
                  <span class="mt-1 block text-primary text-xs md:hidden">Comes with {namesOf(plans, includedIn)}</span>
                )}
              </NameCell>
              <td class="hidden px-3 py-3 align-top text-muted md:table-cell">{namesOf(plans, includedIn)}</td>
              <td class="whitespace-nowrap py-3 pr-5 pl-3 text-right align-top font-medium tabular-nums sm:pr-6">
                {column.figure(price)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Section({ id, title, children }: { id: string; title: string; children?: Child }) {
  return (
    <section class="card mt-8 overflow-clip" aria-labelledby={id}>
      <h2 id={id} class="border-line border-b px-5 py-4 font-semibold text-base sm:px-6">
        {title}
      </h2>
      {children}
    </section>
  );
}

function Head({ children }: { children?: Child }) {
  return (
    <th scope="col" class="py-2.5 pr-3 pl-5 font-medium sm:pl-6">
      {children}
    </th>
  );
}

function NameCell({ name, description, children }: { name: string; description: string; children?: Child }) {
  return (
    <th scope="row" class="py-3 pr-3 pl-5 align-top font-normal sm:pl-6">
      <span class="font-medium">{name}</span>
      <span class="mt-0.5 block text-muted">{description}</span>
      {children}
    </th>
  );
}

const namesOf = (plans: PlansProps["plans"], codes: readonly string[]): string =>
  plans
    .filter(({ code }) => codes.includes(code))
    .map(({ name }) => name)
    .join(", ");
