import type { ControlScope } from "../scope.ts";

/** To the company itself: somebody wants more than is sold. */
export interface EnquiryLetter {
  readonly kind: "enterprise_enquiry";
  readonly to: string;
  readonly companyName: string;
  readonly tenantId: string;
  readonly askedByName: string;
  /** Where the answer goes. */
  readonly email: string;
  readonly phone: string;
  readonly branches: string;
  readonly message: string;
}

/** @param rootUrl scheme, root domain and, locally, port: the company reads its mail at the root domain */
export async function composeEnquiry(
  tx: ControlScope,
  rootUrl: string,
  enquiryId: string,
): Promise<EnquiryLetter | undefined> {
  const row = await tx.db
    .selectFrom("enterpriseEnquiries as e")
    .innerJoin("tenants as t", "t.id", "e.tenantId")
    .select(["t.name as companyName", "e.tenantId", "e.askedByName", "e.email", "e.phone", "e.branches", "e.message"])
    .where("e.id", "=", enquiryId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { kind: "enterprise_enquiry", to: `sales@${new URL(rootUrl).hostname}`, ...row };
}
