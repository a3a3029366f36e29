import { Alert } from "../shared/alert.tsx";

/** Before somebody fills a form in vain: what the plan has room for is there already. Nothing while there is room. */
export function NoRoom({ reason }: { reason: string | undefined }) {
  return reason === undefined ? null : (
    <div class="mb-6">
      <Alert tone="warning" title={reason} />
    </div>
  );
}
