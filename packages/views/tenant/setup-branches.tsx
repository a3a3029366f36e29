import { Alert } from "../shared/alert.tsx";
import type { FieldErrors } from "../shared/context.ts";
import { ErrorSummary, FormToken } from "../shared/forms.tsx";
import { BranchFields, type BranchValues } from "./branch-fields.tsx";
import { BranchList, type BranchRow } from "./branches.tsx";
import { NoRoom } from "./no-room.tsx";
import { AddAnother, GoOn, isDone, SetupLayout, StepFooter, type StepPageProps, StepRefused } from "./setup-layout.tsx";

export interface SetupBranchesPageProps extends StepPageProps {
  branches: readonly BranchRow[];
  values: BranchValues;
  errors: FieldErrors;
  /** Name of a branch that was added just now. */
  added?: string;
  /** Whether this person may add branches. */
  may: boolean;
  /** Why the plan has no room for another; absent while it has. */
  noRoom?: string;
}

/** Form: POST /setup/branches with name, code, phone, address, go (`another` or `on`) and formToken. */
export function SetupBranchesPage(props: SetupBranchesPageProps) {
  const { shell, steps, branches, values, errors, added, may, noRoom } = props;
  return (
    <SetupLayout
      shell={shell}
      steps={steps}
      current="branches"
      title="Your branches"
      lead="Each branch has its own stock and its own numbers of invoices. One is enough to begin with."
    >
      {may ? (
        <div class="space-y-6">
          {added === undefined ? null : <Alert tone="success" title={`${added} is added.`} />}
          <BranchList branches={branches} query="?setup=1" />
          <p class="text-muted">
            Open a branch to give it another name or code, or to begin its invoices at another number.
          </p>
          <form id="step" method="post" action="/setup/branches" data-once novalidate class="card space-y-5 p-5 sm:p-6">
            <FormToken token={shell.context.formToken} />
            <div>
              <h2 class="font-semibold">Add a branch</h2>
              <p class="mt-0.5 text-muted">Leave it empty if you have no more.</p>
            </div>
            <NoRoom reason={noRoom} />
            <ErrorSummary errors={errors} />
            <BranchFields values={values} errors={errors} />
          </form>
        </div>
      ) : (
        <StepRefused what="add branches" />
      )}
      <StepFooter shell={shell} step="branches" back="/setup/company" isDone={isDone(steps, "branches")}>
        {may ? (
          <>
            <AddAnother>Save and add another</AddAnother>
            <GoOn form="step">Save and go on</GoOn>
          </>
        ) : null}
      </StepFooter>
    </SetupLayout>
  );
}
