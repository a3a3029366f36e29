import { Badge } from "../shared/badge.tsx";
import { TenantLayout, type TenantLayoutProps } from "./shell.tsx";

/** A page of the settings: the tabs that this person may open, then the page. On a phone the tabs scroll sideways by themselves. */
export function SettingsLayout({ children, ...layout }: TenantLayoutProps) {
  return (
    <TenantLayout {...layout}>
      <nav aria-label="Settings" data-tabs class="-mx-4 mb-6 overflow-x-auto border-line border-b px-4 sm:mx-0 sm:px-0">
        <ul class="flex min-w-max gap-1">
          {layout.shell.settings.map(({ label, href, current, locked }) => (
            <li>
              <a
                href={href}
                aria-current={current ? "page" : undefined}
                class={`-mb-px flex items-center gap-2 border-b-2 px-3 py-2.5 ${
                  current
                    ? "border-primary font-medium text-base-content"
                    : "border-transparent text-muted hover:border-line hover:text-base-content"
                }`}
              >
                {label}
                {locked === undefined ? null : <Badge tone="neutral">{locked}</Badge>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {children}
    </TenantLayout>
  );
}
