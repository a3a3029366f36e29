import type { FieldErrors } from "../shared/context.ts";
import { ErrorSummary, FormToken, SubmitButton } from "../shared/forms.tsx";
import { InviteFields, type InviteFieldsProps } from "./invite-fields.tsx";
import { NoRoom } from "./no-room.tsx";
import { SettingsLayout } from "./settings-layout.tsx";
import type { TenantShell } from "./shell.tsx";

export interface InvitePageProps extends InviteFieldsProps {
  shell: TenantShell;
  errors: FieldErrors;
  /** Why the plan has no room for one more; absent while it has. */
  noRoom?: string;
}

/** Form: POST /settings/people with the fields of an invitation and formToken. */
export function InvitePage({ shell, noRoom, ...fields }: InvitePageProps) {
  return (
    <SettingsLayout
      shell={shell}
      title="Invite somebody"
      back={{ label: "People", href: "/settings/people" }}
      subtitle="They choose their own password by a link that is good for seven days."
    >
      <NoRoom reason={noRoom} />
      <form method="post" action="/settings/people" data-once class="card max-w-2xl space-y-6 p-5 sm:p-6" novalidate>
        <FormToken token={shell.context.formToken} />
        <ErrorSummary errors={fields.errors} />
        <InviteFields {...fields} />
        <div class="flex flex-wrap gap-2">
          <SubmitButton busy="Inviting…" grows>
            Invite
          </SubmitButton>
          <a href="/settings/people" class="btn btn-ghost">
            Cancel
          </a>
        </div>
      </form>
    </SettingsLayout>
  );
}
