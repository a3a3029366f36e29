import type { Child } from "hono/jsx";
import { FormToken, SubmitButton } from "../../shared/forms.tsx";

export interface ActionFormProps {
  action: string;
  formToken: string;
  /** Sent along, by field name. */
  fields?: Readonly<Record<string, string>>;
  /** What the button says while the form is on its way. */
  busy: string;
  /** Look of the button. */
  class?: string;
  children?: Child;
}

/** A form that is only a button: what changes something, or opens a page of the payment provider. */
export function ActionForm({
  action,
  formToken,
  fields = {},
  busy,
  class: look = "btn-plain",
  children,
}: ActionFormProps) {
  return (
    <form method="post" action={action} data-once>
      <FormToken token={formToken} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <SubmitButton busy={busy} class={look}>
        {children}
      </SubmitButton>
    </form>
  );
}

/** Opens the provider's page on which another card is put on file. */
export function CardForm({
  formToken,
  class: look = "btn-plain",
  children,
}: Pick<ActionFormProps, "formToken" | "class" | "children">) {
  return (
    <ActionForm
      action="/billing/portal"
      formToken={formToken}
      fields={{ purpose: "payment_method" }}
      busy="Opening…"
      class={look}
    >
      {children}
    </ActionForm>
  );
}
