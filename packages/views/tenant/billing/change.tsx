import { TenantLayout, type TenantShell } from "../shell.tsx";
import { Blocked } from "./change-blocked.tsx";
import { ChangeOutcome } from "./change-outcome.tsx";
import { ChangeSummary } from "./change-summary.tsx";
import type { ChangeProps } from "./props.ts";

/** GET /billing/changes/{id}: what a change costs before it is made, and what became of it afterwards. */
export function ChangePage({ shell, ...change }: { shell: TenantShell } & ChangeProps) {
  if (change.kind === "blocked") {
    return (
      <TenantLayout shell={shell} title="Make room first" back={{ label: "Plans", href: "/billing/plans" }}>
        <Blocked {...change} />
      </TenantLayout>
    );
  }
  return (
    <TenantLayout shell={shell} title={titles[change.state]} back={{ label: "Plan and billing", href: "/billing" }}>
      <div class="max-w-2xl space-y-6">
        <ChangeOutcome shell={shell} change={change} />
        <ChangeSummary shell={shell} change={change} />
      </div>
    </TenantLayout>
  );
}

const titles: Readonly<Record<Extract<ChangeProps, { kind: "change" }>["state"], string>> = {
  quoted: "Check the change",
  applying: "The change is being made",
  waiting: "The change waits",
  applied: "The change is made",
  failed: "The change was not made",
  expired: "Check the change",
};
