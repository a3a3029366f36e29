import { newId } from "../../kernel/ids.ts";
import type { ControlScope } from "../scope.ts";
import type { BillingFindingsTable } from "../tables.generated.ts";

export interface Finding {
  readonly kind: BillingFindingsTable["kind"];
  /** What it is about; the same finding of the same subject is one while it is open. */
  readonly subject: string;
  readonly tenantId: string | null;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * Notes what does not agree with the payment provider, for an operator. Again: seen again.
 * @returns whether it was not known yet
 */
export async function noteFinding(
  control: ControlScope,
  { kind, subject, tenantId, details }: Finding,
): Promise<boolean> {
  const now = control.clock.now();
  const id = newId(control.clock);
  const noted = await control.db
    .insertInto("billingFindings")
    .values({ id, kind, subject, tenantId, details, foundAt: now, seenAt: now })
    .onConflict((conflict) =>
      conflict.columns(["kind", "subject"]).where("repairedAt", "is", null).doUpdateSet({ seenAt: now, details }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return noted.id === id;
}
