import { ErrorSummary, FormToken } from "../shared/forms.tsx";
import { SavedMeanwhile } from "./company.tsx";
import { CompanyFields, type CompanyFieldsProps } from "./company-fields.tsx";
import { GoOn, isDone, SetupLayout, StepFooter, type StepPageProps } from "./setup-layout.tsx";

export interface SetupCompanyPageProps extends StepPageProps, CompanyFieldsProps {
  savedMeanwhile?: readonly { field: string; value: string }[];
}

/** Form: POST /setup/company, multipart, with the fields of `CompanyFields` and formToken. */
export function SetupCompanyPage({ shell, steps, savedMeanwhile, ...fields }: SetupCompanyPageProps) {
  return (
    <SetupLayout
      shell={shell}
      steps={steps}
      current="company"
      title="Your company"
      lead="Receipts and invoices carry it. You can change it later in the settings."
    >
      <form
        id="step"
        method="post"
        action="/setup/company"
        enctype="multipart/form-data"
        data-once
        novalidate
        class="card space-y-6 p-5 sm:p-6"
      >
        <FormToken token={shell.context.formToken} />
        {savedMeanwhile === undefined ? null : <SavedMeanwhile saved={savedMeanwhile} />}
        <ErrorSummary errors={fields.errors} />
        <CompanyFields {...fields} />
      </form>
      <StepFooter shell={shell} step="company" isDone={isDone(steps, "company")}>
        <GoOn form="step">Save and go on</GoOn>
      </StepFooter>
    </SetupLayout>
  );
}
