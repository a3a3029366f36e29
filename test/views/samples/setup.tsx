import type { FormContext } from "@pharmasight/views/shared/context";
import { emptyBranch } from "@pharmasight/views/tenant/branch-fields.tsx";
import { emptyInvite } from "@pharmasight/views/tenant/invite-fields.tsx";
import { SetupBranchesPage } from "@pharmasight/views/tenant/setup-branches.tsx";
import { SetupCompanyPage } from "@pharmasight/views/tenant/setup-company.tsx";
import { SetupDonePage } from "@pharmasight/views/tenant/setup-done.tsx";
import { SetupItemsPage } from "@pharmasight/views/tenant/setup-items.tsx";
import type { SetupStep } from "@pharmasight/views/tenant/setup-layout.tsx";
import { SetupPeoplePage } from "@pharmasight/views/tenant/setup-people.tsx";
import { branchRows, companyFields } from "./settings.tsx";
import { at, companyName, hostile, logo, long, type Samples, shellOf, unbroken } from "./shared.ts";

const stepsIn = (...states: readonly SetupStep["state"][]): readonly SetupStep[] =>
  (["Company", "Branches", "People", "Items"] as const).map((title, index) => ({
    name: title.toLowerCase(),
    title,
    state: states[index] ?? "open",
  }));

const roles = [
  { value: "pharmacist", title: "Pharmacist", may: ["see items, prices and stock", "see what items cost"] },
  { value: "cashier", title: "Cashier", may: ["see items, prices and stock"] },
];

export function setupSamples(context: FormContext): Samples {
  const shell = shellOf(context, "Overview");
  const people = {
    invited: [
      { name: "Otieno Odhiambo", login: "otieno@acacia.example", role: "Cashier" },
      { name: hostile, login: "amina.o", role: `Pharmacist in ${long}` },
    ],
    peopleCount: 1,
    branches: branchRows.map(({ id, code, name }) => ({ id, code, name })),
    roles,
    errors: {},
    may: true,
  };
  return {
    "setup-company": <SetupCompanyPage shell={shell} steps={stepsIn()} {...companyFields} />,
    "setup-branches": (
      <SetupBranchesPage
        shell={shell}
        steps={stepsIn("done")}
        branches={branchRows}
        values={emptyBranch}
        errors={{}}
        added={long}
        may
      />
    ),
    "setup-branches-errors": (
      <SetupBranchesPage
        shell={shell}
        steps={stepsIn("done", "done")}
        branches={branchRows.slice(0, 1)}
        values={{ ...emptyBranch, name: hostile, code: "HQ" }}
        errors={{ code: "A branch has the code HQ, or had it before it was archived. Choose another one." }}
        may
      />
    ),
    "setup-people": (
      <SetupPeoplePage
        shell={shell}
        steps={stepsIn("done", "skipped")}
        {...people}
        values={emptyInvite}
        link={{
          name: unbroken,
          link: `http://acacia.localhost/${unbroken}`,
          expiresAt: at,
          timeZone: "Africa/Nairobi",
        }}
      />
    ),
    "setup-people-refused": (
      <SetupPeoplePage shell={shell} steps={stepsIn("done", "done")} {...people} values={emptyInvite} may={false} />
    ),
    "setup-items": <SetupItemsPage shell={shell} steps={stepsIn("done", "done", "skipped")} itemCount={0} may mayAdd />,
    "setup-items-done": (
      <SetupItemsPage
        shell={shell}
        steps={stepsIn("done", "done", "done", "done")}
        itemCount={9713}
        may
        mayAdd={false}
      />
    ),
    "setup-done": (
      <SetupDonePage
        shell={shell}
        steps={stepsIn("done", "skipped", "done", "done")}
        company={{ name: companyName, logoUrl: logo }}
        branchCount={1}
        peopleCount={1}
        invitedCount={11}
        itemCount={9713}
        waitingCount={1036}
      />
    ),
  };
}
