import type { PageContext } from "../shared/context.ts";
import { SiteCard, SiteLayout } from "./site-layout.tsx";

export interface MessagePageProps {
  context: PageContext;
  title: string;
  message: string;
  action?: { label: string; href: string };
}

/** A page of the site that says one thing: an enquiry was sent, sign-ups are closed, a sign-up has expired. */
export function MessagePage({ context, title, message, action }: MessagePageProps) {
  return (
    <SiteLayout context={context} title={title} quiet>
      <SiteCard>
        <h1 class="font-semibold text-2xl">{title}</h1>
        <p class="mt-2 text-base text-muted">{message}</p>
        {action === undefined ? null : (
          <a href={action.href} class="btn btn-primary mt-6">
            {action.label}
          </a>
        )}
      </SiteCard>
    </SiteLayout>
  );
}
