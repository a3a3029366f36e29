import type { FormContext } from "@pharmasight/views/shared/context";
import { ApiKeysPage, emptyApiKeyForm } from "@pharmasight/views/tenant/api-keys.tsx";
import { BranchPage } from "@pharmasight/views/tenant/branch.tsx";
import { emptyBranch } from "@pharmasight/views/tenant/branch-fields.tsx";
import { BranchesPage, type BranchRow } from "@pharmasight/views/tenant/branches.tsx";
import { emptyInvite } from "@pharmasight/views/tenant/invite-fields.tsx";
import type { Overdue } from "@pharmasight/views/tenant/overdue.tsx";
import { InvitePage } from "@pharmasight/views/tenant/people-invite.tsx";
import type { TenantShell } from "@pharmasight/views/tenant/shell.tsx";
import { companyName, hostile, type Samples, shellOf } from "./shared.ts";

const branches: readonly BranchRow[] = [
  { id: "b1", code: "HQ", name: "Main", isHeadquarters: true, isArchived: false, nextInvoice: "INV-HQ-000412" },
  {
    id: "b2",
    code: "WEST",
    name: "Westlands",
    isHeadquarters: false,
    isArchived: true,
    nextInvoice: "INV-WEST-000001",
  },
];

const full =
  "Your plan has room for 5 people: 4 are active and 1 is invited. Deactivate somebody or take an invitation back, or choose a larger plan under Billing.";

/** Pages while something is overdue, and where the plan has no more room. */
export function overdueSamples(context: FormContext): Samples {
  const shell = (overdue: Overdue, name = companyName): TenantShell => {
    const { trialDaysLeft: _, ...plain } = shellOf(context, "Settings", name, 0, "Branches");
    return { ...plain, writing: overdue.kind === "suspended" ? "none" : "no growth", overdue };
  };
  const inGrace = shell({ kind: "past_due", daysLeft: 5, mayPay: true });
  const lastDay = shell({ kind: "past_due", daysLeft: 0, mayPay: false }, hostile);
  const paused = shell({ kind: "suspended", suspension: "trial_ended", mayPay: true });
  const unpaid = shell({ kind: "suspended", suspension: "unpaid", mayPay: false }, hostile);
  const byUs = shell({ kind: "suspended", suspension: "operator", mayPay: true });
  const keys = {
    keys: [],
    apiUrl: "https://acacia.example/api/v1",
    values: emptyApiKeyForm,
    errors: {},
    revoked: false,
  };
  const branch = {
    id: "b2",
    name: "Westlands",
    isHeadquarters: false,
    isArchived: true,
    isCodeFixed: false,
    peopleCount: 2,
  };
  return {
    "overdue-branches": <BranchesPage shell={inGrace} branches={branches} />,
    "overdue-last-day": <BranchesPage shell={lastDay} branches={branches} />,
    "overdue-branch": (
      <BranchPage shell={inGrace} branch={branch} series={[]} values={emptyBranch} errors={{}} isSetup={false} />
    ),
    "overdue-api-keys": <ApiKeysPage shell={inGrace} {...keys} />,
    "paused-branches": <BranchesPage shell={paused} branches={branches} />,
    "paused-branch": (
      <BranchPage shell={unpaid} branch={branch} series={[]} values={emptyBranch} errors={{}} isSetup={false} />
    ),
    "paused-by-us": <ApiKeysPage shell={byUs} {...keys} />,
    "people-invite-no-room": (
      <InvitePage
        shell={shellOf(context, "Settings", companyName, 3, "People")}
        values={emptyInvite}
        errors={{}}
        branches={[]}
        roles={[]}
        noRoom={full}
      />
    ),
  };
}
