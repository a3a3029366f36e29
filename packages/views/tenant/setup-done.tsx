import { Badge } from "../shared/badge.tsx";
import { countOf, formatCount } from "../shared/formats.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { SetupLayout, type SetupStep, type StepPageProps } from "./setup-layout.tsx";

export interface SetupDonePageProps extends StepPageProps {
  company: { name: string; logoUrl?: string };
  branchCount: number;
  /** People who sign in, and invitations that wait. */
  peopleCount: number;
  invitedCount: number;
  itemCount: number;
  /** Items that the pharmacist has to give a tax class. */
  waitingCount: number;
}

/** What was done and what was not, with the way to the rest. */
export function SetupDonePage(props: SetupDonePageProps) {
  const { shell, steps, company, branchCount, peopleCount, invitedCount, itemCount, waitingCount } = props;
  const stateOf = (step: string) => steps.find(({ name }) => name === step)?.state ?? "open";
  const open = steps.filter(({ state }) => state !== "done").length;
  const people = `${countOf(peopleCount, "person", "people")}${invitedCount === 0 ? "" : `, ${formatCount(invitedCount)} invited`}`;
  return (
    <SetupLayout
      shell={shell}
      steps={steps}
      title={open === 0 ? `${company.name} is ready` : "That is it for now"}
      lead={
        open === 0
          ? "Everything is set up. Good work."
          : `${countOf(open, "step is", "steps are")} left for another time: you find ${open === 1 ? "it" : "them"} on the overview.`
      }
    >
      <ul class="card divide-y divide-line overflow-clip">
        <Summary icon="store" title="Company" state={stateOf("company")} href="/setup/company">
          {company.name}
        </Summary>
        <Summary icon="building-2" title="Branches" state={stateOf("branches")} href="/setup/branches">
          {countOf(branchCount, "branch", "branches")}
        </Summary>
        <Summary icon="users" title="People" state={stateOf("people")} href="/setup/people">
          {people}
        </Summary>
        <Summary icon="package" title="Items" state={stateOf("items")} href="/setup/items">
          {countOf(itemCount, "item")}
          {waitingCount === 0 ? "" : `, ${formatCount(waitingCount)} of them without a tax class`}
        </Summary>
      </ul>
      <div class="mt-6 flex flex-wrap justify-end gap-2">
        {itemCount === 0 ? null : (
          <a href="/items" class="btn btn-plain">
            See your items
          </a>
        )}
        <a href="/" class="btn btn-primary">
          Open the overview
        </a>
      </div>
    </SetupLayout>
  );
}

interface SummaryProps {
  icon: IconName;
  title: string;
  state: SetupStep["state"];
  href: string;
  children?: unknown;
}

function Summary({ icon, title, state, href, children }: SummaryProps) {
  return (
    <li class="relative flex items-center gap-4 px-4 py-4 hover:bg-base-200 sm:px-5">
      <span class="flex size-10 shrink-0 items-center justify-center rounded-lg bg-soft-primary text-soft-primary-text">
        <Icon name={icon} class="size-5" />
      </span>
      <div class="min-w-0 flex-1">
        <a href={href} class="font-medium -outline-offset-2 after:absolute after:inset-0">
          {title}
        </a>
        <p class="break-words text-muted text-xs">{children}</p>
      </div>
      {state === "done" ? (
        <Badge tone="success" icon="circle-check">
          Done
        </Badge>
      ) : (
        <Badge tone="neutral">{state === "skipped" ? "Skipped" : "Not yet"}</Badge>
      )}
      <Icon name="chevron-right" class="size-4 text-muted" />
    </li>
  );
}
