import type { Child } from "hono/jsx";
import { Alert } from "./alert.tsx";
import type { FieldErrors } from "./context.ts";
import { BANNER_ID, usePossibility } from "./writing.tsx";

/** Proof that the form came from our own page. */
export function FormToken({ token }: { token: string }) {
  return <input type="hidden" name="formToken" value={token} />;
}

export interface SubmitButtonProps {
  /** What the button says while the form is on its way, for example `Adding…`. */
  busy: string;
  class?: string;
  /** Whether it adds people, branches or keys, which waits while a payment is overdue. */
  grows?: boolean;
  children?: Child;
}

/** Inside a form with `data-once`: shows progress and cannot fire twice. Not there where nothing may be changed. */
export function SubmitButton({ busy, class: className = "btn-primary", grows, children }: SubmitButtonProps) {
  const possibility = usePossibility({ grows });
  if (possibility === "hidden") return null;
  const waiting = possibility === "disabled" ? { disabled: true, "aria-describedby": BANNER_ID } : {};
  return (
    <button type="submit" class={`btn ${className}`} {...waiting}>
      <span class="when-idle inline-flex items-center gap-2">{children}</span>
      <span class="when-busy items-center gap-2">
        <span class="loading loading-spinner loading-xs" aria-hidden="true" />
        {busy}
      </span>
    </button>
  );
}

/** For forms longer than a screen: each mistake with a link to its field. Nothing when there are none. */
export function ErrorSummary({ errors }: { errors: FieldErrors }) {
  const entries = Object.entries(errors);
  if (entries.length === 0) return null;
  return (
    <div data-error-summary tabindex={-1}>
      <Alert
        tone="error"
        title={entries.length === 1 ? "Please check one thing" : `Please check ${entries.length} things`}
      >
        <ul class="mt-1 list-disc pl-4">
          {entries.map(([name, message]) => (
            <li>
              <a href={`#${encodeURIComponent(name)}`} class="underline underline-offset-2">
                {message}
              </a>
            </li>
          ))}
        </ul>
      </Alert>
    </div>
  );
}
