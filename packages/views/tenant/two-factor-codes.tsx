import { Alert } from "../shared/alert.tsx";
import { Icon } from "../shared/icons.tsx";
import { TenantLayout, type TenantShell } from "./shell.tsx";

export interface TwoFactorCodesPageProps {
  shell: TenantShell;
  /** This page is the only one that ever shows them. */
  codes: readonly string[];
  /** What they sign in with: told in the file, so that it is known later what the codes are for. */
  login: string;
  /** Whether the second step was turned on just now. */
  isNew: boolean;
}

/** The recovery codes, once. */
export function TwoFactorCodesPage({ shell, codes, login, isNew }: TwoFactorCodesPageProps) {
  const file = [`Recovery codes of ${login} at ${shell.company.name}`, "Each works once.", "", ...codes, ""].join(
    "\r\n",
  );
  return (
    <TenantLayout shell={shell} title="Your recovery codes" back={{ label: "Your account", href: "/auth/account" }}>
      <div class="max-w-2xl space-y-6">
        <Alert tone="success" title={isNew ? "The second step is on." : "You have ten new codes."}>
          {isNew ? "From now on, signing in asks for a code of the app." : "Those from before do not work any more."}
        </Alert>
        <section class="card p-5 sm:p-6" aria-labelledby="codes">
          <h2 id="codes" class="font-semibold">
            Keep these now
          </h2>
          <p class="mt-1 text-muted">
            Each of them lets you in once when the phone is lost or broken. They are not shown again: print them, or
            keep the file where nobody else looks, and not on that phone.
          </p>
          <ul class="mt-4 grid select-all grid-cols-1 gap-x-8 gap-y-1.5 rounded-lg border border-line bg-base-200 px-4 py-3 font-mono text-sm sm:grid-cols-2">
            {codes.map((code) => (
              <li data-recovery-code>{code}</li>
            ))}
          </ul>
          <div class="mt-5 flex flex-wrap gap-2">
            <a
              href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
              download="recovery-codes.txt"
              class="btn btn-plain w-full sm:w-auto"
            >
              <Icon name="download" />
              Download as text
            </a>
            <a href="/auth/account" class="btn btn-primary w-full sm:w-auto">
              I have kept them
            </a>
          </div>
        </section>
      </div>
    </TenantLayout>
  );
}
