import { Alert } from "../shared/alert.tsx";
import { countOf } from "../shared/formats.ts";
import { FormToken } from "../shared/forms.tsx";
import { Icon } from "../shared/icons.tsx";
import { GoOn, SetupLayout, StepFooter, type StepPageProps, StepRefused } from "./setup-layout.tsx";

export interface SetupItemsPageProps extends StepPageProps {
  itemCount: number;
  /** What keeps this step from being done. */
  refusal?: string;
  /** Whether this person may import, and add single items. */
  may: boolean;
  mayAdd: boolean;
}

/** Form: POST /setup/items with formToken. */
export function SetupItemsPage({ shell, steps, itemCount, refusal, may, mayAdd }: SetupItemsPageProps) {
  const has = itemCount > 0;
  return (
    <SetupLayout
      shell={shell}
      steps={steps}
      current="items"
      title="Your items"
      lead="Bring the list that you have: from a spreadsheet, or from the program that you used before."
    >
      <div class="space-y-6">
        {refusal === undefined ? null : <Alert tone="error" title={refusal} />}
        {has ? (
          <Alert tone="success" title={`You have ${countOf(itemCount, "item")}.`}>
            Import more, or go on.
          </Alert>
        ) : null}
        {may ? (
          <section class="card grid items-center gap-6 p-6 sm:p-8 md:grid-cols-[1fr_auto]">
            <div>
              <h2 class="font-semibold text-lg">Import from a spreadsheet</h2>
              <p class="mt-1.5 max-w-lg text-muted">
                Excel or CSV, with the columns that you have. You match them to ours, see what would come of it, and
                only then it is done. Prices, batches, expiry dates and opening stock come along, and an import can be
                undone.
              </p>
              <div class="mt-5 flex flex-wrap gap-2">
                <a href="/items/import?setup=1" class={`btn w-full sm:w-auto ${has ? "btn-plain" : "btn-primary"}`}>
                  <Icon name="upload" />
                  {has ? "Import more" : "Choose a file"}
                </a>
                {mayAdd ? (
                  <a href="/items/new" class="btn btn-plain w-full sm:w-auto">
                    Add one by hand
                  </a>
                ) : null}
              </div>
            </div>
            <span
              class="hidden size-28 items-center justify-center rounded-2xl bg-soft-primary text-soft-primary-text md:flex"
              aria-hidden="true"
            >
              <Icon name="file-spreadsheet" class="size-12" />
            </span>
          </section>
        ) : (
          <StepRefused what="import items" />
        )}
      </div>
      <form id="step" method="post" action="/setup/items" data-once>
        <FormToken token={shell.context.formToken} />
      </form>
      <StepFooter shell={shell} step="items" back="/setup/people" isDone={has}>
        {has ? <GoOn form="step">Save and go on</GoOn> : null}
      </StepFooter>
    </SetupLayout>
  );
}
