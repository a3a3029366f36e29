import { formatMoment } from "../shared/formats.ts";
import { Icon } from "../shared/icons.tsx";

export interface HandedLinkProps {
  /** For whom, and what the link is for. */
  name: string;
  purpose: "invitation" | "password";
  link: string;
  expiresAt: Date;
  /** IANA name. */
  timeZone: string;
}

/** A link for somebody without mail: shown once, to be handed over. */
export function HandedLink({ name, purpose, link, expiresAt, timeZone }: HandedLinkProps) {
  return (
    <section class="card mb-6 p-5 sm:p-6" aria-labelledby="handed-link">
      <div class="flex gap-3">
        <Icon name="circle-check" class="mt-0.5 size-5 text-primary" />
        <div class="min-w-0 flex-1">
          <h2 id="handed-link" class="break-words font-semibold" role="status">
            {purpose === "invitation" ? `Hand this link to ${name}` : `Hand this link to ${name} for a new password`}
          </h2>
          <p class="mt-1 text-muted">
            {purpose === "invitation"
              ? "Whoever opens it chooses the password, so give it to nobody else. "
              : "It ends every session of theirs once it is used. Give it to nobody else. "}
            It works once, until {formatMoment(expiresAt, timeZone)}, and is not shown again.
          </p>
          <code class="mt-4 block select-all break-all rounded-lg border border-line bg-base-200 px-4 py-3 font-mono text-sm">
            {link}
          </code>
          <p class="mt-2 text-muted text-xs">
            One click or a long press selects all of it: copy it into a message, or open it on the till for them.
          </p>
        </div>
      </div>
    </section>
  );
}
