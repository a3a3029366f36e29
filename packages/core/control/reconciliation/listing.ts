import type { ControlScope } from "../scope.ts";
import type { BillingFindingsTable } from "../tables.generated.ts";

/** Something that does not agree with the payment provider and that nobody has mended yet. */
export interface OpenFinding {
  readonly id: string;
  readonly kind: BillingFindingsTable["kind"];
  readonly subject: string;
  readonly tenantId: string | null;
  readonly details: unknown;
  readonly foundAt: Date;
  /** When it was last found still to be so. */
  readonly seenAt: Date;
}

const LISTED_MAX = 200;

/** What waits for an operator, oldest first; at most 200. */
export function list(control: ControlScope): Promise<readonly OpenFinding[]> {
  return control.db
    .selectFrom("billingFindings")
    .select(["id", "kind", "subject", "tenantId", "details", "foundAt", "seenAt"])
    .where("repairedAt", "is", null)
    .orderBy("foundAt")
    .orderBy("id")
    .limit(LISTED_MAX)
    .execute();
}
