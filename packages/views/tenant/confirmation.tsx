import type { Child } from "hono/jsx";
import { FormToken, SubmitButton } from "../shared/forms.tsx";
import { Writable } from "../shared/writing.tsx";

export interface ConfirmationProps {
  id: string;
  action: string;
  formToken: string;
  /** The words of the button that asks. */
  open: Child;
  title: string;
  keep: string;
  confirm: string;
  busy: string;
  /** Look of the button that asks. */
  class?: string;
  /** What will happen. */
  children?: Child;
}

/** A question before something that bites. It is a popover: the browser opens and closes it without a script. */
export function Confirmation(props: ConfirmationProps) {
  const { id, action, formToken, open, title, keep, confirm, busy, children } = props;
  return (
    <Writable>
      <button type="button" popovertarget={id} class={`btn ${props.class ?? "btn-plain btn-sm"}`}>
        {open}
      </button>
      <div
        id={id}
        popover="auto"
        role="dialog"
        aria-labelledby={`${id}-title`}
        class="m-auto w-full max-w-md bg-transparent p-4 text-base-content backdrop:bg-black/40"
      >
        <form method="post" action={action} data-once class="card p-5 sm:p-6">
          <FormToken token={formToken} />
          <h3 id={`${id}-title`} class="break-words font-semibold text-base">
            {title}
          </h3>
          <div class="mt-2 text-muted">{children}</div>
          <div class="mt-5 flex flex-wrap justify-end gap-2">
            <button type="button" popovertarget={id} popovertargetaction="hide" class="btn btn-ghost">
              {keep}
            </button>
            <SubmitButton busy={busy} class="btn-error">
              {confirm}
            </SubmitButton>
          </div>
        </form>
      </div>
    </Writable>
  );
}
