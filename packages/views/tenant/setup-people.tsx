import { Alert } from "../shared/alert.tsx";
import { countOf } from "../shared/formats.ts";
import { ErrorSummary, FormToken } from "../shared/forms.tsx";
import { InviteFields, type InviteFieldsProps } from "./invite-fields.tsx";
import { NoRoom } from "./no-room.tsx";
import { HandedLink, type HandedLinkProps } from "./people-link.tsx";
import { AddAnother, GoOn, isDone, SetupLayout, StepFooter, type StepPageProps, StepRefused } from "./setup-layout.tsx";

export interface SetupPeoplePageProps extends StepPageProps, InviteFieldsProps {
  /** Who was invited and has not come yet. */
  invited: readonly { name: string; login: string; role: string }[];
  /** People who sign in already, the reader included. */
  peopleCount: number;
  /** Name of somebody whom a mail went to just now. */
  sentTo?: string;
  /** For somebody without mail: shown once. */
  link?: Omit<HandedLinkProps, "purpose">;
  /** Whether this person may invite. */
  may: boolean;
  /** Why the plan has no room for one more; absent while it has. */
  noRoom?: string;
}

/** Form: POST /setup/people with the fields of an invitation, go (`another` or `on`) and formToken. */
export function SetupPeoplePage(props: SetupPeoplePageProps) {
  const { shell, steps, invited, peopleCount, sentTo, link, may, noRoom, ...fields } = props;
  return (
    <SetupLayout
      shell={shell}
      steps={steps}
      current="people"
      title="Your people"
      lead="Invite whoever works with you. Each gets a role and chooses a password of their own."
    >
      {may ? (
        <div class="space-y-6">
          {link === undefined ? null : <HandedLink {...link} purpose="invitation" />}
          {sentTo === undefined ? null : (
            <Alert tone="success" title={`${sentTo} is invited.`}>
              The mail is on its way; the link in it is good for seven days.
            </Alert>
          )}
          <Invited invited={invited} peopleCount={peopleCount} />
          <form id="step" method="post" action="/setup/people" data-once novalidate class="card space-y-5 p-5 sm:p-6">
            <FormToken token={shell.context.formToken} />
            <div>
              <h2 class="font-semibold">Invite somebody</h2>
              <p class="mt-0.5 text-muted">Leave it empty if nobody is missing.</p>
            </div>
            <NoRoom reason={noRoom} />
            <ErrorSummary errors={fields.errors} />
            <InviteFields {...fields} />
          </form>
        </div>
      ) : (
        <StepRefused what="invite people" />
      )}
      <StepFooter shell={shell} step="people" back="/setup/branches" isDone={isDone(steps, "people")}>
        {may ? (
          <>
            <AddAnother>Invite and add another</AddAnother>
            <GoOn form="step">Save and go on</GoOn>
          </>
        ) : null}
      </StepFooter>
    </SetupLayout>
  );
}

function Invited({ invited, peopleCount }: Pick<SetupPeoplePageProps, "invited" | "peopleCount">) {
  return (
    <section class="card overflow-clip" aria-labelledby="invited">
      <div class="flex flex-wrap items-baseline justify-between gap-2 px-4 py-3 sm:px-5">
        <h2 id="invited" class="font-semibold">
          {invited.length === 0 ? "Nobody is invited yet" : countOf(invited.length, "invitation")}
        </h2>
        <p class="text-muted text-xs">{countOf(peopleCount, "person signs", "people sign")} in already</p>
      </div>
      {invited.length === 0 ? null : (
        <ul class="divide-y divide-line border-line border-t">
          {invited.map(({ name, login, role }) => (
            <li class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-3 sm:px-5">
              <p class="min-w-0">
                <span class="block break-words font-medium">{name}</span>
                <span class="block break-words text-muted text-xs">{login}</span>
              </p>
              <p class="min-w-0 break-words text-muted text-xs">{role}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
