import { Badge, type Tone } from "../shared/badge.tsx";
import { EmptyState } from "../shared/empty-state.tsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Moment } from "../shared/moment.tsx";
import { ActionLink } from "../shared/writing.tsx";
import { Confirmation } from "./confirmation.tsx";
import type { TenantShell } from "./shell.tsx";

export interface InvitationRow {
  id: string;
  name: string;
  login: string;
  /** Whether the link goes by mail; otherwise it is shown, to be handed over. */
  byMail: boolean;
  /** What they are to be, in words. */
  role: string;
  state: "open" | "expired" | "accepted" | "revoked";
  invitedByName: string;
  sentAt: Date;
  expiresAt: Date;
}

const states: Readonly<Record<InvitationRow["state"], { label: string; tone: Tone }>> = {
  open: { label: "Waiting", tone: "info" },
  expired: { label: "Expired", tone: "warning" },
  accepted: { label: "Accepted", tone: "success" },
  revoked: { label: "Taken back", tone: "neutral" },
};

export interface InvitationListProps {
  shell: TenantShell;
  invitations: InvitationRow[];
  mayManage: boolean;
}

/** Forms: POST /settings/people/invitations/:id/resend and …/revoke, each with formToken. */
export function InvitationList({ shell, invitations, mayManage }: InvitationListProps) {
  if (invitations.length === 0) {
    return (
      <div class="card">
        <EmptyState
          icon="mail"
          title="No invitations yet"
          message="Whoever you invite chooses a password by a link, and then works here in the role you gave."
        >
          {mayManage ? (
            <ActionLink href="/settings/people/new" grows class="btn btn-primary">
              Invite somebody
            </ActionLink>
          ) : null}
        </EmptyState>
      </div>
    );
  }
  return (
    <ul class="card divide-y divide-line overflow-clip">
      {invitations.map((invitation) => (
        <li class="flex flex-wrap items-start justify-between gap-x-4 gap-y-3 px-4 py-4 sm:px-5">
          <div class="min-w-0 flex-1 basis-56">
            <p class="flex flex-wrap items-center gap-2">
              <span class="break-words font-medium">{invitation.name}</span>
              <Badge tone={states[invitation.state].tone}>{states[invitation.state].label}</Badge>
            </p>
            <p class="mt-0.5 break-all text-muted text-xs">{invitation.login}</p>
            <p class="mt-1">{invitation.role}</p>
            <p class="mt-1 text-muted text-xs">
              Sent by {invitation.invitedByName}, <Moment at={invitation.sentAt} timeZone={shell.company.timeZone} />.
              {invitation.state === "open" ? (
                <>
                  {" "}
                  Good until <Moment at={invitation.expiresAt} timeZone={shell.company.timeZone} />.
                </>
              ) : null}
            </p>
          </div>
          {mayManage && (invitation.state === "open" || invitation.state === "expired") ? (
            <InvitationActions shell={shell} invitation={invitation} />
          ) : null}
        </li>
      ))}
    </ul>
  );
}

function InvitationActions({ shell, invitation }: { shell: TenantShell; invitation: InvitationRow }) {
  const { id, name, byMail } = invitation;
  return (
    <div class="flex flex-wrap gap-2">
      <form method="post" action={`/settings/people/invitations/${id}/resend`} data-once>
        <FormToken token={shell.context.formToken} />
        <SubmitButton busy={byMail ? "Sending…" : "Making…"} class="btn-plain btn-sm" grows>
          {byMail ? "Send again" : "Make a new link"}
          <span class="sr-only"> for {name}</span>
        </SubmitButton>
      </form>
      <Confirmation
        id={`revoke-${id}`}
        action={`/settings/people/invitations/${id}/revoke`}
        formToken={shell.context.formToken}
        open={
          <>
            Take back<span class="sr-only"> the invitation of {name}</span>
          </>
        }
        title={`Take back the invitation of ${name}?`}
        keep="Keep it"
        confirm="Take it back"
        busy="Taking back…"
      >
        The link that was sent stops working at once. You can invite the same person again.
      </Confirmation>
    </div>
  );
}
