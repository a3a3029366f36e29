import { Alert } from "../../shared/alert.tsx";
import { samePage } from "../../shared/context.ts";
import type { TenantShell } from "../shell.tsx";
import type { ChangeProps } from "./props.ts";

export type Change = Extract<ChangeProps, { kind: "change" }>;

/** What became of a change, in a sentence above it. Nothing while it waits to be confirmed. */
export function ChangeOutcome({ shell, change }: { shell: TenantShell; change: Change }) {
  const { state, when, confirmHref, problem } = change;
  switch (state) {
    case "quoted":
      return null;
    case "applying":
      return (
        <Alert tone="info" title="It takes a few seconds.">
          <p>
            You can leave this page: it goes on without you.{" "}
            <a href={samePage(shell.context)} class="font-semibold underline underline-offset-2">
              Look again
            </a>
          </p>
        </Alert>
      );
    case "waiting":
      return when === "at_period_end" ? (
        <Alert tone="success" title="The change is planned">
          Nothing changes before that day, and you can give it up on the page of your plan until then.
        </Alert>
      ) : (
        <Alert tone="warning" title="Your bank asks you to confirm the payment">
          {confirmHref === undefined
            ? "The change begins when the payment is confirmed. Look for a message of your bank."
            : "The change begins when the payment is confirmed. Without that, everything stays as it is."}
        </Alert>
      );
    case "applied":
      return <Alert tone="success" title="Done. What you chose works within a few seconds." />;
    case "failed":
      return (
        <Alert tone="error" title="Nothing was changed">
          {problem ?? "The payment did not go through."}
        </Alert>
      );
    case "expired":
      return (
        <Alert tone="warning" title="These amounts no longer hold">
          {problem ?? "They are worked out to the second. Ask for fresh ones; nothing was charged."}
        </Alert>
      );
  }
}
